"""What the relays learn of other domains' TLS, on a real PostgreSQL; and the organization's wish, as the relay sees it."""

from dataclasses import replace
from datetime import date

import pytest

from accounts.actions import organizations
from accounts.models import Organization
from accounts.tenancy import tenant_scope
from sending.actions import stored_mail
from sending.enums import TLS_REPORTS, StreamKind
from sending.relay import sts
from sending.relay.policies import Kept
from sending.relay.ports import SystemClock
from sending.relay.tls_counts import Counted, PolicyType, Result, Session, TlsCounts
from tests.sending.adapters.town import Town, build, claim_all, relay

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = b"version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 86400\n"


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


async def test_counts_of_all_relays_add_up(town: Town) -> None:
    one, two = await relay(town), await relay(town)
    session = Session(date(2026, 11, 21), "one.example", PolicyType.STS, Result.SUCCESS, "mx", "192.0.2.1", "")
    bad = replace(session, result=Result.EXPIRED)
    await one.count_tls({session: Counted(3, "a\nb", ""), bad: Counted(1, "", "has\0expired")})
    await two.count_tls({bad: Counted(2, "", "x" * 500), session: Counted(4, "c", "")})
    rows = town.rows("SELECT result, n, policy_text, why FROM sending_tlscount ORDER BY result")
    assert rows == [("", 7, "c", ""), ("certificate-expired", 3, "", "x" * 200)]
    await one.close()
    await two.close()


async def test_a_policy_is_kept_for_all_relays_and_an_older_one_does_not_replace_it(town: Town) -> None:
    one, two = await relay(town), await relay(town)
    now = SystemClock.wall()
    kept = Kept("2", TEXT, sts.read_policy(TEXT), now)
    assert await two.policy("one.example") is None
    await one.keep_policy("one.example", kept)
    await two.keep_policy("one.example", replace(kept, id="1", fetched=now - 60))
    name, text, fetched = await two.policy("one.example") or ("", b"", 0.0)
    assert (name, text) == ("2", TEXT)
    assert abs(fetched - now) < 0.001
    await one.keep_policy("one.example", replace(kept, id="3", fetched=now + 1))
    assert (await two.policy("one.example") or ("",))[0] == "3"
    await one.keep_policy("old.example", replace(kept, fetched=now - 90_000))
    assert await two.policy("old.example") is None  # its time is over
    await one.close()
    await two.close()


async def test_the_organizations_wish_is_on_each_of_its_lanes(town: Town) -> None:
    import asyncio

    ledger = await relay(town)
    assert {lane.tls_only for lane in await ledger.waiting()} == {False}

    def wish() -> None:
        with tenant_scope(town.organization):
            organizations.change(organization=town.organization, actor=None, tls_only=True)

    await asyncio.to_thread(wish)
    parcels = await claim_all(ledger)
    assert {parcel.lane.tls_only for parcel in parcels} == {True}
    assert {leave.tls_only for leave in await ledger.flush([], [parcel.id for parcel in parcels], 1)} == {True}
    await ledger.close()


async def test_a_report_is_excused_from_what_its_domain_demands_and_other_mail_is_not(town: Town) -> None:
    import asyncio

    def keep(name: str) -> None:
        with tenant_scope(town.organization):
            stored_mail.keep(
                organization=town.organization,
                kind=StreamKind.APP,
                to="tls@three.example",
                raw=b"Subject: x\r\n\r\ny\r\n",
                domain=town.domain,
                from_address="a@kettle.example.com",
                subject="x",
                message_id=f"{name}@x",
                mailing_name=name,
            )

    await asyncio.to_thread(keep, TLS_REPORTS)
    await asyncio.to_thread(keep, "")
    ledger = await relay(town)
    ways = sorted(lane.way for lane in await ledger.waiting())
    assert ways == ["!three.example", "home0.example", "home1.example", "three.example"]
    await ledger.close()


def test_counts_are_taken_once_and_can_be_given_back() -> None:
    counts = TlsCounts(SystemClock())
    for _ in range(2):
        counts.add("one.example", PolicyType.NONE, Result.SUCCESS)
    taken = counts.take()
    assert counts.take() == {}
    counts.add("one.example", PolicyType.NONE, Result.SUCCESS)
    counts.give_back(taken)
    assert [counted.n for counted in counts.take().values()] == [3]
