"""Noticing waves: the journal is told once in a while, again when it was away, and never of a domain that takes no mail."""

import asyncio

from sending.judging import trouble
from sending.judging.breaker import Breaker, Limits
from sending.judging.trouble import Judgement, Outcome
from sending.relay.ports import Lane, Parcel, Verdict
from sending.relay.waves import NEWS, Waves
from tests.sending.relay.worlds import Clock, Town

GONE = Judgement(Outcome.BOUNCED, "invalid_recipient", suppress="invalid")


def parcel(number: int) -> Parcel:
    lane = Lane(1, 1, 1, "one.example", 0, 0.0, 1e6)
    return Parcel(number, lane, f"p{number}@one.example", 0, 0.0, 0.0, "", None)


def gone(number: int) -> Verdict:
    return Verdict(GONE, "550 5.1.1", f"<p{number}@one.example>: no such person")


async def test_the_journal_is_told_of_a_wave() -> None:
    clock = Clock()
    town = Town(clock=clock)
    waves = Waves(town, clock, Breaker(Limits(least=5)))
    likenesses = {waves.weigh(parcel(n), gone(n), "Other") for n in range(20)}
    await asyncio.sleep(0)
    assert len(likenesses) == 1
    (wave,) = town.waves
    assert (wave.place, wave.code, wave.likeness) == ("one.example", "550 5.1.1", likenesses.pop())
    assert wave.text == "<someone@somewhere>: no such person"
    clock.turned += NEWS + 1
    waves.weigh(parcel(30), gone(30), "Other")
    await asyncio.sleep(0)
    assert len(town.waves) == 2, "it goes on, so it stays open"


async def test_a_journal_that_was_away_is_told_again() -> None:
    clock = Clock()
    town = Town(clock=clock)
    town.away = True
    waves = Waves(town, clock, Breaker(Limits(least=5)))
    for n in range(6):
        waves.weigh(parcel(n), gone(n), "Granite Mail")
        await asyncio.sleep(0)
    town.away = False
    waves.weigh(parcel(7), gone(7), "Granite Mail")
    await asyncio.sleep(0)
    assert [wave.place for wave in town.waves] == ["Granite Mail"]


async def test_what_costs_nobody_the_address_is_no_wave() -> None:
    clock = Clock()
    town = Town(clock=clock)
    waves = Waves(town, clock, Breaker(Limits(least=5)))
    for n in range(20):
        blocked = Judgement(Outcome.BOUNCED, "policy")
        assert waves.weigh(parcel(n), Verdict(blocked, "554 5.7.1", "no"), "Other") == ""
        assert waves.weigh(parcel(n), Verdict(trouble.NULL_MX, "556 5.1.10", "no mail"), "Other") == ""
        assert waves.weigh(parcel(n), Verdict(trouble.DELIVERED, "250", "ok"), "Other") == ""
    await asyncio.sleep(0)
    assert town.waves == []
