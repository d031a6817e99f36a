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
    Starter("letter", "Plain letter", "Words only, as from one person to another."),
)


def starter(key: str) -> Starter:
    """The starter of this key. Raises KeyError."""
    return {each.key: each for each in STARTERS}[key]
