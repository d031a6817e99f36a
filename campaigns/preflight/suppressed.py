"""Who is on a do-not-send list, and why. They are skipped; many of them say that the list is old."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "suppressed", "Do-not-send list"
MUCH = 0.2
WORDS = {
    "unsubscribed": "unsubscribed from everything",
    "complained": "reported earlier mail as spam",
    "invalid": "do not exist",
    "bounced": "bounced again and again",
    "manual": "put there by hand",
    "imported": "from an earlier service",
    "erased": "asked to be forgotten",
    "house": "on the installation's list",
}
_WISHES = ("paused", "less_often")


def check(facts: Facts) -> Result:
    if facts.audience is None:
        return Result(NAME, TITLE, "unknown", "The audience could not be counted.", "Look again later.", "audience")
    found = {reason: n for reason, n in facts.reasons.items() if reason not in _WISHES and n}
    total = sum(found.values())
    if not total:
        return Result(NAME, TITLE, "pass", "Nobody in the audience is on it.", place="audience")
    parts = ", ".join(
        f"{n:,} {WORDS.get(reason, reason.replace('_', ' '))}"
        for reason, n in sorted(found.items(), key=lambda i: -i[1])
    )
    said = f"{total:,} of {facts.audience:,} are skipped: {parts}."
    if total > facts.audience * MUCH and total >= 10:
        return Result(NAME, TITLE, "warn", said, "That is many: is this list an old one?", "audience")
    return Result(NAME, TITLE, "pass", said, place="audience")
