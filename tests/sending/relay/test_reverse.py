"""Forward-confirmed reverse DNS, over a DNS of dictionaries."""

import pytest

from sending.relay.dns import Answer, NoSuchDomain, Unknown
from sending.relay.reverse import MOST_NAMES, Finding, Found, look

ADDRESS, SIX, NAME = "192.0.2.1", "2001:db8::1", "mail1.example.com"


class Names:
    """Answers what it was given; False: no answer, None: no such name."""

    def __init__(self, ptr: object, back: object = None) -> None:
        self._ptr, self._back = ptr, back

    async def ptr(self, address: str) -> Answer:
        return self._answer(self._ptr)

    async def a(self, host: str) -> Answer:
        return self._answer(self._back)

    async def aaaa(self, host: str) -> Answer:
        return self._answer(self._back)

    def _answer(self, records: object) -> Answer:
        if records is None:
            raise NoSuchDomain("it")
        if records is False:
            raise Unknown("it")
        return Answer(tuple(records), 60.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "ptr", "back", "finding"),
    [
        (ADDRESS, [NAME], [ADDRESS], Finding.CONFIRMED),
        (ADDRESS, ["other.example.com", NAME], ["192.0.2.9", ADDRESS], Finding.CONFIRMED),
        (SIX, [NAME], ["2001:0DB8:0::1"], Finding.CONFIRMED),
        (ADDRESS, None, [ADDRESS], Finding.NO_NAME),
        (ADDRESS, [], [ADDRESS], Finding.NO_NAME),
        (ADDRESS, ["host-1.provider.example"], [ADDRESS], Finding.OTHER_NAME),
        (ADDRESS, [NAME], ["192.0.2.9"], Finding.NOT_BACK),
        (ADDRESS, [NAME], [], Finding.NOT_BACK),
        (ADDRESS, [NAME], None, Finding.NOT_BACK),
        (ADDRESS, False, [ADDRESS], Finding.UNKNOWN),
        (ADDRESS, [NAME], False, Finding.UNKNOWN),
    ],
)
async def test_finding(address: str, ptr: object, back: object, finding: Finding) -> None:
    assert (await look(Names(ptr, back), address=address, name=NAME)).finding == finding


async def test_what_it_says_is_told_and_bounded() -> None:
    many = [f"m{n:02}.example.com" for n in range(99)]
    found = await look(Names(many), address=ADDRESS, name=NAME)
    assert found == Found(Finding.OTHER_NAME, tuple(many[:MOST_NAMES]))
