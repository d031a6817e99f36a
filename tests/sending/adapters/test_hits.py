"""A batch of hits on a real PostgreSQL, beside a relay that writes its results: the totals stay what ledger and log say."""

from datetime import UTC, datetime

import pytest
from psycopg_pool import AsyncConnectionPool

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from sending.adapters.hits import Hit, HitLog
from sending.enums import EventKind
from sending.queries import ledger as audit
from tests.sending.adapters.town import Town, build, claim_all, delivered, relay

pytestmark = pytest.mark.django_db(transaction=True)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


@pytest.fixture(autouse=True)
def adds_up(town: Town):  # type: ignore[no-untyped-def]
    """After every test, whatever it did: the audit finds nothing."""
    yield
    with cross_tenant("a test audits"):
        assert list(audit.audit()) == []


async def write(town: Town, *hits: Hit) -> None:
    async with AsyncConnectionPool(town.dsn, min_size=1, kwargs={"autocommit": True}) as pool:
        await HitLog(pool).write(hits)


def firsts(town: Town) -> list[tuple[str, int]]:
    """The first opens of machines that were counted, by provider."""
    return town.rows(
        "SELECT provider, sum(n)::int FROM sending_tally WHERE kind = %(kind)s GROUP BY 1",
        kind=int(EventKind.FIRST_OPENED_MACHINE),
    )


async def test_a_gateway_that_looks_before_it_accepts_is_nobodys_first_open(town: Town) -> None:
    ledger = await relay(town)
    parcel, *others = await claim_all(ledger)

    def opened(link: int | None = None) -> Hit:
        return Hit(parcel.id, town.mailing, link, datetime.now(UTC), user_agent=FIREFOX)

    await write(town, opened(), opened(0))
    assert town.events() == {EventKind.OPENED_MACHINE: 1, EventKind.CLICKED_MACHINE: 1}
    assert firsts(town) == []
    await ledger.flush([delivered(each) for each in (parcel, *others)], [], 1)  # only now the provider is known
    await write(town, opened())
    assert firsts(town) == [("Other", 1)]
    await ledger.close()
