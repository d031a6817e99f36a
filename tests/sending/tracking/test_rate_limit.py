"""Rate limits: a burst, then so many a second, for each address alone."""

from sending.tracking.rate_limit import RateLimit


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_then_so_many_a_second():
    clock = Clock()
    limit = RateLimit(burst=3, per_second=2, clock=clock)
    assert [limit.allows("192.0.2.1") for _ in range(5)] == [True, True, True, False, False]
    assert limit.allows("192.0.2.2")
    clock.now = 0.5
    assert [limit.allows("192.0.2.1") for _ in range(2)] == [True, False]
    clock.now = 100
    assert [limit.allows("192.0.2.1") for _ in range(4)] == [True, True, True, False]


def test_neighbours_of_an_ipv6_network_count_as_one():
    limit = RateLimit(burst=1, per_second=0, clock=Clock())
    assert limit.allows("2001:db8:1:2::1")
    assert not limit.allows("2001:db8:1:2:ffff::9")
    assert limit.allows("2001:db8:1:3::1")


def test_memory_is_bounded_and_nonsense_is_limited_too():
    limit = RateLimit(burst=1, per_second=0, max_addresses=2, clock=Clock())
    assert [limit.allows(ip) for ip in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1")] == [True] * 4
    assert [limit.allows("nonsense"), limit.allows("")] == [True, False]
