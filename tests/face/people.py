"""The pages of people in full: filters, saved views, bulk work, exports, tags, a person with mail and a history."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from campaigns.models import Campaign
from contacts.actions import job_work, jobs, saved_views, tags
from contacts.enums import Cap, JobKind, JobState
from contacts.models import Contact, Job, Preference, Tag
from sending.enums import DeliveryState, EventKind
from sending.models import Engagement, Event
from tests.face.audience import people as sixty_people
from tests.sending import ledger


def tagged(organization: Organization) -> dict[str, Any]:
    """People with tags, and two ways of looking at them."""
    sixty_people(organization)
    made = tags.ensure(organization, ["VIP", "Summer fair", "مقهى"])
    ids = list(Contact.objects.order_by("-pk").values_list("pk", flat=True))
    for step, tag in enumerate(made.values(), 2):
        tags.put_on(tag=tag, ids=ids[::step])
    for name, query in (
        ("Regulars of the shop", f"tag={made['VIP'].pk}&sort=address"),
        ("Bounced", "state=suppressed"),
    ):
        saved_views.save(organization=organization, name=name, query=query, actor=None)
    return {}


def with_mail(organization: Organization) -> dict[str, Any]:
    """Somebody with tags, mail of every fate, opens and clicks, and preferences of their own."""
    tagged(organization)
    person = Contact.objects.order_by("-pk")[1]
    now = timezone.now()
    for days, name, state in (
        (2, "Autumn kettles", DeliveryState.DEFERRED),
        (9, "New in the shop", DeliveryState.DELIVERED),
        (16, "Summer sale", DeliveryState.SUPPRESSED),
    ):
        mailing = ledger.mailing(organization, name=name)
        Campaign.objects.create(
            organization=organization,
            brand=mailing.letter.brand,
            name=name,
            subject=name,
            mailing=mailing,
            state="sent",
        )
        at = now - timedelta(days=days)
        row = ledger.delivery(
            mailing,
            contact=person,
            state=state,
            reason={"Autumn kettles": "mailbox_full", "Summer sale": "invalid"}.get(name, ""),
            due_at=now + timedelta(hours=1),
            changed_at=at,
        )
        if state == DeliveryState.DELIVERED:
            Engagement.objects.create(
                organization=organization,
                delivery=row,
                mailing_id=mailing.pk,
                contact_id=person.pk,
                opened_at=at,
                clicked_at=at,
            )
            for number, kind in enumerate((EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED)):
                Event.objects.create(
                    id=row.pk * 10 + number,
                    at=at + timedelta(minutes=number),
                    organization=organization,
                    mailing_id=mailing.pk,
                    delivery_id=row.pk,
                    kind=kind,
                    variant=0,
                    link=-1,
                    provider="",
                    code="",
                    text="",
                    facts={},
                )
    Preference.objects.update_or_create(
        contact=person,
        defaults={"organization": organization, "cap": Cap.WEEKLY, "paused_until": now + timedelta(days=30)},
    )
    return {"contact": person.pk}


def a_job(organization: Organization, *, done: bool = True) -> dict[str, Any]:
    """Everybody got a tag, or is getting it."""
    tagged(organization)
    job = jobs.start(
        organization=organization,
        kind=JobKind.TAG,
        title="Tag “Winter fair”: everybody subscribed to Kettle weekly",
        people={"filter": {"q": "post.example"}},
        what={"tag": tags.ensure(organization, ["Winter fair"])["Winter fair"].pk},
        actor=None,
    )
    if done:
        job_work.at_once(job=job)
    else:
        start = timezone.now() - timedelta(seconds=20)
        Job.objects.update(
            state=JobState.WORKING, total=120_000, done=41_000, started_at=start, beat_at=timezone.now(), worker="w"
        )
    return {"job": job.public_id}


def a_working_job(organization: Organization) -> dict[str, Any]:
    return a_job(organization, done=False)


def the_list_of_jobs(organization: Organization) -> dict[str, Any]:
    a_job(organization)
    return {}


def removable(organization: Organization) -> dict[str, Any]:
    tagged(organization)
    Tag.objects.create(organization=organization, name="Nobody has it")
    return {}


PAGES: list[dict[str, Any]] = [
    {
        "slug": "people-tagged",
        "view": "contacts:people",
        "prepare": tagged,
        "query": "q=post&state=mailable&sort=address",
    },
    {"slug": "people-nobody", "view": "contacts:people", "prepare": tagged, "query": "q=nobody&from=2026-01-01"},
    {"slug": "people-lost", "view": "contacts:people", "prepare": tagged, "query": "tag=999999&topic=gone"},
    {"slug": "people-tagged-analyst", "view": "contacts:people", "prepare": tagged, "who": "analyst"},
    {"slug": "bulk-tag", "view": "contacts:people_bulk", "prepare": tagged, "query": "do=tag&all=1&q=post"},
    {"slug": "bulk-subscribe", "view": "contacts:people_bulk", "prepare": tagged, "query": "do=subscribe&all=1"},
    {"slug": "bulk-suppress", "view": "contacts:people_bulk", "prepare": tagged, "query": "do=suppress&all=1"},
    {"slug": "bulk-delete", "view": "contacts:people_bulk", "prepare": tagged, "query": "do=delete&all=1"},
    {"slug": "people-export", "view": "contacts:people_export", "prepare": tagged, "query": "all=1"},
    {"slug": "person-mail", "view": "contacts:person", "prepare": with_mail, "query": "why=sale"},
    {"slug": "person-timeline", "view": "contacts:person_timeline", "prepare": with_mail},
    {"slug": "person-erase", "view": "contacts:person_erase", "prepare": with_mail},
    {"slug": "tags-empty", "view": "contacts:tags"},
    {"slug": "tags", "view": "contacts:tags", "prepare": removable},
    {"slug": "work-empty", "view": "contacts:work"},
    {"slug": "work", "view": "contacts:work", "prepare": the_list_of_jobs},
    {"slug": "job", "view": "contacts:job", "prepare": a_job},
    {"slug": "job-working", "view": "contacts:job", "prepare": a_working_job},
]
