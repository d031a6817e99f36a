"""When a message goes by BDAT (CHUNKING, RFC 3030) and when by DATA, and which servers are not asked again.

Policy: BDAT needs no answer before the content, so envelope and content leave in one write: one round trip a message and not
two. It is used where nothing is lost by it: on a conversation that is warm and has already taken a chunk, for messages that
fit into one write. The first message of a conversation goes by DATA; the second one asks with a chunk of one octet, which costs
no round trip more than DATA does. Trap: a server that offers CHUNKING and does not know BDAT would read a chunk's octets as
commands, so no more than one octet is ever sent behind a BDAT before that was taken. Trap: Postfix takes no empty chunk.
"""

from enum import Enum

from sending.relay.ports import Clock
from sending.relay.session import Session

LARGEST = 65_536  # octets; bigger ones would be sent in vain to recipients that are refused
WARM = (
    2.0  # seconds since the last answer: later, servers are about to close, and a message under way would be in doubt
)
NOT_AGAIN_FOR = 24 * 3600.0
MOST_HOSTS = 10_000
NOT_UNDERSTOOD = frozenset({500, 501, 502, 503, 504, 555})  # of a BDAT whose envelope was accepted


class Way(Enum):
    """How a message's content is to be sent."""

    DATA = "data"
    ASK = "ask"  # the first octet with the envelope, then the rest by BDAT
    AT_ONCE = "at once"  # envelope and content in one write


class Chunking:
    """The rule, and the memory of hosts that took BDAT badly."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._not_before: dict[str, float] = {}

    def way(self, session: Session, size: int) -> Way:
        """How the next message, of `size` octets, goes through a conversation."""
        extensions = session.extensions
        if not (extensions.chunking and extensions.pipelining) or not session.messages or size > LARGEST:
            return Way.DATA
        now = self._clock.monotonic()
        if self._not_before.get(session.host, now) > now:
            return Way.DATA
        return Way.AT_ONCE if session.took_chunk and now - session.answered_at < WARM else Way.ASK

    def answered(self, session: Session) -> None:
        """A server has answered to a whole message."""
        session.answered_at = self._clock.monotonic()

    def avoid(self, host: str) -> None:
        """A host refused BDAT, lost count, or hung up on a message that was under way: by DATA from now on."""
        if len(self._not_before) >= MOST_HOSTS:
            self._not_before.pop(next(iter(self._not_before)))
        self._not_before[host] = self._clock.monotonic() + NOT_AGAIN_FOR
