"""Taking mail in over SMTP: one small server for the mailroom's door and for the sandbox's mailbox providers.

Policy: a clerk decides every reply; the reception keeps the protocol, the limits and the clocks. Its certificate may be
exchanged at any time: the next STARTTLS uses the new one, conversations under way keep theirs.
"""

import asyncio
import ssl
from collections import Counter

from sending.mailroom.conversation import Conversation
from sending.mailroom.manners import Clerk, Limits, Pace, Session
from sending.mailroom.paths import is_loopback, read_path

__all__ = ["Clerk", "Limits", "Reception", "Session", "is_loopback", "read_path"]


class Reception:
    """A listening SMTP server: `await open(...)`, `await close()`."""

    def __init__(
        self,
        clerk: Clerk,
        *,
        host_name: str,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        chunking: bool = True,
    ) -> None:
        self.clerk = clerk
        self.host_name = host_name
        self.limits = limits or Limits()
        self.tls = tls
        self.chunking = chunking
        self.in_flight = 0
        self.connections = Pace(self.limits.connections_a_minute)
        self.messages = Pace(self.limits.messages_a_minute)
        self.closing = False
        self.clients: Counter[str] = Counter()
        self.conversations: set[Conversation] = set()
        self._servers: list[asyncio.Server] = []

    async def open(self, host: str, port: int) -> int:
        """Listen on one address; gives the port (that the system chose, if 0). Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Conversation(self), host, port, backlog=512)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def close(self, *, patience: float = 5.0) -> None:
        """Stop listening, let the messages being taken finish, then hang up."""
        self.closing = True
        for server in self._servers:
            server.close()
        for conversation in list(self.conversations):
            conversation.dismiss()
        tasks = [c.task for c in self.conversations if c.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
