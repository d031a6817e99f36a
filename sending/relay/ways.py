"""Where the mail of a domain goes now: its route when that is known, what stands in its way, or nothing yet and a question to
the DNS. Nobody waits here; who asks comes again when the answer has woken it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sending.judging import trouble
from sending.judging.trouble import Judgement
from sending.relay import accounts
from sending.relay.dns import Unknown
from sending.relay.ports import Clock, Verdict
from sending.relay.routes import NoHostAllowed, NoSuchMailDomain, Route, Routes, TakesNoMail

LOOKUPS = 100  # domains asked of the DNS at once
AHEAD = 20  # ... while nobody waits for the answers
MOST_OBSTACLES = 20_000
OBSTACLE_FOR = 60.0  # seconds
CODES = {
    trouble.NULL_MX: "556 5.1.10",
    trouble.DNS: "451 4.4.3",
    trouble.NO_DOMAIN: "550 5.1.2",
    trouble.NO_TLS: "451 4.7.5",
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a domain has no route, until when that is believed (monotonic)."""

    judgement: Judgement
    words: str
    until: float

    def verdict(self, *, attempts: int) -> Verdict:
        """What it means for a message after so many finished tries: a domain must be missing twice."""
        code = CODES[self.judgement]
        if self.judgement is trouble.NO_DOMAIN and attempts == 0:
            return Verdict(trouble.NO_DOMAIN_YET, code, self.words)
        return Verdict(self.judgement, code, self.words)


class Ways:
    """`found` is called whenever a look-up has ended."""

    def __init__(self, routes: Routes, clock: Clock, *, found: Callable[[], None]) -> None:
        self._routes = routes
        self._clock = clock
        self._found = found
        self._lookups: dict[str, asyncio.Task[None]] = {}
        self._ahead: deque[str] = deque()
        self._obstacles: dict[str, Obstacle] = {}
        self._untold: set[str] = set()

    def route(self, domain: str) -> Route | None:
        """Its route, if it is known now."""
        return accounts.route_of(domain) or self._routes.known(domain)

    def obstacle(self, domain: str) -> Obstacle | None:
        """What stands in the way now, as far as we know."""
        obstacle = self._obstacles.get(domain)
        return obstacle if obstacle is not None and self._clock.monotonic() < obstacle.until else None

    def is_untold(self, domain: str) -> bool:
        """Whether its mail waits for a DNS that gives no answer, or for its policy to be put right, and no message has been told
        so since it was asked.
        """
        return domain in self._untold

    def told(self, domain: str) -> None:
        """A message has been told."""
        self._untold.discard(domain)

    def look_up(self, domain: str, *, at_once: int = LOOKUPS) -> None:
        """Ask for its route, unless that is being done, or for so many already."""
        if domain in self._lookups or len(self._lookups) >= min(at_once, LOOKUPS):
            return
        task = asyncio.ensure_future(self._find(domain))
        self._lookups[domain] = task
        task.add_done_callback(lambda _: self._looked_up(domain))

    def look_up_ahead(self, domains: Iterable[str]) -> None:
        """Ask for the routes of domains to which something goes soon, a few at once, in this order."""
        self._ahead = deque(domains)
        self._go_on_ahead()

    def _go_on_ahead(self) -> None:
        while self._ahead and len(self._lookups) < AHEAD:
            domain = self._ahead.popleft()
            if self.route(domain) is None and self.obstacle(domain) is None:
                self.look_up(domain)

    @property
    def lookups(self) -> Collection["asyncio.Task[None]"]:
        return self._lookups.values()

    def _looked_up(self, domain: str) -> None:
        self._lookups.pop(domain, None)
        self._go_on_ahead()
        self._found()

    async def _find(self, domain: str) -> None:
        try:
            await self._routes.of(domain)
        except TakesNoMail as error:
            self._block(domain, trouble.NULL_MX, str(error))
        except NoSuchMailDomain as error:
            self._block(domain, trouble.NO_DOMAIN, str(error))
        except Unknown as error:
            self._block(domain, trouble.DNS, f"the DNS gives no answer: {error}")
            self._untold.add(domain)
        except NoHostAllowed as error:
            self._block(domain, trouble.NO_TLS, str(error))
            self._untold.add(domain)
        else:
            self._obstacles.pop(domain, None)
            self._untold.discard(domain)

    def _block(self, domain: str, judgement: Judgement, words: str) -> None:
        if len(self._obstacles) > MOST_OBSTACLES:
            self._obstacles.clear()
            self._untold.clear()
        self._obstacles[domain] = Obstacle(judgement, words, self._clock.monotonic() + OBSTACLE_FOR)
