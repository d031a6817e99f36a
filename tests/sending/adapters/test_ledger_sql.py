"""What leaves only later, and what can still be taken back, on a real PostgreSQL: offered in time, never before."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from contacts.models import Topic
from contacts.queries import audience
from sending.actions import mailings
from sending.enums import REST, Bucket, Hold
from sending.models import Mailing
from sending.queries import ledger as audit
from sending.timing import Timing
from tests.sending.adapters.town import Town, build, claim_all, relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


@pytest.fixture(autouse=True)
def adds_up(town: Town) -> Iterator[None]:
    yield
    with cross_tenant("a test audits"):
        assert list(audit.audit()) == []


def another(town: Town, *, split: float = 0, undo: float = 0, later: float = 0) -> int:
    """Another send to the same six people; its id. `split`: so many per cent wait as the rest. Seconds from now."""
    with tenant_scope(town.organization):
        letter = Mailing.objects.get(pk=town.mailing).letter
        assert letter is not None
        mailing = mailings.open_(organization=town.organization, letter=letter, topic_id=town.topic, name="Careful")
        if split:
            mailings.add_variant(mailing=mailing, variant=REST, letter=letter, hold=Hold.REST)
        people = audience.select(organization=town.organization, topic=Topic.objects.get(pk=town.topic))
        now = timezone.now()
        mailings.seal(
            mailing=mailing,
            audience=people,
            split=[(REST, split)] if split else [],
            timing=Timing(now + timedelta(seconds=later)),
            undo_until=now + timedelta(seconds=undo) if undo else None,
        )
    return mailing.pk


@pytest.fixture
def careful(town: Town) -> int:
    return another(town, split=67)


async def test_the_rest_waits_in_lanes_of_its_own(town: Town, careful: int) -> None:
    """Nobody looks through those who wait to find those who may go."""
    ledger = await relay(town)
    first = [parcel for parcel in await claim_all(ledger) if parcel.lane.mailing_id == careful]
    assert len(first) == 2
    assert careful not in {lane.mailing_id for lane in await ledger.waiting()}
    town.rows("UPDATE sending_mailingvariant SET hold = NULL WHERE mailing_id = %(m)s", m=careful)
    rest = [parcel for parcel in await claim_all(ledger) if parcel.lane.mailing_id == careful]
    assert len(rest) == 4
    town.rows("UPDATE sending_mailingvariant SET hold = 'rest' WHERE mailing_id = %(m)s", m=careful)
    leaves = await ledger.flush([], [parcel.id for parcel in first + rest], 1)
    assert {leave.id: leave.hold for leave in leaves} == {
        **{parcel.id: "" for parcel in first},
        **{parcel.id: "rest" for parcel in rest},
    }
    await ledger.close()


async def test_what_is_due_later_is_known_before_and_claimed_not_before(town: Town) -> None:
    later = await sync_to_async(another)(town, later=0.6)
    ledger = await relay(town)
    lanes = [lane for lane in await ledger.waiting() if lane.mailing_id == later]
    assert {lane.domain for lane in lanes} == {"home0.example", "home1.example"}
    assert all(0 < lane.wait <= 0.6 and not lane.in_undo for lane in lanes)
    assert await ledger.claim([(lane, 9) for lane in lanes]) == []
    town.rows("SELECT pg_sleep(0.6)")
    assert len(await ledger.claim([(lane, 9) for lane in lanes])) == 6
    await ledger.close()


async def test_the_undo_window_ends_by_itself_and_not_before(town: Town) -> None:
    undo = await sync_to_async(another)(town, undo=0.6)
    ledger = await relay(town)
    lanes = [lane for lane in await ledger.waiting() if lane.mailing_id == undo]
    assert all(0 < lane.wait <= 0.6 and lane.in_undo for lane in lanes) and len(lanes) == 2
    await ledger.let_go()
    assert town.rows("SELECT hold FROM sending_mailing WHERE id = %(m)s", m=undo) == [("undo",)]
    town.rows("SELECT pg_sleep(0.6)")
    await ledger.let_go()
    assert town.rows("SELECT hold, held_until FROM sending_mailing WHERE id = %(m)s", m=undo) == [(None, None)]
    parcels = await ledger.claim([(lane, 9) for lane in lanes])
    assert len(parcels) == 6
    assert all(leave.granted for leave in await ledger.flush([], [parcel.id for parcel in parcels], 1))
    await ledger.close()


async def test_a_launch_that_is_being_taken_back_is_not_let_go(town: Town) -> None:
    """Both want the same row: who takes it back has it first, so nothing gets its final dot."""
    undo = await sync_to_async(another)(town, undo=0.3)
    ledger = await relay(town)
    lanes = [lane for lane in await ledger.waiting() if lane.mailing_id == undo]

    def begin() -> None:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE posthouse_daemon")
            cursor.execute("UPDATE sending_mailing SET hold = 'cancelled', held_until = NULL WHERE id = %s", [undo])

    def end() -> None:
        connection.commit()
        connection.set_autocommit(True)

    await sync_to_async(begin)()
    town.rows("SELECT pg_sleep(0.4)")
    await ledger.let_go()  # does not wait for the other one
    parcels = await ledger.claim([(lane, 9) for lane in lanes])
    leaves = await ledger.flush([], [parcel.id for parcel in parcels], 1)
    assert {leave.hold for leave in leaves} == {"undo"}
    await sync_to_async(end)()
    await ledger.let_go()
    assert {leave.hold for leave in await ledger.flush([], [parcel.id for parcel in parcels], 2)} == {"cancelled"}
    assert town.rows("SELECT count(*) FROM sending_intent") == [(0,)]
    await ledger.leave()
    await ledger.close()


@pytest.mark.parametrize("variants", [{1: 10.0, 2: 20.0, REST: 70.0}, {REST: 95.0}, {1: 50.0, 2: 50.0}])
def test_shares_are_exact_and_everybody_is_in_one(town: Town, variants: dict[int, float]) -> None:
    with tenant_scope(town.organization):
        letter = Mailing.objects.get(pk=town.mailing).letter
        assert letter is not None
        mailing = mailings.open_(organization=town.organization, letter=letter, topic_id=None, name="Many")
        for number in variants:
            mailings.add_variant(mailing=mailing, variant=number, letter=letter)
        people = Numbers(1_000)
        assert mailings.seal(mailing=mailing, audience=people, split=list(variants.items())) == 1_000
    counted = dict(
        town.rows(
            "SELECT variant, count(*) FROM sending_delivery WHERE mailing_id = %(m)s AND state = 1 GROUP BY 1",
            m=mailing.pk,
        )
    )
    sendable = 900  # every tenth is skipped, and belongs to variant 0
    wanted = {number: int(sendable * share / 100) for number, share in variants.items()}
    assert counted == wanted | ({0: rest} if (rest := sendable - sum(wanted.values())) else {})
    tallied = town.rows(
        "SELECT variant, kind, sum(n)::int FROM sending_tally WHERE mailing_id = %(m)s GROUP BY 1, 2", m=mailing.pk
    )
    assert {(variant, kind): n for variant, kind, n in tallied} == {
        **{(variant, int(Bucket.ON_ITS_WAY)): n for variant, n in counted.items()},
        (0, int(Bucket.SUPPRESSED)): 100,
    }
    again = town.rows(
        "SELECT count(*) FROM sending_delivery d JOIN sending_lane l ON l.id = d.lane_id "
        "WHERE d.mailing_id = %(m)s AND l.variant <> d.variant",
        m=mailing.pk,
    )
    assert again == [(0,)]
    # These people are made up: the audit would look for their contacts.
    for table in ("delivery", "tally", "lane", "mailingvariant"):
        town.rows(f"DELETE FROM sending_{table} WHERE mailing_id = %(m)s", m=mailing.pk)
    town.rows("DELETE FROM sending_mailing WHERE id = %(m)s", m=mailing.pk)


class Numbers:
    """An audience of made-up people, every tenth of them skipped."""

    def __init__(self, count: int) -> None:
        self.text = (
            "SELECT n::bigint AS contact_id, 'p' || n || '@d' || n %% 7 || '.example' AS address, "
            "'d' || n %% 7 || '.example' AS domain, CASE WHEN n %% 10 = 0 THEN 'bounced' END AS reason "
            "FROM generate_series(1, %s) n"
        )
        self.params = (count,)
