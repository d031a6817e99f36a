"""What a mail server promises and asks: its limits, what it knows of a client, who decides its replies, how often one may come."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

MOST_CLIENTS = 10_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one server, one client and one message may take. Seconds and octets; a minute's 0: as many as it likes."""

    message_octets: int = 2_000_000
    line_octets: int = 2048
    recipients: int = 100
    errors: int = 10
    idle_seconds: float = 60.0
    data_seconds: float = 300.0
    connections: int = 500
    connections_per_client: int = 100
    octets_in_flight: int = 64_000_000
    connections_a_minute: int = 0  # of one client
    messages_a_minute: int = 0


@dataclass(slots=True)
class Session:
    """What is known of one client's conversation at this moment. `client` is its IP address."""

    client: str
    server: str
    helo: str = ""
    tls: bool = False
    sender: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)

    def start_over(self) -> None:
        """Forget the transaction, keep the client (RSET)."""
        self.sender = None
        self.parameters = {}
        self.recipients = []


class Clerk(Protocol):
    """Who decides. Every answer is one reply line, "250 2.1.0 Fine" and the like; a 421 also ends the conversation."""

    async def greet(self, session: Session) -> str: ...
    async def mail(self, session: Session, sender: str) -> str: ...
    async def rcpt(self, session: Session, recipient: str) -> str: ...
    async def take(self, session: Session, data: bytes) -> str: ...


class Pace:
    """How often each client may come: so many times a minute, and as many at once. 0: as often as it likes.

    Bounded: the client that was quiet longest is forgotten first, which costs nothing but its history.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (left, at)

    def allows(self, client: str, *, now: float | None = None) -> bool:
        """Count one more time; False when it is too many."""
        if not self._most:
            return True
        now = time.monotonic() if now is None else now
        left, at = self._clients.pop(client, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60.0)
        allowed = left >= 1.0
        self._clients[client] = (left - 1.0 if allowed else left, now)
        if len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        return allowed
