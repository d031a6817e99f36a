"""The relay's Posting (sending/relay/accounts.py): ESPs' APIs by django-anymail, on threads; and how the accounts are doing.

Health of an account: failing from the first call that was not answered as it should be to the first that was, unless half of
the last twenty failed. It is down when it refuses us as such (twice), or has failed for some minutes (three times). Then the
streams that have a failover go the other way. Back again once it answers a call with an empty message, which nobody
takes and by which nothing can leave, as it should: it says what is missing and not that we may not.
"""

import asyncio
import contextlib
import json
import logging
import time
import warnings
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from importlib import import_module
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMessage

from sending import keys
from sending.adapters import esp_sql as sql
from sending.adapters.arrays import possible
from sending.adapters.esp_http import Wire
from sending.adapters.esp_messages import message_of
from sending.adapters.lines import Line
from sending.esps import ESPS, Esp
from sending.judging.trouble import Judgement, Outcome
from sending.relay.accounts import ACCOUNT_TROUBLE, Answer, Closed, judge
from sending.relay.addresses import Reach
from sending.relay.ports import Letter, Unreachable
from sending.relay.transactions import NoLeave

log = logging.getLogger(__name__)

THREADS = 48
READ_SECONDS, WHOLE_CALL = 60.0, 90.0
ASK_SECONDS, ASKED_AT_ONCE = 10.0, 8  # of those that may be well again: the others' failover waits for it
WRITE_EVERY = 2.0  # seconds between two writes of health
LOOK_EVERY = 15.0  # ... between looks whether somebody can go back
OVERDUE_EVERY = 60.0
LAST = 20  # calls that a share is taken of
SURE, SURE_OF_REFUSAL = 3, 2  # failures in a row
MAX_WORDS = 300


@dataclass(frozen=True, slots=True)
class Access:
    """What an account is spoken to with. `home`: a domain of its organization, for the empty message."""

    esp: Esp
    region: str
    secrets: dict[str, str] = field(repr=False)
    name: str
    home: str = ""


def backend_of(access: Access, seconds: float) -> Any:
    """Its django-anymail backend, which speaks with the fixed host only. ImportError when there is none."""
    esp = access.esp
    module = import_module(f"anymail.backends.{esp.kind.value}")
    spoken = {f.name: access.secrets.get(f.name, "") for f in esp.fields if not f.in_reports}
    spoken = {name: value for name, value in spoken.items() if value}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SendGrid is not tested by django-anymail any more; by us it is
        return module.EmailBackend(api_url=api_of(esp, access.region), timeout=seconds, **spoken)


def api_of(esp: Esp, region: str) -> str:
    """The address of its API; with the sandbox on, the sandbox's."""
    return f"{settings.ESP_SANDBOX}{esp.kind.value}/" if settings.SANDBOX else esp.region(region).api


class AnymailApi:
    """An Api of one account: one connection, on a thread while it is used."""

    def __init__(
        self, access: Access, *, reach: Reach, threads: ThreadPoolExecutor | None = None, seconds: float = 0.0
    ) -> None:
        self._access = access
        self._threads = threads
        self._seconds = seconds or READ_SECONDS
        self._backend = backend_of(access, self._seconds)
        self._wire = Wire(reach)
        self._backend.session = self._wire
        self.host = self._backend.api_url.split("/")[2].partition(":")[0]

    @property
    def written(self) -> bool:
        return self._wire.written

    def abort(self) -> None:
        self._wire.abort()

    async def close(self) -> None:
        self._wire.close()

    async def post(self, letter: Letter, address: str, *, mark: str, leave: Callable[[], None]) -> Answer:
        return await self._on_a_thread(partial(self.post_now, letter.content, address, mark=mark, leave=leave))

    async def ask(self) -> Answer:
        """How it answers an empty message."""
        return await self._on_a_thread(self.ask_now)

    async def _on_a_thread(self, work: Callable[[], Answer]) -> Answer:
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        done, _ = await asyncio.wait([future], timeout=WHOLE_CALL)
        if not done:
            self.abort()
            await asyncio.wait([future], timeout=5.0)
            return Answer(0, f"no answer within {WHOLE_CALL:.0f} s", written=self.written)
        return future.result()

    def post_now(self, content: bytes, address: str, *, mark: str, leave: Callable[[], None] | None = None) -> Answer:
        """One message, in this thread. Raises NoLeave."""
        message: Any  # with what django-anymail puts on it
        try:
            message = message_of(content, address, mark=mark, esp=self._access.esp)
        except (ValueError, LookupError, AssertionError) as error:
            return Answer(400, f"this message cannot be given to {self._access.esp.label}: {error}", written=False)
        self._wire.begin(leave)
        try:
            self._backend.send_messages([message])
        except NoLeave:
            raise
        except AnymailRecipientsRefused as refused:
            said = {status.status for status in message.anymail_status.recipients.values()}
            response = refused.response if refused.response is not None else message.anymail_status.esp_response
            word = next((each for each in ("invalid", "rejected", "failed") if each in said), "rejected")
            return Answer(_status(response) or 200, _words(response), said=word)
        except AnymailError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001  (whatever it was: whether something was written is what counts)
            log.info("%s: a call ended with %s.", self.host, type(error).__name__)
            return Answer(0, _cause(error), written=self.written)
        response = message.anymail_status.esp_response
        code = _status(response) or 200
        if not 200 <= code < 300:  # Postmark's 422 is no error to its backend
            return Answer(code, _words(response))
        taken = message.anymail_status.message_id
        return Answer(code, f"Taken as {taken}" if taken else "")

    def ask_now(self) -> Answer:
        """How it answers an empty message, in this thread."""
        empty = EmailMessage(from_email=f"postmaster@{self._access.home or 'example.com'}", to=["nobody@example.com"])
        self._wire.begin(None)
        try:
            payload = self._backend.build_message_payload(empty, {})
            asked = payload.get_request_params(self._backend.api_url)
            asked["data"] = "{}" if isinstance(asked.get("data"), str | bytes) else {}
            asked["files"], asked["timeout"] = None, self._seconds
            response = self._wire.request(**asked)
        except (AnymailError, requests.RequestException, OSError) as error:
            return Answer(0, _cause(error), written=False)
        return Answer(response.status_code, _words(response), _retry_after(response))

    def _failed(self, error: AnymailError) -> Answer:
        response = getattr(error, "response", None)
        if response is None and isinstance(error, requests.RequestException):
            return Answer(0, _cause(error), written=self.written)
        if response is None:
            return Answer(400, str(error).splitlines()[0][:MAX_WORDS], written=self.written)
        if 200 <= response.status_code < 300:
            return Answer(0, f"{self.host} gave an answer that cannot be read")
        return Answer(response.status_code, _words(response), _retry_after(response))


def is_well(answer: Answer) -> bool:
    """Whether the answer to an empty message shows that the account is in order."""
    if answer.status in (400, 406, 413, 415, 422):
        return judge(answer) is not ACCOUNT_TROUBLE
    return 200 <= answer.status < 300


def _status(response: Any) -> int:
    return int(getattr(response, "status_code", 0) or 0)


def _words(response: Any) -> str:
    """What the API said, in one line, without what surrounds it."""
    if response is None:
        return ""
    text = response.text[:20_000]
    try:
        found = _message(json.loads(text))
    except (ValueError, RecursionError):
        found = ""
    return " ".join((found or text).split())[:MAX_WORDS]


def _message(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if depth > 6:
        return ""
    if isinstance(value, dict):
        for name in ("message", "Message", "ErrorMessage", "description", "error", "errors", "Errors", "Messages"):
            if value.get(name) and (found := _message(value[name], depth + 1)):
                return found
    if isinstance(value, list):
        return "; ".join(filter(None, (_message(each, depth + 1) for each in value[:3])))
    return ""


def _cause(error: BaseException) -> str:
    """The innermost reason, without addresses of objects."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{error or type(error).__name__}"[:MAX_WORDS]


def _retry_after(response: Any) -> float:
    text = str(response.headers.get("Retry-After", "")).strip()
    if text.isascii() and text.isdigit():
        return float(text[:6])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


# --- For the relay ----------------------------------------------------------------------------------------------------


@dataclass
class Health:
    """How calls of one account went, as this relay saw it."""

    last: deque[bool] = field(default_factory=lambda: deque(maxlen=LAST))
    since: float = 0.0  # of the first failure; 0: not failing
    in_a_row: int = 0
    refusals: int = 0
    words: str = ""
    changed: bool = False
    told_over: bool = False

    def note(self, ok: bool, *, refused: bool, words: str, now: float) -> None:
        self.last.append(ok)
        self.changed = True
        if ok:
            self.in_a_row = self.refusals = 0
            if self.last.count(False) * 2 < len(self.last) or len(self.last) < SURE:
                self.since, self.words, self.told_over = 0.0, "", False
            return
        self.in_a_row += 1
        self.told_over = False  # its streams may have been led back to it since
        self.refusals = self.refusals + 1 if refused else 0
        self.since = self.since or now
        self.words = words

    def is_down(self, now: float, after: float) -> bool:
        if self.refusals >= SURE_OF_REFUSAL:
            return True
        enough = self.in_a_row >= SURE or self.last.count(False) * 2 >= LAST
        return bool(self.since) and enough and now - self.since >= after


class AnymailPosting:
    """A Posting over tables. `reach`: how far this relay may reach."""

    def __init__(self, dsn: str, *, reach: Reach) -> None:
        self._line = Line(dsn, name="relay accounts")
        self._reach = reach
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="esp")
        self._health: dict[int, Health] = {}
        self._well: dict[int, int] = {}
        self._next: dict[str, float] = {}

    async def open(self, account_id: int) -> AnymailApi:
        return AnymailApi(await self._access(account_id), reach=self._reach, threads=self._threads)

    async def _access(self, account_id: int) -> Access:
        """As it is now: a key that was changed or forgotten is not used once more."""
        rows = await self._line.rows(sql.ACCOUNT, {"account": account_id})
        if not rows:
            raise Closed("The account was disconnected.")
        kind, region, sealed, name, home = rows[0]
        try:
            secrets = json.loads(keys.decrypt(bytes(sealed), purpose=keys.ESP))
        except (keys.Unreadable, ValueError) as error:
            raise Closed(f"The key of {name} cannot be read. {error}") from error
        return Access(ESPS[kind], region, secrets, name, home)

    def note(self, account_id: int, answer: Answer, judgement: Judgement) -> None:
        ok = judgement.outcome in (Outcome.HANDED_OVER, Outcome.BOUNCED, Outcome.FAILED)
        words = possible(f"HTTP {answer.status}: {answer.text}" if answer.status else answer.text)
        refused = judgement is ACCOUNT_TROUBLE
        self._health.setdefault(account_id, Health()).note(ok, refused=refused, words=words, now=time.monotonic())

    async def watch(self) -> bool:
        now = time.monotonic()
        changed = False
        if self._is_time("health", now, WRITE_EVERY):
            changed |= await self._write_health(now)
        if self._is_time("back", now, LOOK_EVERY):
            changed |= await self._go_back()
        if self._is_time("overdue", now, OVERDUE_EVERY):
            await self._line.rows(sql.OVERDUE, {"hours": settings.ESP_REPORT_HOURS})
        return changed

    def _is_time(self, what: str, now: float, every: float) -> bool:
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + every
        return True

    async def _write_health(self, now: float) -> bool:
        over = False
        for account_id, health in list(self._health.items()):
            if health.changed:
                health.changed = False
                await self._line.rows(
                    sql.HEALTH,
                    {
                        "account": account_id,
                        "ok": health.in_a_row == 0,
                        "failing": now - health.since if health.since else None,
                        "refused": health.refusals > 0,
                        "words": health.words[:500],
                    },
                )
            if not health.told_over and health.is_down(now, settings.ESP_FAILOVER_MINUTES * 60):
                health.told_over = True
                over |= bool(
                    await self._line.rows(sql.FAIL_OVER, {"account": account_id, "why": health.words[:MAX_WORDS]})
                )
        return over

    async def _go_back(self) -> bool:
        """Streams whose first way answers well twice go back to it."""
        back = bool(await self._line.rows(sql.BACK_TO_OWN))
        missed = [row[0] for row in await self._line.rows(sql.MISSED)]
        self._well = {account_id: n for account_id, n in self._well.items() if account_id in missed}
        few = asyncio.Semaphore(ASKED_AT_ONCE)
        well = await asyncio.gather(*(self._is_well(account_id, few) for account_id in missed))
        for account_id, is_well_now in zip(missed, well, strict=True):
            if not is_well_now:
                self._well[account_id] = 0
                continue
            self._well[account_id] = self._well.get(account_id, 0) + 1
            if self._well[account_id] >= 2:
                self._health[account_id] = Health(changed=True)
                back |= bool(await self._line.rows(sql.GO_BACK, {"account": account_id}))
        return back

    async def _is_well(self, account_id: int, few: asyncio.Semaphore) -> bool:
        async with few:
            try:
                access = await self._access(account_id)
            except Closed:
                return False
            api = AnymailApi(access, reach=self._reach, threads=self._threads, seconds=ASK_SECONDS)
            answer = await api.ask()
            await api.close()
            return is_well(answer)

    async def leave_own(self, stream_id: int, why: str) -> bool:
        if not self._is_time(f"stream {stream_id}", time.monotonic(), LOOK_EVERY):
            return False
        given = {"stream": stream_id, "why": why[:MAX_WORDS], "minutes": settings.ESP_FAILOVER_MINUTES}
        return bool(await self._line.rows(sql.LEAVE_OWN, given))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Unreachable):
            await self._write_health(time.monotonic())
        await self._line.close()
