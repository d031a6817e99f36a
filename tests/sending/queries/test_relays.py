"""Who asked us to slow down and who is on the way back, as the living relays tell it."""

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


def test_a_pace_that_is_whole_is_no_way_back() -> None:
    relay()
    busy = {"provider": "Greylake", "source": "192.0.2.7", "window": 2, "limit": 2, "failures": 0, "pace": 60.0}
    teller = Relay.objects.get()
    teller.facts["busy"] = [busy | {"site": "ruled", "back": 1.0}, busy | {"site": "recovering", "back": 0.4}]
    teller.save()
    assert [(site.site, site.source) for site in relays.slowed_sites(relays.all_())] == [("recovering", "192.0.2.7")]
