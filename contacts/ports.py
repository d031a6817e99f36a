"""What contacts needs to know of mail, and may not ask for: questions that an upper floor answers (posthouse/wiring.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from accounts.models import Brand, Organization


@dataclass(frozen=True, slots=True)
class MailBehind:
    """The mail that a link stood in. `topic_id` None: it belonged to no topic."""

    topic_id: int | None
    brand_id: int | None
    subject: str
    sent_at: datetime | None


class Mail(Protocol):
    """Answers about the mail that a token calls `about`. Called inside of the tenant's scope, in its transaction."""

    def behind(self, *, about: str) -> MailBehind | None: ...

    def left(self, *, about: str) -> None:
        """The person unsubscribed by this mail."""

    def came_back(self, *, about: str) -> None:
        """The person took that back."""


class NoMail:
    """Nobody sends mail here."""

    def behind(self, *, about: str) -> MailBehind | None:
        return None

    def left(self, *, about: str) -> None:
        return None

    def came_back(self, *, about: str) -> None:
        return None


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
