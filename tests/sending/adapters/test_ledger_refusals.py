"""Whom the relay refuses at the claim and at the last moment: who paused, who wants less, and the scopes of the lists."""

# ruff: noqa: E501  (SQL is easier to read on one line)

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import Client

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from contacts import tokens
from sending.enums import DeliveryState
from sending.queries import ledger as audit
from tests.sending.adapters.town import Town, build, claim_all, relay

pytestmark = pytest.mark.django_db(transaction=True)

QUEUED = DeliveryState.QUEUED


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


@pytest.fixture(autouse=True)
def adds_up(town: Town):  # type: ignore[no-untyped-def]
    """After every test, whatever it did: the audit finds nothing."""
    yield
    with cross_tenant("a test audits"):
        assert list(audit.audit()) == []


CHOOSE = """INSERT INTO contacts_preference (organization_id, contact_id, paused_until, cap, language, changed_at)
            SELECT organization_id, id, %(until)s::timestamptz, %(cap)s, '', now() FROM contacts_contact WHERE address_key = %(a)s"""


async def test_who_paused_is_skipped_at_the_claim_and_at_the_last_moment_and_app_mail_still_comes(town: Town) -> None:
    town.rows(CHOOSE, a="p0@home0.example", until="2099-01-01", cap="")
    town.rows(CHOOSE, a="p1@home1.example", until="2020-01-01", cap="")  # long over
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    assert {p.address: p.refusal for p in parcels if p.refusal} == {"p0@home0.example": "paused"}
    town.rows(CHOOSE, a="p2@home0.example", until="2099-01-01", cap="")
    leaves = {leave.id: leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 1)}
    assert sorted(leaves.values()) == ["", "", "", "", "paused", "paused"]
    town.rows("UPDATE sending_stream SET kind = 'app'")
    assert {leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 2)} == {""}
    await ledger.close()


OTHER = """
WITH s AS (INSERT INTO sending_mailing (organization_id, public_id, stream_id, letter_id, name, created_at, sealed_at, audience_size, hold)
           SELECT organization_id, %(name)s, %(stream)s, letter_id, %(name)s, now(), now(), 1, %(hold)s
           FROM sending_mailing WHERE id = %(m)s RETURNING id, organization_id),
lane AS (INSERT INTO sending_lane (organization_id, mailing_id, domain, priority, open)
         SELECT organization_id, id, 'home0.example', 0, true FROM s RETURNING id, mailing_id),
row AS (INSERT INTO sending_delivery (id, organization_id, mailing_id, contact_id, occasion, lane_id, address, state, variant,
            attempts, due_at, reason, code, provider, created_at, changed_at)
        SELECT coalesce(%(id)s::bigint, nextval('sending_delivery_id_seq')), c.organization_id, lane.mailing_id, c.id, 0, lane.id,
               c.address_key, %(state)s, 0, 0, now() + interval '1 day', '', '', '', %(at)s, %(at)s
        FROM contacts_contact c, lane WHERE c.address_key = 'p0@home0.example' RETURNING id, organization_id, mailing_id, state),
log AS (INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind)
        SELECT organization_id, mailing_id, id, 101 FROM row WHERE state = 10)
INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
SELECT organization_id, mailing_id, 0, '', k.kind, -1, 1, now() FROM row
CROSS JOIN LATERAL (SELECT CASE state WHEN 10 THEN 3 ELSE 1 END AS kind UNION ALL SELECT 101 WHERE state = 10) k
"""


def another(
    town: Town, *, state: int, days: float = 1, hold: str | None = None, kind: str = "marketing", id: int | None = None
) -> None:
    """A message of another send to p0, in a state since some days ago."""
    stream = "SELECT stream_id FROM sending_mailing WHERE id = %(m)s"
    if kind == "app":
        stream = """INSERT INTO sending_stream (organization_id, kind, priority, give_up_after, retry_in_doubt)
                    SELECT organization_id, 'app', 1, give_up_after, false FROM sending_stream LIMIT 1 RETURNING id"""
    ((stream_id,),) = town.rows(stream, m=town.mailing)
    at = datetime.now(UTC) - timedelta(days=days)
    town.rows(
        OTHER, m=town.mailing, name=f"other{state}{kind}", stream=stream_id, hold=hold, state=int(state), at=at, id=id
    )


@pytest.mark.parametrize(
    ("cap", "state", "days", "more", "refusal"),
    [
        ("weekly", DeliveryState.DELIVERED, 6, {}, "less_often"),
        ("weekly", DeliveryState.DELIVERED, 8, {}, ""),
        ("monthly", DeliveryState.DELIVERED, 8, {}, "less_often"),
        ("monthly", DeliveryState.DELIVERED, 31, {}, ""),
        ("weekly", DeliveryState.DELIVERED, 1, {"kind": "app"}, ""),
        ("weekly", DeliveryState.QUEUED, 0, {}, ""),  # the younger one of two in motion
        ("weekly", DeliveryState.QUEUED, 0, {"id": -1}, "less_often"),  # the older one
        ("weekly", DeliveryState.QUEUED, 0, {"id": -1, "hold": "paused"}, ""),  # it may never go
    ],
)
async def test_less_often_counts_what_reached_a_person_and_what_is_on_its_way(
    town: Town, cap: str, state: DeliveryState, days: float, more: dict, refusal: str
) -> None:
    town.rows(CHOOSE, a="p0@home0.example", until=None, cap=cap)
    another(town, state=state, days=days, **more)
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    assert {p.address: p.refusal for p in parcels if p.refusal} == ({"p0@home0.example": refusal} if refusal else {})
    leaves = {leave.id: leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 1)}
    assert sorted(leaves.values()) == sorted([refusal, "", "", "", "", ""])
    await ledger.close()


async def test_of_two_sends_at_once_one_reaches_who_wants_less(town: Town) -> None:
    """Two relays, each with one of them: whichever asks first, one and only one gets leave."""
    town.rows(CHOOSE, a="p0@home0.example", until=None, cap="weekly")
    another(town, state=QUEUED, days=0)
    town.rows("UPDATE sending_delivery SET due_at = now()")
    one, two = await relay(town), await relay(town)
    parcels = await claim_all(one)
    mine = sorted((p for p in parcels if p.address == "p0@home0.example"), key=lambda p: p.id)
    assert [p.refusal for p in mine] == ["", "less_often"]
    # The younger one may have had leave before the older one was there at all: then the older one must stand back.
    town.rows(
        "INSERT INTO sending_intent (relay_id, seq, ids, at) VALUES (%(r)s, 1, ARRAY[%(d)s::bigint], now())",
        r=one.relay_id,
        d=mine[1].id,
    )
    leaves = {leave.id: leave.refusal for leave in await one.flush([], [mine[0].id], 2)}
    assert leaves == {mine[0].id: "less_often"}
    await one.close()
    await two.close()


async def test_the_lists_of_a_topic_and_of_the_installation(town: Town) -> None:
    insert = """INSERT INTO contacts_suppression (organization_id, address_key, reason, marketing_only, source, evidence, about, created_at, lifted_why, topic_id)
                VALUES (%(o)s, %(a)s, 'manual', false, 'member', '', '', now(), '', %(t)s)"""
    town.rows(insert, o=town.organization.pk, a="p0@home0.example", t=town.topic)
    ((other,),) = town.rows(
        """INSERT INTO contacts_topic (organization_id, public_id, brand_id, name, description, is_public, double_opt_in, created_at)
           SELECT organization_id, 'other', brand_id, 'Other', '', true, false, now() FROM contacts_topic LIMIT 1 RETURNING id"""
    )
    town.rows(insert, o=town.organization.pk, a="p1@home1.example", t=other)
    with psycopg.connect(town.dsn, autocommit=True) as connection:  # the operator's own work
        connection.execute("SET ROLE NONE")
        connection.execute(
            "INSERT INTO contacts_housesuppression (address_key, why, created_at) VALUES ('p2@home0.example', 'a trap', now())"
        )
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    wanted = {"p0@home0.example": "manual", "p2@home0.example": "house"}
    assert {p.address: p.refusal for p in parcels if p.refusal} == wanted
    town.rows("UPDATE sending_stream SET kind = 'app'")
    leaves = {leave.id: leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 2)}
    by_address = {p.address: leaves[p.id] for p in parcels if leaves[p.id]}
    assert by_address == {"p2@home0.example": "house"}  # nothing at all goes there
    await ledger.close()


async def test_a_one_click_post_is_obeyed_by_the_next_final_dot_within_a_second(town: Town) -> None:
    """From the press of the button to the refusal: the relay holds the message already, and asks leave for its last byte."""
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    first, mine, *others = parcels

    def press(parcel: Any) -> int:
        token = tokens.mint(
            organization_id=town.organization.pk, contact_id=parcel.load.contact_id, about=f"d{parcel.id}"
        )
        try:
            body = "List-Unsubscribe=One-Click"
            return Client().post(f"/u/{token}", body, content_type="application/x-www-form-urlencoded").status_code
        finally:
            connections.close_all()

    assert await asyncio.to_thread(press, first) == 200  # whatever is loaded once only
    began = time.monotonic()
    assert await asyncio.to_thread(press, mine) == 200
    leaves = {leave.id: leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 1)}
    assert time.monotonic() - began < 1
    assert leaves[first.id] == leaves[mine.id] == "unsubscribed_topic"
    assert [leaves[parcel.id] for parcel in others] == [""] * 4
    await ledger.close()


async def test_a_subscription_that_was_taken_back_meanwhile_is_refused_and_one_that_came_again_is_not(
    town: Town,
) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    taken = """WITH gone AS (
                   DELETE FROM contacts_subscription s USING contacts_contact c
                   WHERE c.id = s.contact_id AND c.address_key = %(a)s RETURNING s.organization_id, s.contact_id, s.topic_id)
               INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent, about)
               SELECT organization_id, contact_id, topic_id, 'reverted', now(), 'import', '', '', 'import x' FROM gone"""
    town.rows(taken, a="p0@home0.example")
    town.rows(taken, a="p1@home1.example")
    town.rows(
        """INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
           SELECT organization_id, id, %(t)s, 1, now() FROM contacts_contact WHERE address_key = 'p1@home1.example'""",
        t=town.topic,
    )
    leaves = {leave.id: leave.refusal for leave in await ledger.flush([], [p.id for p in parcels], 1)}
    refused = {p.address for p in parcels if leaves[p.id]}
    assert refused == {"p0@home0.example"}
    assert set(leaves.values()) == {"", "unsubscribed_topic"}
    await ledger.close()
