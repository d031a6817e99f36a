"""The demo's past: 26 weekly letters with their whole ledgers, written in a few statements each; one was stopped early.

Every row is what the relay and the hits app would have written: states, events, engagement, tallies that add up.
"""

# ruff: noqa: E501  (statements)

import dataclasses
import datetime
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Brand, Organization, User
from campaigns.actions import campaigns, designs
from campaigns.enums import CampaignState
from campaigns.errors import BadDesign
from campaigns.models import Campaign
from campaigns.queries import content
from contacts.models import Topic
from posthouse.demo import letters as words
from posthouse.demo import people
from reputation.actions import totals
from sending.actions import letters, streams
from sending.enums import DeliveryState, EventKind, Hold, Reason, StreamKind
from sending.merging import Plan
from sending.merging.plan import Part
from sending.models import Letter, Mailing, SendingDomain

FIRST_AUDIENCE, LAST_AUDIENCE = 600, 3_200
STOPPED_EARLY = 17  # this one of them was cancelled when four tenths were out
PROVIDERS = {
    "granite.example": "Granite Mail", "northquay.example": "Granite Mail", "teahouse.example": "Granite Mail",
    "plainfield.example": "Plainfield", "harbourbooks.example": "Plainfield", "greylake.example": "Greylake",
    "fullbrook.example": "Fullbrook", "grumbleton.example": "Grumbleton",
}  # fmt: skip

S, E = DeliveryState, EventKind

# Fate in numbers: `u(n)` is an even chance from the row's own id, so the same demo comes out every time.
CHANCE = """
CREATE OR REPLACE FUNCTION pg_temp.u(id bigint, salt int) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(id::text || '/' || salt::text), 1, 8))::bit(32)::bigint::double precision / 4294967296 $$;
"""

LEDGER = f"""
WITH suppressed AS MATERIALIZED (
    SELECT DISTINCT ON (address_key) address_key, reason FROM contacts_suppression WHERE lifted_at IS NULL ORDER BY address_key, id
), chosen AS MATERIALIZED (
    SELECT id, address_key, domain FROM contacts_contact WHERE organization_id = %(org)s ORDER BY id LIMIT %(people)s
), audience AS MATERIALIZED (
    SELECT c.*, pg_temp.u(c.id, %(salt)s) AS fate, CASE WHEN pg_temp.u(c.id, %(salt)s + 7) < 0.5 THEN s.reason END AS reason
    FROM chosen c LEFT JOIN suppressed s USING (address_key)
), lane AS (
    INSERT INTO sending_lane (organization_id, mailing_id, domain, priority, open)
    SELECT DISTINCT %(org)s::bigint, %(mailing)s::bigint, domain, 0, false FROM audience RETURNING id, domain
)
INSERT INTO sending_delivery (organization_id, mailing_id, contact_id, occasion, lane_id, address, state, variant, attempts, due_at,
                              relay_id, reason, code, provider, created_at, changed_at)
SELECT %(org)s, %(mailing)s, a.id, 0, l.id, a.address_key, x.state, 0,
       CASE WHEN x.state IN ({S.SUPPRESSED:d}, {S.CANCELLED:d}) THEN 0 WHEN x.state = {S.EXPIRED:d} THEN 7 ELSE 1 END,
       %(at)s, NULL,
       CASE x.state WHEN {S.SUPPRESSED:d} THEN a.reason WHEN {S.CANCELLED:d} THEN '{Reason.CANCELLED}'
                    WHEN {S.BOUNCED:d} THEN 'mailbox_full' WHEN {S.EXPIRED:d} THEN 'mailbox_full' ELSE '' END,
       CASE x.state WHEN {S.DELIVERED:d} THEN '250 2.0.0' WHEN {S.BOUNCED:d} THEN '552 5.2.2' WHEN {S.EXPIRED:d} THEN '452 4.2.2' ELSE '' END,
       CASE WHEN x.state IN ({S.SUPPRESSED:d}, {S.CANCELLED:d}) THEN '' ELSE coalesce(%(providers)s::jsonb ->> a.domain, 'Other') END,
       %(at)s, %(at)s + make_interval(secs => 5 + 900 * pg_temp.u(a.id, %(salt)s + 1))
FROM audience a JOIN lane l USING (domain)
CROSS JOIN LATERAL (SELECT CASE
    WHEN a.reason IS NOT NULL THEN {S.SUPPRESSED:d}
    WHEN a.fate > %(sent)s THEN {S.CANCELLED:d}
    WHEN a.fate < CASE a.domain WHEN 'fullbrook.example' THEN 0.022 ELSE 0.003 END THEN {S.BOUNCED:d}
    WHEN a.fate < 0.026 AND a.domain = 'fullbrook.example' THEN {S.EXPIRED:d}
    ELSE {S.DELIVERED:d} END AS state) x
"""

OUTCOMES = f"""
INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, provider, code, text)
SELECT changed_at, organization_id, mailing_id, id,
       CASE state WHEN {S.DELIVERED:d} THEN {E.DELIVERED:d} WHEN {S.BOUNCED:d} THEN {E.BOUNCED:d}
                  WHEN {S.EXPIRED:d} THEN {E.EXPIRED:d} ELSE {E.CANCELLED:d} END,
       provider, code,
       CASE state WHEN {S.DELIVERED:d} THEN 'Taken' WHEN {S.BOUNCED:d} THEN 'the mailbox is full and has not been read for weeks'
                  WHEN {S.EXPIRED:d} THEN 'the mailbox is full; please try again later' ELSE '' END
FROM sending_delivery WHERE mailing_id = %(mailing)s AND state <> {S.SUPPRESSED:d}
"""

ENGAGEMENT = f"""
INSERT INTO sending_engagement (delivery_id, organization_id, mailing_id, contact_id, opened_at, machine_opened_at, clicked_at,
                                unsubscribed_at, complained_at, links)
SELECT d.id, d.organization_id, d.mailing_id, d.contact_id, x.opened, x.machine,
       CASE WHEN x.clicks THEN x.opened + make_interval(secs => 8 + 90 * pg_temp.u(d.id, 5)) END,
       CASE WHEN x.leaves THEN x.opened + interval '2 minutes' END,
       CASE WHEN x.complains THEN d.changed_at + interval '20 minutes' END,
       CASE WHEN x.clicks THEN jsonb_build_array((pg_temp.u(d.id, 6) * %(links)s)::int %% %(links)s) ELSE '[]' END
FROM sending_delivery d CROSS JOIN LATERAL (
    SELECT CASE WHEN pg_temp.u(d.id, 2) < 0.37 THEN d.changed_at + make_interval(secs => 60 + 130000 * pg_temp.u(d.id, 3) ^ 3) END AS opened,
           CASE WHEN pg_temp.u(d.id, 4) < 0.08 THEN d.changed_at + interval '4 seconds' END AS machine,
           pg_temp.u(d.id, 2) < 0.07 AS clicks,
           pg_temp.u(d.id, 2) BETWEEN 0.2 AND 0.203 AS leaves,
           pg_temp.u(d.id, 8) < CASE d.provider WHEN 'Grumbleton' THEN 0.003 ELSE 0.0002 END AS complains
) x
WHERE d.mailing_id = %(mailing)s AND d.state = {S.DELIVERED:d} AND (x.opened IS NOT NULL OR x.machine IS NOT NULL OR x.complains)
"""

DEEDS = f"""
INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, provider, link)
SELECT x.at, e.organization_id, e.mailing_id, e.delivery_id, x.kind, d.provider, x.link
FROM sending_engagement e JOIN sending_delivery d ON d.id = e.delivery_id
CROSS JOIN LATERAL (VALUES
    (e.opened_at, {E.OPENED:d}, -1), (e.machine_opened_at, {E.OPENED_MACHINE:d}, -1),
    (e.clicked_at, {E.CLICKED:d}, coalesce((e.links ->> 0)::int, -1)),
    (e.unsubscribed_at, {E.UNSUBSCRIBED:d}, -1), (e.complained_at, {E.COMPLAINED:d}, -1)
) x (at, kind, link)
WHERE e.mailing_id = %(mailing)s AND x.at IS NOT NULL
"""

# Inside of the organization's scope these are its own totals only.
TALLIES = f"""
INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
SELECT organization_id, mailing_id, variant, provider, kind, link, n, now() FROM ({totals.TRUE_TOTALS}) t
"""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who writes the weekly letter, to whom, from where."""

    organization: Organization
    brand: Brand
    domain: SendingDomain
    topic: Topic
    actor: User


def write(sender: Sender) -> None:
    """All past letters, the oldest first, in the organization's scope and before anything else was sent."""
    template = designs.create(
        organization=sender.organization,
        brand=sender.brand,
        name="Weekly letter",
        mjml=words.WEEKLY,
        actor=sender.actor,
    )
    made = content.make_from(
        mjml=words.WEEKLY,
        names=content.merge_names(sender.organization),
        subject="Weekly letter",
        brand=sender.brand,
    )
    if made.plan is None or made.compiled is None:
        raise BadDesign(f"The demo's own letter does not compile: {made.errors}")
    sunday = datetime.datetime.combine(people.TODAY, datetime.time(8, 0), datetime.UTC)
    with connection.cursor() as cursor:
        cursor.execute(CHANCE)
        for number, subject in enumerate(words.SUBJECTS):
            at = sunday - datetime.timedelta(weeks=len(words.SUBJECTS) - number)
            stopped = number == STOPPED_EARLY
            letter = letters.freeze(
                organization=sender.organization,
                brand=sender.brand,
                domain=sender.domain,
                from_name=sender.brand.from_name,
                from_local=sender.brand.from_local,
                reply_to="",
                subject=subject,
                preheader="",
                html=made.compiled.html,
                text=made.compiled.text,
                plan=_about(made.plan, subject),
            )
            mailing = _mailing(sender, letter, subject, at=at, stopped=stopped)
            facts: dict[str, Any] = {
                "org": sender.organization.pk,
                "mailing": mailing.pk,
                "people": _audience(number),
                "salt": 100 + 10 * number,
                "sent": 0.4 if stopped else 1.1,
                "at": at,
                "links": len(made.plan.links),
                "providers": json.dumps(PROVIDERS),
            }
            cursor.execute(LEDGER, facts)
            mailing.audience_size = cursor.rowcount
            mailing.save(update_fields=["audience_size"])
            for statement in (OUTCOMES, ENGAGEMENT, DEEDS):
                cursor.execute(statement, facts)
            _campaign(sender, mailing, template.mjml, subject, at=at, stopped=stopped)
        cursor.execute(TALLIES)


def _audience(number: int) -> int:
    return FIRST_AUDIENCE + (LAST_AUDIENCE - FIRST_AUDIENCE) * number // (len(words.SUBJECTS) - 1)


def _about(plan: Plan, subject: str) -> Plan:
    return dataclasses.replace(plan, subject=Part(chunks=(subject,), slots=()))


def _mailing(sender: Sender, letter: Letter, name: str, *, at: datetime.datetime, stopped: bool) -> Mailing:
    """As `sending.actions.mailings` makes it, but in the past."""
    mailing = Mailing.objects.create(
        organization=sender.organization,
        stream=streams.ensure(organization=sender.organization, kind=StreamKind.MARKETING),
        letter=letter,
        topic_id=sender.topic.pk,
        name=name,
        hold=Hold.CANCELLED if stopped else None,
        held_at=at + datetime.timedelta(minutes=6) if stopped else None,
        sealed_at=at,
        finished_at=at + datetime.timedelta(minutes=20),
    )
    Mailing.objects.filter(pk=mailing.pk).update(created_at=at)
    Letter.objects.filter(pk=letter.pk).update(frozen_at=at)
    return mailing


def _campaign(
    sender: Sender, mailing: Mailing, mjml: str, subject: str, *, at: datetime.datetime, stopped: bool
) -> None:
    campaign = campaigns.create(
        organization=sender.organization,
        brand=sender.brand,
        name=subject,
        actor=None,
        topic=sender.topic,
        domain=sender.domain,
    )
    design = designs.copy_for_campaign(design_name="Weekly letter", mjml=mjml, campaign=campaign, actor=sender.actor)
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.CANCELLED if stopped else CampaignState.FINISHED,
        subject=subject,
        design=design,
        mailing=mailing,
        created_by=sender.actor,
        launched_by=sender.actor,
        created_at=at - datetime.timedelta(days=2),
        updated_at=at,
        launched_at=at,
        finished_at=min(at + datetime.timedelta(minutes=20), timezone.now()),
    )
