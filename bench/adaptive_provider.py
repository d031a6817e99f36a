"""A mailbox provider that tells nobody its limits: connections at once, messages in one, a pace, and a memory for who does not
listen. It speaks SMTP in memory, to the relay's own sessions, over lines with a round trip as in life.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sending.relay.session import Session, Timeouts, Wire

ROUND_TRIP = 0.04  # seconds
TRUSTED, SHUNNED = 0.5, 0.3  # reputation from which on everything is taken again; below which nothing is


@dataclass(frozen=True)
class Secret:
    """Its limits from a moment on (`since`, seconds). `thinks`: seconds that it needs for a message. `grudge`: how much of its
    trust one refused try costs; all of it comes back within an hour.
    """

    connections: int
    per_minute: float
    messages: int = 1000
    thinks: float = 0.0
    grudge: float = 0.0
    since: float = 0.0


@dataclass
class Provider:
    """`accepted`, `refused`: what it said to whole messages; `turned_away`: at the door. By the minute in `minutes`."""

    secrets: Sequence[Secret]
    loop: asyncio.AbstractEventLoop
    accepted: int = 0
    refused: int = 0
    turned_away: int = 0
    most_open: int = 0
    open: set["_Line"] = field(default_factory=set)
    trust: float = 1.0
    shuns: bool = False
    minutes: dict[int, list[int]] = field(default_factory=dict)
    _tokens: float = 1e9  # full, as for everybody who comes for the first time
    _at: float = 0.0

    @property
    def secret(self) -> Secret:
        now = self.loop.time()
        return [one for one in self.secrets if one.since <= now][-1]

    @property
    def deferrals(self) -> int:
        return self.refused + self.turned_away

    @property
    def share(self) -> float:
        """Of all that it was asked: how much it put off."""
        return self.deferrals / max(1, self.accepted + self.deferrals)

    async def connect(self, address: str, port: int, *, host: str, timeouts: Timeouts, **_: Any) -> Session:
        """As sending.relay.session.connect."""
        await asyncio.sleep(ROUND_TRIP)
        wire = Wire(self.loop)
        line = _Line(self, wire)
        wire.connection_made(line)
        return Session(wire, host=host, address=address, timeouts=timeouts)

    def greets(self, line: "_Line") -> str:
        """The greeting; a refusal ends the line."""
        self._pass_time()
        if self.shuns:
            return self._turn_away("421 4.7.0 Messages from your IP are temporarily deferred due to its bad reputation")
        if len(self.open) >= self.secret.connections:
            return self._turn_away("421 4.7.0 Too many concurrent connections from your address")
        self.open.add(line)
        self.most_open = max(self.most_open, len(self.open))
        return "220 mx.secretive.example ESMTP"

    def hears_mail(self, line: "_Line") -> str:
        """The answer to MAIL FROM."""
        self._pass_time()
        if self.shuns:
            return self._refuse("421 4.7.0 Messages from your IP are temporarily deferred due to its bad reputation")
        if line.messages >= self.secret.messages:
            return self._refuse("421 4.7.0 Too many messages in this connection")
        if self._tokens < 1:
            return self._refuse("451 4.7.1 Rate limit exceeded, slow down")
        self._tokens -= 1
        return "250 2.1.0 ok"

    def takes(self) -> None:
        self.accepted += 1
        self._minute()[0] += 1

    def _turn_away(self, words: str) -> str:
        self.turned_away += 1
        self._resent()
        return words

    def _refuse(self, words: str) -> str:
        self.refused += 1
        self._resent()
        return words

    def _resent(self) -> None:
        self._minute()[1] += 1
        self.trust = max(0.0, self.trust - self.secret.grudge)
        self.shuns = self.shuns or self.trust < SHUNNED

    def _minute(self) -> list[int]:
        return self.minutes.setdefault(int(self.loop.time() // 60), [0, 0])

    def _pass_time(self) -> None:
        """Its bucket fills, as fast as it trusts us; trust comes back in an hour."""
        now, secret = self.loop.time(), self.secret
        passed, self._at = now - self._at, now
        self.trust = min(1.0, self.trust + passed / 3600)
        if self.trust >= TRUSTED:
            self.shuns = False
        pace = secret.per_minute / 60 * (1.0 if self.trust >= TRUSTED else self.trust)
        self._tokens = min(secret.per_minute / 6, self._tokens + passed * pace)


class _Line(asyncio.Transport):
    """One connection: the relay's transport, with the provider's side of the conversation behind it."""

    def __init__(self, provider: Provider, wire: Wire) -> None:
        super().__init__()
        self._provider = provider
        self._wire = wire
        self._heard = b""
        self._in_content = False
        self._begun = False
        self._is_over = False
        self.messages = 0
        greeting = provider.greets(self)
        self._say(greeting, ends=greeting.startswith("421"))

    # As the relay sees it.

    def write(self, data: Any) -> None:
        self._provider.loop.call_later(ROUND_TRIP / 2, self._hear, bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self._is_over

    def abort(self) -> None:
        self._end()

    def close(self) -> None:
        self._end()

    # The other side.

    def _hear(self, data: bytes) -> None:
        if self._is_over:
            return
        self._heard += data
        said: list[str] = []
        thinks = 0.0
        while True:
            if self._in_content:
                _, dot, rest = self._heard.partition(b"\r\n.\r\n")
                if not dot and not self._heard.startswith(b".\r\n"):
                    break
                self._heard = rest if dot else self._heard[3:]
                self._in_content = False
                self.messages += 1
                self._provider.takes()
                thinks = self._provider.secret.thinks
                said.append("250 2.0.0 taken")
                continue
            line, end, rest = self._heard.partition(b"\r\n")
            if not end:
                break
            self._heard = rest
            said.append(self._answer(line[:4].upper()))
            if said[-1].startswith(("421", "221")):
                break
        if said:
            self._say("\r\n".join(said), ends=said[-1].startswith(("421", "221")), after=thinks)

    def _answer(self, verb: bytes) -> str:
        if verb == b"EHLO":
            return "250-mx.secretive.example\r\n250-PIPELINING\r\n250 8BITMIME"
        if verb == b"MAIL":
            answer = self._provider.hears_mail(self)
            self._begun = answer.startswith("250")
            return answer
        if verb == b"RCPT":
            return "250 2.1.5 ok" if self._begun else "503 5.5.1 no sender"
        if verb == b"DATA":
            self._in_content = self._begun
            return "354 go" if self._begun else "503 5.5.1 no sender"
        return "221 2.0.0 bye" if verb == b"QUIT" else "250 2.0.0 ok"

    def _say(self, words: str, *, ends: bool, after: float = 0.0) -> None:
        self._provider.loop.call_later(ROUND_TRIP / 2 + after, self._arrive, words.encode() + b"\r\n")
        if ends:
            self._provider.open.discard(self)
            self._provider.loop.call_later(ROUND_TRIP / 2 + 0.001, self._end)

    def _arrive(self, data: bytes) -> None:
        if not self._is_over:
            self._wire.data_received(data)

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._provider.open.discard(self)
            self._provider.loop.call_soon(self._wire.connection_lost, None)
