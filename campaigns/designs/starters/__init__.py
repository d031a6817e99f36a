"""The templates that every organization starts with: ours, in MJML, ready to send once the words are yours."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Starter:
    """A starter template. `key` names its file."""

    key: str
    name: str
    purpose: str

    @property
    def mjml(self) -> str:
        return (_FOLDER / f"{self.key}.mjml").read_text()


STARTERS = (
    Starter("newsletter", "Newsletter", "Several short stories, each with one link."),
    Starter("announcement", "Announcement", "One piece of news and one button."),
    Starter("products", "Product grid", "Four things with pictures and prices."),
    Starter("event", "Event", "When, where, and how to come."),
    Starter("welcome", "Welcome", "The first mail: what comes, and where to begin."),
    Starter("digest", "Digest", "Five headlines, for people in a hurry."),
    Starter("sale", "Sale", "What is cheaper, by how much, and until when."),
    Starter("repermission", "Re-permission", "Ask silent people whether they want to stay."),
    Starter("receipt", "Receipt", "What was bought, what it cost, what happens next."),
    Starter("letter", "Plain letter", "Words only, as from one person to another."),
    Starter("dark", "Dark", "Dark by itself, in every mail program."),
)


def starter(key: str) -> Starter:
    """The starter of this key. Raises KeyError."""
    return {each.key: each for each in STARTERS}[key]
