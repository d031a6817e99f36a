"""What the relay asks of the world: frozen data in and out, and the ports that adapters answer.

The relay knows SMTP and time. Where mail comes from, what it says, who may get it and where results go is behind these
protocols; tests answer them with lists.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sending.judging.trouble import Judgement

if TYPE_CHECKING:
    from sending.relay import tls_counts
    from sending.relay.budgets import Budget
    from sending.relay.rulings import Ruling

EXCUSED = "!"  # before a domain: see Lane.way
ACCOUNT = "@"  # before an account's id and version: see Lane.way


@dataclass(frozen=True, slots=True)
class Lane:
    """The waiting deliveries of one mailing to one domain. `first_due`: seconds since 1970 of the one that waits longest.

    `give_up_after`: seconds after which a delivery that cannot be sent expires. `wait`: seconds, when it was looked at, to
    the moment from which something of it may leave. `in_undo`: then its mailing must be let go first (`Spool.let_go`).
    `tls_only`: its organization wants none of it to leave in clear text. `excused`: what the domain itself demands of TLS does
    not count, because it is a report about just that (RFC 8460, section 3). `pool_id`: whose addresses may carry it, 0: none's.
    `account_id`: of the ESP's account by which it goes now, 0: our own relay; `account_version`: of what that is spoken to with.
    `other_way`: its stream's id, when our own relay is its first way and it has another.
    """

    id: int
    organization_id: int
    mailing_id: int
    domain: str
    priority: int
    first_due: float
    give_up_after: float
    wait: float = 0.0
    in_undo: bool = False
    tls_only: bool = False
    excused: bool = False
    account_id: int = 0
    account_version: int = 0
    other_way: int = 0
    pool_id: int = 0
    overflow_id: int = 0

    @property
    def way(self) -> str:
        """What is asked for its route: the domain, marked when its policies do not count; or the account."""
        if self.account_id:
            return f"{ACCOUNT}{self.account_id}.{self.account_version}"
        return f"{EXCUSED}{self.domain}" if self.excused else self.domain


@dataclass(frozen=True, slots=True)
class Parcel:
    """One claimed delivery. `attempts` counts finished tries; `refusal` is a suppression reason found at the claim, or "".

    `born`: seconds since 1970, from which it ages. `load` is the adapters' own: what the Composer needs. `source_id`: of the
    address that it was tried from before, 0 when it was not.
    """

    id: int
    lane: Lane
    address: str
    attempts: int
    due: float
    born: float
    refusal: str
    load: Any
    source_id: int = 0


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready for the wire: CRLF lines, signed, not dot-stuffed. `return_path` is the envelope sender.

    `is_stuffed`: no line begins with a dot, as whoever made it knows, so stuffing would find nothing to do.
    """

    return_path: str
    content: bytes
    eight_bit: bool = False
    utf8: bool = False
    is_stuffed: bool = False


class Unmakeable(Exception):
    """The content cannot be made for this recipient: our fault, for a person to mend. `reason` is a word of the ledger."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one claimed delivery.

    `state`: delivered, deferred, bounced, expired, in_doubt, failed, suppressed, cancelled, or "released": back where it
    was, as if never claimed. `due` is for deferred ones. `tried`: whether it counts as a try. `suppress`: see Judgement;
    then `likeness` tells of which wave the refusal would be one. `trace`: what else the try can tell, as its event keeps it:
    {"source", "source_name": ours, "address": the server's, "took": seconds of the try, "waited", "held", "held_for": see
    waits.py}. `source_id`: of the address that it was tried from, 0 for the system's choice. `born`: seconds since 1970, from
    which it ages; 0: as before.
    """

    id: int
    state: str
    reason: str = ""
    code: str = ""
    text: str = ""
    host: str = ""
    provider: str = ""
    due: float = 0.0
    tried: bool = True
    suppress: str = ""
    tls: str = ""
    likeness: str = ""
    trace: Mapping[str, float | str] = field(default_factory=dict)
    source_id: int = 0
    born: float = 0.0


@dataclass(frozen=True, slots=True)
class Wave:
    """Identical refusals of most of what is tried at a place: more about the place than about the people.

    `text` are the server's words without anybody's address.
    """

    likeness: str
    place: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The answer to an asked final dot: granted, or why not. `hold` is the mailing's, `refusal` a suppression reason.

    `tls_only`: only through an encrypted conversation, by the wish of its organization as it is now.
    """

    id: int
    hold: str = ""
    refusal: str = ""
    tls_only: bool = False

    @property
    def granted(self) -> bool:
        return not self.hold and not self.refusal


class Fenced(Exception):
    """This relay has been declared dead by another: nothing may be sent or settled under its name any more."""


class Unreachable(Exception):
    """The journal or the spool cannot be reached now; whatever was asked may or may not have been done."""


class Spool(Protocol):
    """Where waiting mail comes from."""

    async def waiting(self) -> Sequence[Lane]:
        """Every lane with deliveries that wait, not held; with the seconds to the first of them. Raises Unreachable."""
        ...

    async def let_go(self) -> None:
        """End the undo windows whose time is over; those of launches that are being taken back stay. Raises Unreachable."""
        ...

    async def claim(self, wishes: Sequence[tuple[Lane, int]], but: Mapping[int, Collection[int]]) -> Sequence[Parcel]:
        """At most so many due deliveries of each lane, now held by this relay; but none that was tried from one of these
        addresses (lane id -> source ids). Raises Unreachable, Fenced.
        """
        ...


class Journal(Protocol):
    """Where results go, and where leave comes from."""

    async def flush(self, settlements: Sequence[Settlement], asked: Sequence[int], seq: int) -> Sequence[Leave]:
        """Settle, and write the intents of what may be sent, in one durable transaction. Ids that are not answered are not
        this relay's any more. Settling is idempotent. Raises Unreachable.
        """
        ...

    async def beat(self, facts: dict[str, Any]) -> int:
        """Say that this relay lives; gives the number of living relays. Raises Fenced, Unreachable."""
        ...

    async def learned(self) -> Sequence[object]:
        """What relays of the last hours told of places with their last heartbeats (memory.py). Raises Unreachable."""
        ...

    async def trim(self, before: int) -> None:
        """Forget this relay's intents with a lower seq. Raises Unreachable."""
        ...

    async def reap(self) -> int:
        """End relays without heartbeat and give back what they held; gives the number of deliveries. Raises Unreachable."""
        ...

    async def wave(self, wave: Wave) -> int:
        """From now on hold the suppressions of refusals like these for review, and those of late too; gives the number of
        these. Raises Unreachable.
        """
        ...

    async def leave(self) -> None:
        """End this relay in good order: it holds nothing any more. Raises Unreachable."""
        ...

    async def count_tls(self, counts: "Mapping[tls_counts.Session, tls_counts.Counted]") -> None:
        """Add to the day's counts of sessions with other domains' servers. Raises Unreachable."""
        ...

    async def rulings(self) -> "Sequence[Ruling]":
        """Every ruling that is in force now. Raises Unreachable."""
        ...

    async def rule(self, ruling: "Ruling") -> None:
        """Rule so, by the relay itself: with its cause, its words and its end; its id is given by the rows. One that is in force
        with the same kind and scope is made longer. Every relay obeys within a second. Raises Unreachable.
        """
        ...

    async def budgets(self) -> "Sequence[Budget]":
        """Every address's budgets of today, and how much of them is used up. Raises Unreachable."""
        ...

    async def wait_for_rulings(self) -> None:
        """Return when somebody says that there are other rulings, or after a second. Raises Unreachable."""
        ...

    async def wait_for_mail(self) -> bool:
        """Return when somebody says that there is new mail: True when people wait for it to leave, so that the next look
        must be at once. May return without reason. Raises Unreachable.
        """
        ...


class Composer(Protocol):
    """Makes the bytes of one message."""

    async def compose(self, parcel: Parcel) -> Letter:
        """Raises Unmakeable, Unreachable."""
        ...


class Clock(Protocol):
    """The time, twice: `monotonic` for waits, `wall` in seconds since 1970."""

    def monotonic(self) -> float: ...

    def wall(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one conversation about one message ended: the judgement and the words that led to it.

    `host`, `address`: the server's name and IP address; `took`: seconds.
    """

    judgement: Judgement
    code: str = ""
    text: str = ""
    host: str = ""
    tls: str = ""
    address: str = ""
    took: float = 0.0
