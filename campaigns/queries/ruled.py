"""What was decreed about an organization's own mail, in words: for its pages, read only, without anybody else's facts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from campaigns import wording
from sending.queries import rulings
from sending.queries.rulings import Told


@dataclass(frozen=True, slots=True)
class Ruled:
    """`words`: a sentence or two; `until`: when it ends by itself. `provider` "": whatever it is; `mailing_id` None: every send.

    `is_narrow`: only certain mail servers, or only from one of our addresses.
    """

    words: str
    until: datetime
    is_hold: bool
    provider: str
    mailing_id: int | None
    is_narrow: bool

    def holds(self, provider: str) -> bool:
        """Whether all mail to a provider waits for it."""
        return self.is_hold and not self.is_narrow and self.provider in ("", provider)


def of(organization_id: int, *, mailing_id: int | None = None) -> list[Ruled]:
    """In force now, holds first. With `mailing_id` what concerns that send."""
    return [
        Ruled(
            _words(told, mailing_id),
            told.expires_at,
            told.is_hold,
            told.provider,
            told.mailing_id,
            bool(told.site or told.source_id),
        )
        for told in rulings.concerning(organization_id, mailing_id=mailing_id)
    ]


def first_hold(ruled: Iterable[Ruled], provider: str) -> Ruled | None:
    """What all mail to a provider waits for, of every send."""
    return next((one for one in ruled if one.mailing_id is None and one.holds(provider)), None)


def _words(told: Told, mailing_id: int | None) -> str:
    whose = "this campaign's" if told.mailing_id and mailing_id else "one campaign's" if told.mailing_id else "your"
    if told.organization_id is None:
        whose = "all"
    return wording.ruled(
        is_hold=told.is_hold,
        cause=told.cause,
        provider=told.provider or told.site,
        whose=whose,
        limits=rulings.limit_words(told),
        told=told.told,
    )
