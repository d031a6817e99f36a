"""What a spam filter thinks of it, when the installation has one to ask."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "spam_score", "Spam score"
NEAR = 0.6  # of the limit


def check(facts: Facts) -> Result:
    if facts.spam is None and facts.compiled is not None:
        return Result(
            NAME,
            TITLE,
            "unknown",
            "Not measured: no spam filter is set up here.",
            "Whoever runs it can set SPAM_FILTER to spamd://host:783 (SpamAssassin) or rspamd://host:11333.",
            optional=True,
        )
    if facts.spam is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    if facts.spam.trouble:
        return Result(NAME, TITLE, "unknown", facts.spam.trouble, "Look again later.", optional=True)
    said = f"{facts.spam.score:g} of {facts.spam.limit:g} points"
    rules = f" It minds: {', '.join(facts.spam.rules)}." if facts.spam.rules else ""
    if facts.spam.score >= facts.spam.limit:
        return Result(NAME, TITLE, "warn", f"{said}: that is spam.{rules}", "Change what it minds.", "content")
    if facts.spam.limit > 0 and facts.spam.score > facts.spam.limit * NEAR:
        return Result(NAME, TITLE, "warn", f"{said}: that is near.{rules}", "Change what it minds.", "content")
    return Result(NAME, TITLE, "pass", f"{said}.", place="content")
