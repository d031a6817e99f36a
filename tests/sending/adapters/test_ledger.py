"""The ledger's protocol on a real PostgreSQL: claim, flush, fence, reap; every recipient is accounted for at each step."""

# ruff: noqa: E501  (what stands in tables and SQL is easier to read on one line)

import time

import pytest

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from sending.adapters import ledger_sql
from sending.enums import Bucket, DeliveryState, EventKind
from sending.queries import ledger as audit
from sending.relay.ports import Fenced, Settlement
from tests.sending.adapters.town import Town, build, claim_all, delivered, grant, relay

pytestmark = pytest.mark.django_db(transaction=True)

QUEUED, SENDING, DEFERRED = DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


@pytest.fixture(autouse=True)
def adds_up(town: Town):  # type: ignore[no-untyped-def]
    """After every test, whatever it did: the audit finds nothing."""
    yield
    with cross_tenant("a test audits"):
        assert list(audit.audit()) == []


async def test_what_is_claimed_is_held_and_complete(town: Town) -> None:
    ledger = await relay(town)
    lanes = await ledger.waiting()
    assert {lane.domain for lane in lanes} == {"home0.example", "home1.example"}
    assert all(lane.give_up_after == 48 * 3600 for lane in lanes)
    parcels = await ledger.claim([(lane, 2) for lane in lanes])
    assert len(parcels) == 4
    assert town.states() == {QUEUED: 2, SENDING: 4}
    assert town.buckets() == {Bucket.ON_ITS_WAY: 6}
    parcel = next(p for p in parcels if p.address == "p1@home1.example")
    assert parcel.load.values == {"first_name": "Zoë 1"}
    assert parcel.refusal == ""
    assert parcel.load.letter_id is not None
    assert len(await ledger.claim([(lane, 2) for lane in lanes])) == 2
    assert await ledger.claim([(lane, 2) for lane in lanes]) == []
    assert await ledger.waiting() == []
    await ledger.close()


async def test_a_relay_goes_by_the_ledgers_clock_whatever_its_machine_believes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine is three days ahead: else it would give up what has just come, and put off what is to be tried again."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3 * 86_400)
    ledger = await relay(town)
    assert ledger.clock.wall() == pytest.approx(now, abs=60)
    ledger.clock.put_right(0.0)
    await ledger.beat({})
    assert ledger.clock.wall() == pytest.approx(now, abs=60)
    await ledger.close()


async def test_two_relays_never_claim_the_same(town: Town) -> None:
    import asyncio

    one, two = await relay(town), await relay(town)
    lanes = await one.waiting()
    await two.waiting()
    rounds = [asyncio.gather(*(ledger.claim([(lane, 1) for lane in lanes]) for ledger in (one, two))) for _ in range(3)]
    got = [p.id for both in [await r for r in rounds] for parcels in both for p in parcels]
    assert len(got) == len(set(got)) == 6
    await one.close()
    await two.close()


async def test_leave_is_given_and_the_result_is_settled(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    assert sorted(await grant(ledger, parcels)) == sorted(p.id for p in parcels)
    assert await ledger.flush([delivered(p) for p in parcels], [], 2) == []
    assert town.states() == {DeliveryState.DELIVERED: 6}
    assert town.buckets() == {Bucket.DELIVERED: 6}
    assert town.events() == {EventKind.DELIVERED: 6}
    rows = town.rows("SELECT DISTINCT attempts, code, provider, relay_id FROM sending_delivery")
    assert rows == [(1, "250 2.0.0", "Other", None)]
    facts = town.rows("SELECT DISTINCT facts ->> 'host', text, provider FROM sending_event")
    assert facts == [("mx.home0.example", "queued", "Other")]
    assert len(town.rows("SELECT 1 FROM sending_intent")) == 1
    await ledger.trim(2)
    assert town.rows("SELECT 1 FROM sending_intent") == []
    await ledger.close()


async def test_settling_again_changes_nothing(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    for seq in (1, 2, 3):
        await ledger.flush([delivered(p) for p in parcels], [], seq)
    assert town.events() == {EventKind.DELIVERED: 6}
    assert town.buckets() == {Bucket.DELIVERED: 6}
    await ledger.close()


async def test_deferred_mail_moves_to_retrying_and_comes_back_when_due(town: Town) -> None:
    import time

    ledger = await relay(town)
    parcels = await claim_all(ledger)
    now = time.time()
    later = [
        Settlement(p.id, "deferred", "greylisted", "450 4.2.0", "later", "mx", "Other", now + 3600) for p in parcels[:3]
    ]
    soon = [
        Settlement(p.id, "deferred", "greylisted", "450 4.2.0", "later", "mx", "Other", now - 1) for p in parcels[3:]
    ]
    await ledger.flush(later + soon, [], 1)
    assert town.states() == {DEFERRED: 6}
    assert town.buckets() == {Bucket.RETRYING: 6}
    again = await claim_all(ledger)
    assert sorted(p.id for p in again) == sorted(p.id for p in parcels[3:])
    assert {p.attempts for p in again} == {1}
    assert town.buckets() == {Bucket.RETRYING: 6}
    await ledger.flush([delivered(p) for p in again], [], 2)
    assert town.buckets() == {Bucket.RETRYING: 3, Bucket.DELIVERED: 3}
    await ledger.close()


async def test_released_mail_is_as_if_it_had_never_been_claimed(town: Town) -> None:
    before = town.rows(
        "SELECT id, state, attempts, due_at, reason, code, provider, changed_at, relay_id FROM sending_delivery ORDER BY id"
    )
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    await ledger.flush([Settlement(p.id, "released", tried=False) for p in parcels], [], 1)
    after = town.rows(
        "SELECT id, state, attempts, due_at, reason, code, provider, changed_at, relay_id FROM sending_delivery ORDER BY id"
    )
    assert after == before
    assert town.events() == {}
    assert len(await claim_all(ledger)) == 6  # the cursors do not skip what came back
    await ledger.close()


async def test_an_invalid_recipient_is_suppressed_with_the_evidence_in_the_same_commit(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    bad = parcels[0]
    await ledger.flush(
        [
            Settlement(
                bad.id,
                "bounced",
                "invalid_recipient",
                "550 5.1.1",
                "no such user",
                "mx",
                "Other",
                suppress="invalid",
            )
        ],
        [p.id for p in parcels[1:]],
        1,
    )
    rows = town.rows("SELECT address_key, reason, source, evidence, about, marketing_only FROM contacts_suppression")
    assert rows == [(bad.address, "invalid", "relay", "550 5.1.1 no such user", f"d{bad.id}", False)]
    assert town.buckets() == {Bucket.BOUNCED: 1, Bucket.ON_ITS_WAY: 5}
    await ledger.close()


async def test_who_opted_out_after_the_launch_is_found_at_the_claim_and_again_at_the_last_moment(town: Town) -> None:
    insert = """INSERT INTO contacts_suppression (organization_id, address_key, reason, marketing_only, source, evidence, about, created_at, lifted_why)
                VALUES (%(o)s, %(a)s, 'unsubscribed', true, 'page', '', '', now(), '')"""
    town.rows(insert, o=town.organization.pk, a="p0@home0.example")
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    assert {p.address: p.refusal for p in parcels if p.refusal} == {"p0@home0.example": "unsubscribed"}
    town.rows(insert, o=town.organization.pk, a="p1@home1.example")
    town.rows(
        "UPDATE contacts_subscription SET state = 3 WHERE contact_id = (SELECT id FROM contacts_contact WHERE address_key = 'p2@home0.example')"
    )
    leaves = {leave.id: leave for leave in await ledger.flush([], [p.id for p in parcels if not p.refusal], 1)}
    refused = {p.address: leaves[p.id].refusal for p in parcels if p.id in leaves and not leaves[p.id].granted}
    assert refused == {"p1@home1.example": "unsubscribed", "p2@home0.example": "unsubscribed_topic"}
    ((ids,),) = town.rows("SELECT ids FROM sending_intent")
    assert len(ids) == 3
    await ledger.flush([Settlement(p.id, "suppressed", "unsubscribed", tried=False) for p in parcels[:1]], [], 2)
    assert town.states()[DeliveryState.SUPPRESSED] == 1
    await ledger.close()


async def test_who_was_archived_after_the_launch_gets_it_no_more(town: Town) -> None:
    archive = "UPDATE contacts_contact SET archived_at = now() WHERE address_key = %(a)s"
    town.rows(archive, a="p0@home0.example")
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    assert {p.address: p.refusal for p in parcels if p.refusal} == {"p0@home0.example": "archived"}
    town.rows(archive, a="p1@home1.example")
    leaves = await ledger.flush([], [p.id for p in parcels if not p.refusal], 1)
    assert sorted(leave.refusal for leave in leaves) == ["", "", "", "", "archived"]
    town.rows("UPDATE sending_stream SET kind = 'app'")  # what was asked for is no campaign
    assert {leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 2)} == {""}
    await ledger.close()


@pytest.mark.parametrize("hold", ["paused", "cancelled", "posthouse"])
async def test_a_held_mailing_is_not_offered_and_gets_no_leave(town: Town, hold: str) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger, limit=1)
    town.rows("UPDATE sending_mailing SET hold = %(h)s", h=hold)
    assert await ledger.waiting() == []
    leaves = await ledger.flush([], [p.id for p in parcels], 1)
    assert {leave.hold for leave in leaves} == {hold}
    assert town.rows("SELECT 1 FROM sending_intent") == []
    town.rows("UPDATE sending_mailing SET hold = NULL")
    assert len(await grant(ledger, parcels, 2)) == 2
    await ledger.close()


async def test_a_fenced_relay_gets_nothing_and_its_intents_are_in_doubt(town: Town) -> None:
    asleep, awake = await relay(town), await relay(town)
    parcels = await claim_all(asleep)
    sent = await grant(asleep, parcels[:2])
    town.rows("UPDATE sending_relay SET beat_at = now() - interval '11 seconds' WHERE id = %(r)s", r=asleep.relay_id)
    assert await awake.reap() == 6
    assert town.states() == {QUEUED: 4, DeliveryState.IN_DOUBT: 2}
    assert town.buckets() == {Bucket.ON_ITS_WAY: 4, Bucket.IN_DOUBT: 2}
    in_doubt = town.rows("SELECT id FROM sending_delivery WHERE state = 31")
    assert sorted(number for (number,) in in_doubt) == sorted(sent)
    # It wakes up: no leave, no claim, no settlement under its name.
    assert await asleep.flush([delivered(parcels[0])], [p.id for p in parcels], 2) == []
    assert await claim_all(asleep) == []
    with pytest.raises(Fenced):
        await asleep.beat({})
    assert town.states() == {QUEUED: 4, DeliveryState.IN_DOUBT: 2}
    assert town.rows("SELECT count(*) FROM sending_intent") == [(0,)]
    assert len(await claim_all(awake)) == 4
    await asleep.close()
    await awake.close()


async def test_reaping_is_done_once_however_many_try(town: Town) -> None:
    import asyncio

    dead, *others = [await relay(town) for _ in range(4)]
    await grant(dead, await claim_all(dead))
    town.rows("UPDATE sending_relay SET beat_at = now() - interval '1 minute' WHERE id = %(r)s", r=dead.relay_id)
    given_back = await asyncio.gather(*(other.reap() for other in others))
    assert sum(given_back) == 6
    assert town.events() == {EventKind.IN_DOUBT: 6}
    for ledger in (dead, *others):
        await ledger.close()


async def test_retried_mail_in_doubt_counts_its_try_and_moves_out_of_retrying(town: Town) -> None:
    dead, heir = await relay(town), await relay(town)
    parcels = await claim_all(dead)
    await dead.flush([Settlement(p.id, "deferred", due=1.0) for p in parcels], [], 1)
    again = await claim_all(dead)
    await grant(dead, again[:1], 2)
    town.rows("UPDATE sending_relay SET beat_at = now() - interval '1 minute' WHERE id = %(r)s", r=dead.relay_id)
    await heir.reap()
    assert town.states() == {DEFERRED: 5, DeliveryState.IN_DOUBT: 1}
    assert town.buckets() == {Bucket.RETRYING: 5, Bucket.IN_DOUBT: 1}
    assert town.rows("SELECT attempts FROM sending_delivery WHERE state = 31") == [(2,)]
    await dead.close()
    await heir.close()


async def test_a_relay_that_leaves_in_order_leaves_nothing_behind(town: Town) -> None:
    ledger = await relay(town)
    await ledger.leave()
    assert town.rows("SELECT ended_at IS NOT NULL, swept_at IS NOT NULL FROM sending_relay") == [(True, True)]
    await ledger.close()


async def test_what_a_relay_has_learned_is_known_to_the_next_one(town: Town) -> None:
    one = await relay(town)
    assert await one.learned() == []
    told = [{"source": 0, "provider": "Gmail", "site": "mx.example", "what": "pace", "value": 0.5}]
    await one.beat({"learned": told})
    await one.leave()
    two = await relay(town)
    await two.beat({"learned": "nothing that can be read"})
    assert await two.learned() == told
    await one.close()
    await two.close()


async def test_the_heartbeat_counts_the_living(town: Town) -> None:
    one, two = await relay(town), await relay(town)
    assert await one.beat({"connections": 3}) == 2
    assert town.rows("SELECT facts FROM sending_relay WHERE id = %(r)s", r=one.relay_id) == [({"connections": 3},)]
    town.rows("UPDATE sending_relay SET beat_at = now() - interval '11 seconds' WHERE id = %(r)s", r=two.relay_id)
    assert await one.beat({}) == 1
    await one.close()
    await two.close()


async def test_lanes_are_closed_when_nothing_waits_and_opened_for_what_comes_back(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    await ledger._slow_chores()
    assert town.rows("SELECT count(*) FROM sending_lane WHERE open") == [(2,)]  # held mail may come back
    await ledger.flush([delivered(p) for p in parcels], [], 1)
    await ledger._slow_chores()
    assert town.rows("SELECT count(*) FROM sending_lane WHERE open") == [(0,)]
    await ledger.close()


async def test_streams_that_want_it_send_unconfirmed_mail_again(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    await ledger.flush([Settlement(p.id, "in_doubt", "network") for p in parcels], [], 1)
    town.rows("UPDATE sending_delivery SET changed_at = now() - interval '1 minute'")
    await ledger._slow_chores()
    assert town.states() == {DeliveryState.IN_DOUBT: 6}  # marketing: at most once
    town.rows("UPDATE sending_stream SET retry_in_doubt = true")
    await ledger._slow_chores()
    assert town.states() == {DEFERRED: 6}
    assert town.buckets() == {Bucket.RETRYING: 6}
    assert town.events() == {EventKind.IN_DOUBT: 6, EventKind.REQUEUED: 6}
    await ledger.close()


async def test_a_server_that_never_confirms_does_not_get_the_same_mail_for_ever(town: Town) -> None:
    town.rows("UPDATE sending_stream SET retry_in_doubt = true")
    ledger = await relay(town)
    for tried in range(1, ledger_sql.MOST_DOUBTS + 1):
        parcels = await claim_all(ledger)
        assert len(parcels) == 6
        await ledger.flush([Settlement(p.id, "in_doubt", "network") for p in parcels], [], tried)
        town.rows("UPDATE sending_delivery SET changed_at = now() - interval '4 seconds' * 6 ^ %(n)s", n=tried - 1)
        await ledger._slow_chores()
        assert town.states() == {DeliveryState.IN_DOUBT: 6}  # each time it waits longer
        town.rows("UPDATE sending_delivery SET changed_at = now() - interval '1 hour'")
        await ledger._slow_chores()
    assert town.states() == {DeliveryState.IN_DOUBT: 6}
    assert town.events() == {
        EventKind.IN_DOUBT: 6 * ledger_sql.MOST_DOUBTS,
        EventKind.REQUEUED: 6 * (ledger_sql.MOST_DOUBTS - 1),
    }
    await ledger.close()


async def test_what_is_unconfirmed_for_too_long_is_not_sent_again(town: Town) -> None:
    town.rows("UPDATE sending_stream SET retry_in_doubt = true")
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    await ledger.flush([Settlement(p.id, "in_doubt", "network") for p in parcels], [], 1)
    town.rows(
        "UPDATE sending_delivery SET changed_at = now() - interval '1 hour', created_at = now() - interval '3 days'"
    )
    await ledger._slow_chores()
    assert town.states() == {DeliveryState.IN_DOUBT: 6}
    await ledger.close()


async def test_a_lane_stays_open_for_what_comes_back_while_another_relay_closes_it(town: Town) -> None:
    import asyncio

    import psycopg

    town.rows("UPDATE sending_stream SET retry_in_doubt = true")
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    await ledger.flush([Settlement(p.id, "in_doubt", "network") for p in parcels], [], 1)
    town.rows("UPDATE sending_delivery SET changed_at = now() - interval '1 minute'")
    async with await psycopg.AsyncConnection.connect(town.dsn) as other:
        locked = await (await other.execute(ledger_sql.LOCK_LANES)).fetchall()
        await other.execute(ledger_sql.CLOSE_LANES, {"ids": [row[0] for row in locked]})
        coming_back = asyncio.ensure_future(ledger._chores.rows(ledger_sql.REQUEUE_DOUBTFUL))
        await asyncio.sleep(0.3)
        await other.commit()
    await asyncio.wait_for(coming_back, 5)
    assert town.states() == {DEFERRED: 6}
    assert town.rows("SELECT count(*) FROM sending_lane WHERE open") == [(2,)]
    await ledger.close()


async def test_news_wakes(town: Town) -> None:
    import asyncio

    ledger = await relay(town)
    waiting = asyncio.ensure_future(ledger.wait_for_mail())
    await asyncio.sleep(0.2)
    assert not waiting.done()
    town.rows(f"SELECT pg_notify('{ledger_sql.NEWS_CHANNEL}', '')")
    await asyncio.wait_for(waiting, 5)
    await ledger.close()


async def test_every_settlement_lands_in_its_own_part(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    words = ["bounced", "expired", "suppressed", "cancelled", "failed", "in_doubt"]
    await ledger.flush(
        [Settlement(p.id, word, "x", tried=word in words[:2]) for p, word in zip(parcels, words, strict=True)], [], 1
    )
    assert town.buckets() == {
        Bucket.BOUNCED: 1,
        Bucket.EXPIRED: 1,
        Bucket.SUPPRESSED: 1,
        Bucket.CANCELLED: 1,
        Bucket.FAILED: 1,
        Bucket.IN_DOUBT: 1,
    }
    await ledger.close()
