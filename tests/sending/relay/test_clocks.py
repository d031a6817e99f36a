"""The relay's clock is the ledger's, and nobody on its own machine can turn it."""

import time

import pytest

from sending.relay.clocks import LedgerClock


def test_it_goes_by_what_the_ledger_said_last(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = LedgerClock()
    clock.put_right(1_000_000.0)
    monkeypatch.setattr(time, "time", lambda: 9e9)
    before = clock.wall()
    time.sleep(0.01)
    assert 1_000_000.0 <= before < clock.wall() < 1_000_001.0
    clock.put_right(2_000_000.0)
    assert clock.wall() == pytest.approx(2_000_000.0, abs=1)


def test_until_it_is_told_it_is_the_machines() -> None:
    assert LedgerClock().wall() == pytest.approx(time.time(), abs=1)
