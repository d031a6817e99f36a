"""The signed field of a sign-up form: which form, the words of consent beside it, in which language, and since when.

So the ledger keeps exactly the words that were on the page, also when the form was edited while the page was open, or when
somebody put the form's HTML on their site long ago. What is posted without a stamp of ours is shown again and stores
nothing: no scanner, and no page that we do not know, signs anybody up.
"""

import time
from dataclasses import dataclass

from django.core import signing

SALT = "contacts.stamps"
MAX_CHARS = 12_000
OPEN_SECONDS = 86_400.0  # how long a page may stay open
ROBOT_SECONDS = 2.0  # nobody reads and fills in a form faster


@dataclass(frozen=True, slots=True)
class Stamp:
    """`made_at`: seconds since the epoch; None for HTML that lies on somebody's site, where time tells nothing."""

    wording: str
    language: str
    made_at: float | None

    def is_too_old(self, now: float | None = None) -> bool:
        return self.made_at is not None and (now or time.time()) - self.made_at > OPEN_SECONDS

    def is_too_quick(self, now: float | None = None) -> bool:
        return self.made_at is not None and (now or time.time()) - self.made_at < ROBOT_SECONDS


def make(*, form: str, wording: str, language: str, made_at: float | None) -> str:
    """A stamp for the form with that public id."""
    content = [form, wording, language, None if made_at is None else round(made_at, 3)]
    return signing.dumps(content, salt=SALT, compress=True)


def read(text: str, *, form: str) -> Stamp | None:
    """What a stamp says, None when we did not make it or made it for another form. Never raises."""
    if not text or len(text) > MAX_CHARS:
        return None
    try:
        made_for, wording, language, made_at = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Stamp(wording, language, made_at) if made_for == form else None
