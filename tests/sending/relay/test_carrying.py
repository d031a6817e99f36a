"""Errors of ours in the midst of it: nothing is lost, nothing is sent again that may have been delivered, nothing spins."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from sending.relay import carrying
from sending.relay.doors import Doors
from tests.sending.relay.scripted import EHLO, ENVELOPE, GREETING, TAKEN, Receiver
from tests.sending.relay.worlds import world


async def test_a_connection_that_cannot_be_begun_gives_each_message_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def open_(self: Doors, *args: Any, **kwargs: Any) -> Any:
        nonlocal tries
        tries += 1
        raise ValueError("192.0.2.1 does not lead to 2001:db8::1")

    monkeypatch.setattr(Doors, "open", open_)
    async with world(9) as w:
        ids = w.town.add(3)
        await w.until(lambda: tries)
        await asyncio.sleep(0.6)
        assert tries <= 3, "it is not tried over and over"
        back = [Counter(s.id for s in batch if s.state == "released") for batch, _ in w.town.flushes]
        assert max(max(each.values(), default=0) for each in back) == 1
        assert set(w.town.waiting_rows) | set(w.town.held) == set(ids)


async def test_an_error_after_leave_was_given_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    carry = carrying.carry

    async def carry_and_stumble(*args: Any, **kwargs: Any) -> Any:
        await carry(*args, **kwargs)
        raise RuntimeError("an error of ours")

    monkeypatch.setattr(carrying, "carry", carry_and_stumble)
    async with Receiver([[GREETING, EHLO, ENVELOPE, TAKEN]]) as receiver, world(receiver.port) as w:
        (only,) = w.town.add(1)
        await w.until(lambda: w.town.settled)
        assert (w.town.settled[0].id, w.town.settled[0].state) == (only, "in_doubt")
        assert not w.town.waiting_rows


async def test_an_error_before_that_is_a_try_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("an error of ours")

    monkeypatch.setattr(carrying, "carry", stumble)
    async with Receiver([[GREETING, EHLO]]) as receiver, world(receiver.port) as w:
        w.town.add(1)
        await w.until(lambda: w.town.settled)
        assert w.town.settled[0].state == "deferred" and w.town.settled[0].due > w.clock.wall()
