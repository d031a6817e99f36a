"""There is an unsubscribe link that people can see: law (CAN-SPAM, GDPR 7(3)) and Gmail's and Yahoo's rules want it."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "unsubscribe_link", "Unsubscribe link"


def check(facts: Facts) -> Result:
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    link = next((link for link in facts.compiled.links if "unsubscribe_url" in link.address), None)
    if link is None:
        return Result(
            NAME,
            TITLE,
            "fail",
            "The content has no unsubscribe link.",
            'Add one: <a href="{{ unsubscribe_url }}">Unsubscribe</a>.',
            "content",
        )
    if not link.words:
        return Result(
            NAME,
            TITLE,
            "fail",
            "The unsubscribe link has no words to click.",
            "Write words between <a …> and </a>.",
            "content",
        )
    return Result(
        NAME,
        TITLE,
        "pass",
        f"The link “{link.words}” is in it, and one click in mail programs works too.",
        place="content",
    )
