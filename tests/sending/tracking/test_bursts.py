"""Bursts: different links within seconds are counted, old ones forgotten, repeats do not count, memory is bounded."""

from sending.tracking.bursts import MAX_LINKS, Bursts
from sending.tracking.people_or_machines import BURST_SECONDS


def test_different_links_within_seconds_are_counted():
    bursts = Bursts()
    assert [bursts.seen(delivery_id=1, link=n, at=100 + n) for n in range(4)] == [1, 2, 3, 4]
    assert bursts.seen(delivery_id=2, link=0, at=100) == 1


def test_repeats_do_not_count():
    bursts = Bursts()
    assert [bursts.seen(delivery_id=1, link=0, at=100) for _ in range(5)] == [1] * 5


def test_old_hits_are_forgotten():
    bursts = Bursts()
    bursts.seen(delivery_id=1, link=0, at=100)
    assert bursts.seen(delivery_id=1, link=1, at=100 + BURST_SECONDS + 1) == 1


def test_memory_is_bounded():
    bursts = Bursts(max_messages=10)
    for n in range(100):
        bursts.seen(delivery_id=n, link=0, at=1)
    assert bursts.seen(delivery_id=0, link=1, at=1) == 1
    assert bursts.seen(delivery_id=99, link=1, at=1) == 2
    for n in range(1000):
        most = bursts.seen(delivery_id=5, link=n, at=1)
    assert most == MAX_LINKS
