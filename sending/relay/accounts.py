"""An organization's account with an ESP: one more place that the relay carries to. A conversation there is one call of its API.

Policy: leave is asked when the connection stands, right before the first octet of the call is written. From that octet on
nobody knows what became of the message until an answer says so: without one it is in doubt, and is not sent another way. A
gateway's "I heard nothing from behind me" (502, 504) is no answer, nor is "something broke" (500): who knows when it did.
Whoever refuses *us* is held, not its recipients.

Trap: an ESP that takes a message has not delivered it. That is told by its reports.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from sending.judging import trouble
from sending.judging.book import Action, Effect
from sending.judging.trouble import Judgement, Outcome
from sending.relay.doors import NoDoor
from sending.relay.ports import ACCOUNT, Clock, Letter, Verdict
from sending.relay.routes import Route
from sending.relay.sites import Directory, Provider
from sending.relay.sources import ANY, Source
from sending.relay.transactions import AskLeave

log = logging.getLogger(__name__)

CALLS_AT_ONCE = 8
MESSAGES_A_CONNECTION = 1_000
IDLE = 50.0  # seconds that a connection is kept for the next call
LEAVE_SECONDS = 30.0  # that a thread waits for its leave
LONGEST_WAIT = 3600.0  # seconds that an API may ask us to wait
SAME_REFUSALS = 3  # in a row: then it is not about the messages
MAX_WORDS = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended. `status`: of HTTP, 0 when none came; `written`: whether an octet of it has left.

    `said`: what became of the recipient in an answer that is positive as such: "", "rejected", "invalid" or "failed".
    `retry_after`: seconds, 0 when nothing was said.
    """

    status: int
    text: str = ""
    retry_after: float = 0.0
    said: str = ""
    written: bool = True


class Api(Protocol):
    """A connection to an account's API."""

    host: str

    async def post(self, letter: Letter, address: str, *, mark: str, leave: Callable[[], None]) -> Answer:
        """One message. `leave` blocks the thread that it is called in, before the first octet; what it raises is raised here.
        `mark` comes back in reports. Never raises otherwise.
        """
        ...

    def abort(self) -> None:
        """Cut it, from any thread. Nothing is written afterwards."""
        ...

    @property
    def written(self) -> bool:
        """Whether an octet of the call that is made now has left."""
        ...

    async def close(self) -> None: ...


class Closed(Exception):
    """There is no such account any more, or what it is spoken to with cannot be read."""


class Posting(Protocol):
    """Whoever speaks with the APIs of ESPs."""

    async def open(self, account_id: int) -> Api:
        """Raises Closed, Unreachable."""
        ...

    def note(self, account_id: int, answer: Answer, judgement: Judgement) -> None:
        """How a call went: the account's health is made of it."""
        ...

    async def watch(self) -> bool:
        """Write health down, and choose the way of streams whose first way fails or is well again. True when one has changed.
        Raises Unreachable.
        """
        ...

    async def leave_own(self, stream_id: int, why: str) -> bool:
        """Our own relay is out of order for a stream: let it go its other way, unless somebody has got some of it through of
        late. True when it has changed. Raises Unreachable.
        """
        ...

    async def close(self) -> None: ...


# --- What an answer means ---------------------------------------------------------------------------------------------

_HELD = (Action(Effect.HOLD, ramp=False),)
HANDED_OVER = Judgement(Outcome.HANDED_OVER, "")
ACCOUNT_TROUBLE = Judgement(Outcome.DEFERRED, "esp_account", actions=_HELD)
SERVER_TROUBLE = Judgement(Outcome.DEFERRED, "server_trouble", actions=_HELD)
RATE_LIMIT = Judgement(Outcome.DEFERRED, "rate_limit", actions=_HELD)
NO_ANSWER = Judgement(Outcome.IN_DOUBT, "network", actions=_HELD)  # held, or the next ones would be in doubt as well
BAD_ADDRESS = Judgement(Outcome.BOUNCED, "invalid_recipient")  # an API's opinion: nobody goes on the list for it
ON_THEIR_LIST = Judgement(Outcome.BOUNCED, "esp_suppressed")
REFUSED = Judgement(Outcome.FAILED, "esp_refused")

# Words of refusals (4xx) that are about the account or its sender, and about the recipient. The first that fits wins.
_ABOUT_THE_ACCOUNT = re.compile(
    r"not (been )?verif|verify|unverified|sender signature|domain not found|unauthori[sz]ed|forbidden|authenticat"
    r"|sender.{0,80}?(not (valid|allowed|active)|invalid|inactive|unknown)"
    r"|account[^.]{0,60}(suspend|disabled|inactive|review|not active|blocked)"
    r"|(quota|credit|plan|limit)[^.]{0,60}(exceed|reach|insufficient|exhaust)|not enough credit",
    re.IGNORECASE,
)
_ABOUT_THE_RECIPIENT = re.compile(
    r"\bto\b[^.]{0,40}(not a? ?valid|invalid)|invalid [`'\"]?to\b|recipient[^.]{0,40}(not a? ?valid|invalid|malformed)"
    r"|email is not valid in to|does not contain a valid address",
    re.IGNORECASE,
)

_ON_THEIR_LIST = re.compile(
    r"recipient[^.]{0,80}(inactive|suppress|blocked|unsubscribed)|inactive (recipient|address)", re.IGNORECASE
)


def judge(answer: Answer) -> Judgement:
    """What follows from how a call ended."""
    status = answer.status
    if status == 0:
        return NO_ANSWER if answer.written else trouble.NETWORK
    if 200 <= status < 300:
        return {"invalid": BAD_ADDRESS, "rejected": ON_THEIR_LIST, "failed": REFUSED}.get(answer.said, HANDED_OVER)
    if status == 429:
        return _for(RATE_LIMIT, answer.retry_after)
    if status in (500, 502, 504):
        return NO_ANSWER
    if status >= 500:
        return _for(SERVER_TROUBLE, answer.retry_after)
    if status < 400 or status in (401, 402, 403, 404, 405, 407):
        return ACCOUNT_TROUBLE
    if status in (408, 425):
        return SERVER_TROUBLE
    if answer.said == "invalid" or _ABOUT_THE_RECIPIENT.search(answer.text):
        return BAD_ADDRESS
    if answer.said == "rejected" or _ON_THEIR_LIST.search(answer.text):
        return ON_THEIR_LIST
    return ACCOUNT_TROUBLE if _ABOUT_THE_ACCOUNT.search(answer.text) else REFUSED


def _for(judgement: Judgement, seconds: float) -> Judgement:
    """The same, with a hold as long as the API asks for."""
    return replace(judgement, actions=(Action(Effect.HOLD, seconds=min(max(0.0, seconds), LONGEST_WAIT), ramp=False),))


# --- The place --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def route_of(way: str) -> Route | None:
    """Where a lane's way leads that is an account's; None for all others."""
    if not way.startswith(ACCOUNT):
        return None
    account = way.removeprefix(ACCOUNT)
    return Route(((0, f"account-{account.partition('.')[0]}"),), account=account)


def id_of(route: Route) -> int:
    """Whose place it is."""
    return int(route.account.partition(".")[0])


def provider_of(route: Route, directory: Directory) -> Provider:
    """The manners at an account's API."""
    manners = replace(
        directory.default,
        connections=CALLS_AT_ONCE,
        messages=MESSAGES_A_CONNECTION,
        idle=IDLE,
        together=0,
        per_minute=0.0,
        per_hour=0.0,
        new_per_minute=0.0,
    )
    return Provider(f"ESP account {id_of(route)}", (), manners)


class Calls:
    """Opens conversations with accounts: what doors.Doors is for mail servers."""

    def __init__(self, posting: Posting, clock: Clock) -> None:
        self._posting = posting
        self._clock = clock
        self._refused: dict[str, int] = {}

    def only_in_clear(self, route: Route) -> Verdict | None:
        return None

    async def open(self, route: Route, *, source: Source = ANY, **_: object) -> "Call":
        """Raises NoDoor, Unreachable."""
        try:
            api = await self._posting.open(id_of(route))
        except Closed as closed:
            raise NoDoor(Verdict(ACCOUNT_TROUBLE, "", str(closed))) from closed
        return Call(api, self, route)

    def weigh(self, route: Route, answer: Answer) -> Judgement:
        """What an answer means, with those before it."""
        judgement = judge(answer)
        if judgement is REFUSED:
            self._refused[route.account] = self._refused.get(route.account, 0) + 1
            if self._refused[route.account] >= SAME_REFUSALS:
                judgement = ACCOUNT_TROUBLE
        elif judgement.outcome is Outcome.HANDED_OVER:
            self._refused.pop(route.account, None)
        try:
            self._posting.note(id_of(route), answer, judgement)
        except Exception:  # what was written is settled, whatever becomes of its account's health
            log.exception("The health of account %d could not be noted.", id_of(route))
        return judgement


class Call:
    """What a Session is for a mail server: good for one message after another, one at a time."""

    usable = True
    tls = "https"  # it says nothing about the way from there to the recipient, so no verdict tells it
    address = ""

    def __init__(self, api: Api, calls: Calls, route: Route) -> None:
        self.host = api.host
        self.messages = 0
        self._api = api
        self._calls = calls
        self._route = route

    async def carry(self, letter: Letter, address: str, *, ask: AskLeave) -> Verdict:
        """One message. Raises NoLeave, and then nothing was sent."""
        self.messages += 1
        loop = asyncio.get_running_loop()

        def leave() -> None:
            asked = asyncio.run_coroutine_threadsafe(_wait(ask), loop)
            try:
                asked.result(LEAVE_SECONDS)
            except BaseException:
                asked.cancel()
                raise

        try:
            answer = await self._api.post(letter, address, mark=letter.return_path.partition("@")[0], leave=leave)
        except asyncio.CancelledError:
            self.abort()
            if not self._api.written:
                raise
            answer = Answer(0, "the relay stopped while the call was being answered")
        if answer.status == 0:
            self.usable = False
        judgement = self._calls.weigh(self._route, answer)
        code = f"HTTP {answer.status}" if answer.status else ""
        return Verdict(judgement, code, answer.text[:MAX_WORDS], self.host)

    def abort(self) -> None:
        self.usable = False
        self._api.abort()

    async def close(self) -> None:
        await self._api.close()


async def _wait(ask: AskLeave) -> None:
    await ask()
