"""Gmail cuts a mail off after 102 KB, and with it the unsubscribe link and the open pixel."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "size", "Size"
CLIP = 102 * 1024
NEAR = 90 * 1024  # tracked links and values add some


def check(facts: Facts) -> Result:
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    size = facts.compiled.size
    words = f"{size / 1024:,.0f} kB of HTML."
    if size > CLIP:
        return Result(
            NAME,
            TITLE,
            "warn",
            f"{words} Gmail cuts it off after 102 kB.",
            "Shorten it, or move text to a web page.",
            "content",
        )
    if size > NEAR:
        return Result(
            NAME,
            TITLE,
            "warn",
            f"{words} That is close to the 102 kB after which Gmail cuts it off.",
            "Shorten it a little.",
            "content",
        )
    return Result(NAME, TITLE, "pass", words, place="content")
