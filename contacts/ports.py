"""What contacts needs to know of mail, and may not ask for: questions that an upper floor answers (posthouse/wiring.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from accounts.models import Brand, Organization
from contacts.segments import knowledge


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`erased`: how many rows of which kind, in words. `in_motion`: messages that were on the line at that moment; call again
    a little later to blank them too."""

    erased: Mapping[str, int]
    in_motion: int


class Mail(Protocol):
    """Answers about the mail that a token calls `about`. Called inside of the tenant's scope, in its transaction."""

    def behind(self, *, about: str) -> tuple[str, list[Any]]:
        """A SELECT, always the same, and its parameters: topic_id, brand_id and subject of the mail; no row if it is gone."""

    def left(self, *, about: str) -> None:
        """The person unsubscribed by this mail."""

    def came_back(self, *, about: str) -> None:
        """The person took that back."""

    def has_had_enough(self, *, contact: str, cap: str) -> str:
        """An SQL condition: who wants mail less often got some within the span of the cap. Both are SQL: a contact's id and
        a contacts.enums.Cap."""

    def held(self, *, contact_id: int, address: str) -> list[dict[str, Any]]:
        """Every message to somebody and what became of it, oldest first, in words and ISO 8601: for their own eyes."""

    def forget(self, *, organization_id: int, contact_id: int, addresses: Sequence[str]) -> Forgotten:
        """Take a person out of the mail: cancel what waits, blank addresses, contents and what servers and devices said."""

    def mailed(self, *, ids: Sequence[int]) -> set[int]:
        """Who of these contacts has a message in the ledger, sent or not: they may be archived and never deleted."""

    def refused(self, *, ids: Sequence[int], since: datetime) -> tuple[list[int], list[int]]:
        """Of these contacts since a moment: whose address a server refused for good, and who reported mail as spam."""


class NoMail:
    """Nobody sends mail here."""

    def behind(self, *, about: str) -> tuple[str, list[Any]]:
        return "SELECT NULL::bigint AS topic_id, NULL::bigint AS brand_id, '' AS subject WHERE false", []

    def left(self, *, about: str) -> None:
        return None

    def came_back(self, *, about: str) -> None:
        return None

    def has_had_enough(self, *, contact: str, cap: str) -> str:
        return "false"

    def held(self, *, contact_id: int, address: str) -> list[dict[str, Any]]:
        return []

    def forget(self, *, organization_id: int, contact_id: int, addresses: Sequence[str]) -> Forgotten:
        return Forgotten({}, 0)

    def mailed(self, *, ids: Sequence[int]) -> set[int]:
        return set()

    def refused(self, *, ids: Sequence[int], since: datetime) -> tuple[list[int], list[int]]:
        return [], []


mail: Mail = NoMail()


def plug_mail(answers: Mail) -> None:
    """Let `answers` answer from now on."""
    global mail
    mail = answers


class Post(Protocol):
    """Carries one mail that a person asked for (a link to confirm, a receipt). Called inside of the tenant's scope."""

    def send(
        self, *, organization: Organization, brand: Brand, to: str, subject: str, text: str, html: str = ""
    ) -> str:
        """Store the mail in this very transaction and queue it; returns what tokens call `about` ("d123").

        It comes from the brand, is never tracked and has no advertising. Raises contacts.addresses.InvalidAddress.
        """


class NoPost:
    """Nobody carries mail here."""

    def send(
        self, *, organization: Organization, brand: Brand, to: str, subject: str, text: str, html: str = ""
    ) -> str:
        raise RuntimeError("Nobody carries mail here: plug a post in (posthouse/wiring.py).")


post: Post = NoPost()


def plug_post(carrier: Post) -> None:
    """Let `carrier` carry mail from now on."""
    global post
    post = carrier


@dataclass(frozen=True, slots=True)
class Letter:
    """What uses a field or a segment: "template", its name, its page as an URL name with arguments."""

    what: str
    name: str
    page: str
    args: tuple[tuple[str, str], ...]


class Letters(Protocol):
    """Knows what letters say. Called inside of the tenant's scope."""

    def naming(self, *, organization_id: int, name: str) -> list[Letter]:
        """Templates and unsent campaigns that have the merge name ("contact.city") in them, by name."""

    def mailing_to(self, *, organization_id: int, segment_id: int) -> list[Letter]:
        """Campaigns that a segment is included in ("campaign") or excluded from ("campaign without them"), newest first."""


class NoLetters:
    """Nobody writes letters here."""

    def mailing_to(self, *, organization_id: int, segment_id: int) -> list[Letter]:
        return []

    def naming(self, *, organization_id: int, name: str) -> list[Letter]:
        return []


letters: Letters = NoLetters()


def plug_letters(answers: Letters) -> None:
    """Let `answers` answer from now on."""
    global letters
    letters = answers


class Behaviour(Protocol):
    """Where the facts about mail lie that segments ask about. Called inside of the tenant's scope."""

    def facts(self) -> knowledge.Mail:
        """The tables, as SQL."""

    def campaigns(self, *, organization_id: int) -> Mapping[str, knowledge.Send]:
        """What was sent to many, by public id, newest first."""

    def providers(self) -> Sequence[str]:
        """The mailbox providers that are known behind domains."""


class NoBehaviour:
    """Nobody sends mail here."""

    def facts(self) -> knowledge.Mail:
        return knowledge.Mail()

    def campaigns(self, *, organization_id: int) -> Mapping[str, knowledge.Send]:
        return {}

    def providers(self) -> Sequence[str]:
        return ()


behaviour: Behaviour = NoBehaviour()


def plug_behaviour(answers: Behaviour) -> None:
    """Let `answers` answer from now on."""
    global behaviour
    behaviour = answers


@dataclass(frozen=True, slots=True)
class MailLine:
    """One message to a person: `part` of the reconciling bar, `status` in a word, `what` happened in a sentence."""

    title: str
    part: str
    status: str
    what: str
    at: datetime
    next_try: datetime | None = None
    page: str = ""  # an URL name, and the id in it
    target: int | str = ""


@dataclass(frozen=True, slots=True)
class MailFact:
    """One thing that happened to a message to a person: "Opened", in the mail `title`; `level` pass, warn, fail or ""."""

    at: datetime
    what: str
    level: str
    title: str
    page: str = ""
    target: int | str = ""


@dataclass(frozen=True, slots=True)
class Engagement:
    """What a person does with marketing mail. Opens and clicks by humans; each message counted once."""

    messages: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    last_opened: datetime | None = None
    last_clicked: datetime | None = None


@dataclass(frozen=True, slots=True)
class WhyLine:
    """Why a person did or did not get a campaign. `got`: True, False, or None while that is open."""

    campaign: str
    got: bool | None
    what: str
    at: datetime | None
    page: str = ""
    target: int | str = ""


class History(Protocol):
    """Knows what became of a person's mail. Called inside of the tenant's scope."""

    def lines(self, *, contact_id: int, before: int | None = None, most: int = 20) -> tuple[list[MailLine], int | None]:
        """Messages to them, newest first, from before a cursor; and the cursor of the next page."""

    def facts(self, *, contact_id: int, before: datetime | None = None, most: int = 30) -> list[MailFact]:
        """What happened to their messages, newest first, strictly before a moment."""

    def engagement(self, *, contact_id: int) -> Engagement: ...

    def why(self, *, contact_id: int, text: str) -> list[WhyLine]:
        """The campaigns whose name or subject contains the text, newest first, and whether this person got each."""


class NoHistory:
    """Nobody sends mail here."""

    def lines(self, *, contact_id: int, before: int | None = None, most: int = 20) -> tuple[list[MailLine], int | None]:
        return [], None

    def facts(self, *, contact_id: int, before: datetime | None = None, most: int = 30) -> list[MailFact]:
        return []

    def engagement(self, *, contact_id: int) -> Engagement:
        return Engagement()

    def why(self, *, contact_id: int, text: str) -> list[WhyLine]:
        return []


history: History = NoHistory()


def plug_history(answers: History) -> None:
    """Let `answers` answer from now on."""
    global history
    history = answers
