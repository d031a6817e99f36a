"""Who asked us to slow down, as the living relays tell it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sending.models import Relay
from sending.queries import relays

pytestmark = pytest.mark.django_db


def relay(*, ended: bool = False, **slowed: float) -> None:
    now = timezone.now()
    Relay.objects.create(
        name="r", pid=1, started_at=now, beat_at=now, ended_at=now if ended else None, facts={"slowed": slowed}
    )


def test_the_last_one_counts_and_what_is_over_does_not() -> None:
    now = timezone.now()
    soon, later, past = (now + timedelta(seconds=seconds) for seconds in (30, 90, -1))
    relay(Greylake=soon.timestamp(), Granite=past.timestamp())
    relay(Greylake=later.timestamp())
    relay(ended=True, Plainfield=later.timestamp())
    found = relays.slowed()
    assert list(found) == ["Greylake"]
    assert abs(found["Greylake"] - later) < timedelta(seconds=1)


def test_nobody_asked() -> None:
    relay()
    assert relays.slowed() == {}
