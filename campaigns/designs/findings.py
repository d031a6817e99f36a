"""What is found in a design, and what compiling it gives."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

MAX_FINDINGS = 50  # nobody reads more at once
MAX_HTML = 2 * 1024 * 1024  # characters of a page that is brought in, with the pictures in it

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong at a line of the MJML (0: the whole design) and a column (0: the whole line), with what to do."""

    severity: Severity
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the compiled HTML: where it leads (as written, entities resolved) and the words or picture it is on."""

    address: str
    words: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A design ready to be merged: inlined HTML and plain text, with their merge fields. `size` is the HTML's, in bytes."""

    html: str
    text: str
    links: tuple[Link, ...]
    warnings: tuple[Finding, ...]
    size: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Compiled":
        return cls(
            html=data["html"],
            text=data["text"],
            links=tuple(Link(**link) for link in data["links"]),
            warnings=tuple(Finding(**finding) for finding in data["warnings"]),
            size=data["size"],
        )


@dataclass(frozen=True, slots=True)
class Brought:
    """Foreign HTML as a design. `pictures`: what its pictures' addresses were, in the order of the stand-ins for them in
    the MJML (`stand_in(n)`); `notes`: sentences about what was left out or changed.
    """

    title: str
    mjml: str
    pictures: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Brought":
        return cls(data["title"], data["mjml"], tuple(data["pictures"]), tuple(data["notes"]))


def stand_in(number: int) -> str:
    """The address that stands for a picture until it is in the media library."""
    return f"https://pictures.invalid/{number}"


class DesignError(ValueError):
    """The design cannot be compiled; `findings` says why, with lines."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("; ".join(f"line {f.line}: {f.message}" for f in findings[:5]))
