"""The people behind a part of the bar: everybody of it once, page by page, whether few are open or many."""

import pytest

from accounts.models import Organization
from sending.enums import BarPart, DeliveryState
from sending.models import Mailing
from sending.queries import mailings
from tests.sending import ledger

OPEN = {
    BarPart.ON_ITS_WAY: [(DeliveryState.QUEUED, 0), (DeliveryState.SENDING, 0)],
    BarPart.RETRYING: [(DeliveryState.DEFERRED, 1), (DeliveryState.QUEUED, 2), (DeliveryState.SENDING, 1)],
}


@pytest.fixture
def send(scoped: Organization) -> Mailing:
    """Five of each kind that is open, in two lanes, and ten who have got it; and another send like it."""
    other = ledger.mailing(scoped)
    send = ledger.mailing(scoped)
    kinds = [
        *OPEN[BarPart.ON_ITS_WAY],
        *OPEN[BarPart.RETRYING],
        (DeliveryState.DELIVERED, 1),
        (DeliveryState.DELIVERED, 1),
    ]
    for number in range(5):
        for place, (state, attempts) in enumerate(kinds):
            home = ("one.example", "two.example")[number % 2]
            contact = ledger.contact(scoped, f"p{number}-{place}@{home}")
            for mailing in (send, other):
                ledger.delivery(mailing, contact=contact, state=state, attempts=attempts)
    return send


@pytest.mark.parametrize("few", [10_000, 3], ids=["few", "many"])
@pytest.mark.parametrize("part", OPEN, ids=str)
def test_open_ones_page_by_page(part: BarPart, few: int, send: Mailing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailings, "FEW", few)
    seen: list[tuple[str, int]] = []
    after: int | None = 0
    while after is not None:
        page, after = mailings.people(send, part, after=after, limit=4)
        assert len(page) <= 4
        seen += [(person.address, person.id) for person in page]
    assert len(seen) == len(set(seen)) == 5 * len(OPEN[part])
    found = {(person.state, person.attempts) for person in mailings.people(send, part, limit=100)[0]}
    assert found == set(OPEN[part])
