"""Accounts with ESPs as places: what answers mean, and a relay that carries to one in a world of lists."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from sending.judging.book import Effect
from sending.judging.trouble import Judgement, Outcome
from sending.relay import accounts
from sending.relay.accounts import Answer, Calls, Closed, judge, route_of
from sending.relay.engine import Relay
from sending.relay.ports import Lane, Letter, Parcel
from sending.relay.sources import Source
from tests.sending.relay.worlds import Names, World, world


@pytest.mark.parametrize(
    ("answer", "outcome", "category"),
    [
        (Answer(200, "Taken as x"), Outcome.HANDED_OVER, ""),
        (Answer(202), Outcome.HANDED_OVER, ""),
        (Answer(200, said="rejected"), Outcome.BOUNCED, "esp_suppressed"),
        (Answer(200, said="invalid"), Outcome.BOUNCED, "invalid_recipient"),
        (Answer(200, said="failed"), Outcome.FAILED, "esp_refused"),
        (Answer(400, "to parameter is not a valid address"), Outcome.BOUNCED, "invalid_recipient"),
        (Answer(422, "Invalid `to` field."), Outcome.BOUNCED, "invalid_recipient"),
        (Answer(400, "subject is missing"), Outcome.FAILED, "esp_refused"),
        (Answer(413, "too large"), Outcome.FAILED, "esp_refused"),
        (Answer(400, "The from domain is not verified"), Outcome.DEFERRED, "esp_account"),
        (Answer(400, "Sending has been rejected because the sender you used a@b.c is not valid."), Outcome.DEFERRED, "esp_account"),
        (Answer(422, "The 'From' address is not a Sender Signature on your account."), Outcome.DEFERRED, "esp_account"),
        (Answer(400, "Your account is temporarily suspended"), Outcome.DEFERRED, "esp_account"),
        (Answer(402, "not enough credits"), Outcome.DEFERRED, "esp_account"),
        (Answer(404, "Domain not found"), Outcome.DEFERRED, "esp_account"),
        (Answer(301), Outcome.DEFERRED, "esp_account"),
        (Answer(408), Outcome.DEFERRED, "server_trouble"),
        (Answer(0, "refused", written=False), Outcome.DEFERRED, "network"),
        (Answer(0, "timed out"), Outcome.IN_DOUBT, "network"),
    ],
)  # fmt: skip
def test_what_an_answer_means(answer: Answer, outcome: Outcome, category: str) -> None:
    judgement = judge(answer)
    assert (judgement.outcome, judgement.category) == (outcome, category)
    assert not judgement.suppress
    held = outcome in (Outcome.DEFERRED, Outcome.IN_DOUBT)
    assert (judgement.effect is Effect.HOLD) == held


@pytest.mark.parametrize(("asked", "held"), [(0, 0), (30, 30), (1e9, 3600), (-5, 0)])
def test_how_long_it_asks_us_to_wait_is_obeyed_within_limits(asked: float, held: float) -> None:
    (action,) = judge(Answer(429, retry_after=asked)).actions
    assert action.seconds == held


def test_an_account_is_a_route_of_its_own_and_anew_with_each_version() -> None:
    lane = Lane(1, 1, 1, "one.example", 0, 0.0, 1.0, account_id=7, account_version=2)
    route = route_of(lane.way)
    assert route is not None
    assert accounts.id_of(route) == 7
    assert route_of("one.example") is None
    assert route_of(replace(lane, account_version=3).way) != route
    assert replace(lane, domain="two.example").way == lane.way
    assert replace(lane, account_id=0).way == "one.example"


class Apis:
    """A Posting of scripted answers; remembers what was written."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.written: list[str] = []
        self.noted: list[Judgement] = []
        self.closed = False
        self.at_once = self.most = 0
        self.left: list[tuple[int, str]] = []

    async def open(self, account_id: int) -> "One":
        if self.closed:
            raise Closed("It was disconnected.")
        return One(self)

    def note(self, account_id: int, answer: Answer, judgement: Judgement) -> None:
        self.noted.append(judgement)

    async def watch(self) -> bool:
        return False

    async def leave_own(self, stream_id: int, why: str) -> bool:
        self.left.append((stream_id, why))
        return False

    async def close(self) -> None:
        """Nothing."""


class One:
    host = "api.example"

    def __init__(self, apis: Apis) -> None:
        self.apis = apis
        self.written = False

    async def post(self, letter: Letter, address: str, *, mark: str, leave: Callable[[], None]) -> Answer:
        self.written = False
        await asyncio.to_thread(leave)
        self.written = True
        self.apis.written.append(address)
        self.apis.at_once += 1
        self.apis.most = max(self.apis.most, self.apis.at_once)
        await asyncio.sleep(0.005)
        self.apis.at_once -= 1
        return self.apis.answers.pop(0) if self.apis.answers else Answer(200)

    def abort(self) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""


def by_account(w: World, apis: Apis, *, other_way: int = 0) -> None:
    """All lanes of the world go by account 7; or by our relay, with another way."""
    relay: Relay = w.relay
    relay._posting, relay._calls = apis, Calls(apis, w.clock)
    waiting = w.town.waiting

    async def ways() -> list[Lane]:
        if other_way:
            return [replace(lane, other_way=other_way) for lane in await waiting()]
        return [replace(lane, account_id=7, account_version=1) for lane in await waiting()]

    w.town.waiting = ways  # type: ignore[method-assign]


async def test_all_are_handed_over_with_an_intent_before_each_call() -> None:
    apis = Apis()
    w = world(9)
    by_account(w, apis)
    async with w:
        ids = w.town.add(60)
        await w.until(lambda: w.town.outcomes().get("handed_over") == 60)
    assert len(apis.written) == len(set(apis.written)) == 60
    assert sorted(n for _, batch in w.town.flushes for n in batch) == ids
    assert apis.most <= accounts.CALLS_AT_ONCE
    assert {(s.provider, s.source_id, s.host) for s in w.town.settled} == {("", 0, "api.example")}


async def test_who_opted_out_in_the_last_moment_is_not_called_for() -> None:
    apis = Apis()
    w = world(9)
    by_account(w, apis)
    async with w:
        ids = w.town.add(10)
        w.town.refusals = {ids[3]: "unsubscribed"}
        await w.until(lambda: len(w.town.settled) == 10)
    assert w.town.outcomes() == {"handed_over": 9, "suppressed": 1}
    assert f"p{ids[3]}@one.example" not in apis.written


async def test_no_answer_is_in_doubt_and_holds_the_others() -> None:
    apis = Apis(Answer(0, "timed out"))
    w = world(9)
    by_account(w, apis)
    async with w:
        w.town.add(100)
        await w.until(lambda: w.town.outcomes().get("in_doubt") == 1)
        await asyncio.sleep(0.3)
        settled = w.town.outcomes()
    assert settled["in_doubt"] == 1
    assert sum(settled.values()) <= 1 + accounts.CALLS_AT_ONCE * 20  # what was in calls already, at the most
    assert len(apis.written) == sum(settled.values()) < 100  # the others wait without a try


async def test_an_account_that_is_gone_is_no_call() -> None:
    apis = Apis()
    apis.closed = True
    w = world(9)
    by_account(w, apis)
    async with w:
        w.town.add(5)
        await w.until(lambda: w.town.settled)
    assert apis.written == []
    assert {s.reason for s in w.town.settled} <= {"esp_account", ""}


async def test_refusals_in_a_row_are_the_accounts_and_not_the_messages() -> None:
    apis = Apis(*[Answer(400, "subject is missing")] * 200)
    w = world(9)
    by_account(w, apis)
    async with w:
        w.town.add(100)
        await w.until(lambda: any(s.reason == "esp_account" for s in w.town.settled))
    assert 1 <= w.town.outcomes()["failed"] < accounts.SAME_REFUSALS


async def test_a_relay_with_addresses_of_its_own_carries_to_accounts_all_the_same() -> None:
    """What was tried from an address goes on to the account, whoever has that address now; and addresses that go take no
    account's site with them.
    """
    apis = Apis()
    w = world(9)
    by_account(w, apis)
    w.relay.sites._sources.take([Source(5, "127.0.0.5", "five.example", frozenset({3}))])
    async with w:
        w.town.add(20)
        await w.until(lambda: w.town.outcomes().get("handed_over") == 20)
        (site,) = w.relay.sites
        w.relay.sites._sources.take([])
        w.relay.sites.follow()
        assert not site.draining
        lane = replace(next(iter(w.town.lanes.values())), account_id=7, account_version=1, pool_id=3, overflow_id=4)
        assert not w.relay.sites.not_now(lane, site.route, is_held=lambda site: True)
        parcel = Parcel(1, lane, "a@b.example", 1, 0.0, 0.0, "", None, source_id=5)
        assert w.relay.sites.best(parcel, site.route) is site


async def test_an_error_in_looking_after_accounts_ends_no_relay() -> None:
    class Stumbling(Apis):
        looks = 0

        async def watch(self) -> bool:
            self.looks += 1
            raise ValueError("an error of ours")

    apis = Stumbling()
    w = world(9)
    by_account(w, apis)
    async with w:
        w.town.add(20)
        await w.until(lambda: w.town.outcomes().get("handed_over") == 20 and apis.looks > 1)
        assert w.task is not None and not w.task.done()


MXS = {"a.example": "mx.google.com", "b.example": "mta5.yahoodns.net", "c.example": "mx01.mail.icloud.com"}


async def test_our_own_relay_is_left_when_the_great_providers_all_take_nothing_from_us() -> None:
    names = Names(mxs={d: [(10, mx)] for d, mx in MXS.items()}, hosts={mx: ["127.0.0.1"] for mx in MXS.values()})
    apis = Apis()
    w = world(9, names=names)  # nobody listens there
    by_account(w, apis, other_way=3)
    w.relay._stand_for = 0.2
    async with w:
        w.town.add(200, domain="a.example")
        w.town.add(200, domain="b.example")
        await asyncio.sleep(1.5)
        assert apis.left == []  # two are too few
        w.town.add(200, domain="c.example")
        await w.until(lambda: apis.left)
    assert apis.left[0][0] == 3
    assert "great providers" in apis.left[0][1]
