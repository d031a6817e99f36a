"""The sender's postal address is in the mail (CAN-SPAM, CASL)."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "postal_address", "Postal address"
LEAST = 10  # characters; less is no street and town


def check(facts: Facts) -> Result:
    lines = [" ".join(line.split()).strip(" ,") for line in facts.postal_address.splitlines()]
    address = ", ".join(line for line in lines if line)
    if len(address) < LEAST:
        return Result(
            NAME,
            TITLE,
            "fail",
            "Your postal address is not known yet.",
            "Enter street, town and country in the settings.",
            "brand",
        )
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    if "brand.postal_address" in facts.names or _bare(address) in _bare(facts.compiled.text):
        return Result(NAME, TITLE, "pass", address, place="content")
    return Result(
        NAME,
        TITLE,
        "fail",
        "The content does not show your postal address.",
        "Add {{ brand.postal_address }}, best at the end.",
        "content",
    )


def _bare(text: str) -> str:
    """Only the words: whether lines or commas part them is the writer's choice."""
    return " ".join(text.replace(",", " ").split())
