"""The pages of fields, of the do-not-send list in full, and of the audience's health."""

from typing import Any

from django.utils import timezone

from accounts.models import Organization
from contacts import fingerprints
from contacts.actions import field_work, fields, health, segments, suppressions
from contacts.actions.field_work import Target
from contacts.enums import JobState, SuppressionReason
from contacts.models import Contact, Field, Job, Suppression, Topic
from contacts.queries import fields as known_fields
from tests.face.audience import people


def all_kinds(organization: Organization) -> dict[str, Any]:
    people(organization)
    for label, kind, choices in (
        ("Joined on", "date", []),
        ("Last visit", "datetime", []),
        ("Member", "boolean", []),
        ("Favourite drink", "choice", ["Tea", "Coffee", "Water"]),
        ("Interests", "multi", ["Kettles", "Tea walks", "Ceramics", "Brewing at home", "Water quality"]),
        ("Website", "url", []),
        ("好きな飲み物", "text", []),
    ):
        fields.create(organization=organization, label=label, kind=kind, choices=choices, actor=None)
    return {}


def a_list(organization: Organization) -> dict[str, Any]:
    all_kinds(organization)
    for n, contact in enumerate(Contact.objects.order_by("pk")):
        contact.values["interests"] = ["Kettles", "Ceramics"][: 1 + n % 2]
        contact.save()
    rule = {"match": "all", "rules": [{"about": "field:interests", "op": "not_empty"}]}
    segments.save(organization=organization, segment=None, name="Kettle people", definition=rule, actor=None)
    return {"field": "interests"}


def a_plain_one(organization: Organization) -> dict[str, Any]:
    all_kinds(organization)
    return {"field": "city"}


def a_check(organization: Organization) -> dict[str, Any]:
    all_kinds(organization)
    for n, contact in enumerate(Contact.objects.order_by("pk")[:9]):
        contact.values["city"] = ("Köln", "about 12", "1,234", "سبعة", "<b>7</b>")[n % 5]
        contact.save()
    Contact.objects.filter(pk__gt=Contact.objects.order_by("pk")[20].pk).update(values={"city": "12"})
    check = field_work.check_conversion(field=Field.objects.get(key="city"), target=Target("number"), actor=None)
    return {"field": "city", "job": check.public_id}


def a_merge(organization: Organization) -> dict[str, Any]:
    all_kinds(organization)
    fields.create(organization=organization, label="Town", kind="text", actor=None)
    for n, contact in enumerate(Contact.objects.order_by("pk")[:30]):
        contact.values["town"] = ("Köln", "Cologne", "Bonn")[n % 3]
        contact.save()
    field = {row.key: row for row in known_fields.rows(organization)}
    check = field_work.check_merge(field=field["city"], other=field["town"], wins="other", actor=None)
    return {"field": "city", "job": check.public_id}


def a_conversion_at_work(organization: Organization) -> dict[str, Any]:
    kwargs = a_check(organization)
    Job.objects.update(state=JobState.WORKING, total=60, done=23, beat_at=timezone.now(), worker="w")
    return kwargs


def entries(organization: Organization) -> dict[str, Any]:
    people(organization)
    topic = Topic.objects.order_by("name")[0]
    for name, reason, source, said in (
        ("complainer", "complained", "complaint", "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1"),
        ("old", "imported", "import", "Suppressions of our Mailchimp account"),
        ("full", "bounced", "relay", "452 4.2.2 The email account that you tried to reach is over quota"),
    ):
        suppressions.suppress(
            organization=organization,
            address=f"{name}@post.example",
            reason=SuppressionReason(reason),
            source=source,
            evidence=said,
        )
    suppressions.suppress(
        organization=organization,
        address="guest3@post.example",
        reason=SuppressionReason.MANUAL,
        source="member",
        evidence="Wants no offers",
        topic=topic,
    )
    Suppression.objects.create(
        organization=organization,
        address_key=fingerprints.listed("gone@post.example")[0],
        reason=SuppressionReason.ERASED,
        source="page",
    )
    return {}


def an_entry_with_history(organization: Organization) -> dict[str, Any]:
    entries(organization)
    Suppression.objects.create(
        organization=organization,
        address_key="complainer@post.example",
        reason="manual",
        source="member",
        evidence="Wrote that they want nothing more",
        lifted_at=timezone.now(),
        lifted_why="Changed their mind at the counter",
    )
    return {"suppression": Suppression.objects.get(reason="complained").pk}


def a_complaint(organization: Organization) -> dict[str, Any]:
    return an_entry_with_history(organization)


def in_all_states(organization: Organization) -> dict[str, Any]:
    entries(organization)
    rows = list(Contact.objects.order_by("pk")[:6])
    for row, address in zip(
        rows,
        (
            "bob@gmial.com",
            "info@post.example",
            "a.nn@gmail.com",
            "ann+kettles@gmail.com",
            "ann@gmail.com",
            "office@post.example",
        ),
        strict=True,
    ):
        row.address = row.address_key = address
        row.domain = address.rpartition("@")[2]
        row.save()
    health.count(organization=organization)
    return {}


def a_number(organization: Organization) -> dict[str, Any]:
    in_all_states(organization)
    return {"which": "typo"}


def the_silent(organization: Organization) -> dict[str, Any]:
    in_all_states(organization)
    return {"which": "silent"}


PAGES: list[dict[str, Any]] = [
    {"slug": "fields", "view": "contacts:fields", "prepare": all_kinds},
    {"slug": "fields-analyst", "view": "contacts:fields", "prepare": all_kinds, "who": "analyst"},
    {"slug": "field-new", "view": "contacts:field_new"},
    {"slug": "field", "view": "contacts:field", "prepare": a_plain_one},
    {"slug": "field-choices", "view": "contacts:field", "prepare": a_list},
    {"slug": "field-check", "view": "contacts:field_work", "prepare": a_check},
    {"slug": "field-merge", "view": "contacts:field_work", "prepare": a_merge},
    {"slug": "field-work", "view": "contacts:field_work", "prepare": a_conversion_at_work},
    {"slug": "do-not-send-full", "view": "contacts:suppressions", "prepare": entries},
    {"slug": "do-not-send-entry", "view": "contacts:suppression", "prepare": an_entry_with_history},
    {"slug": "do-not-send-complaint", "view": "contacts:suppression_lift", "prepare": a_complaint},
    {"slug": "do-not-send-upload", "view": "contacts:suppression_upload"},
    {"slug": "health-empty", "view": "contacts:health"},
    {"slug": "health", "view": "contacts:health", "prepare": in_all_states},
    {"slug": "health-number", "view": "contacts:health_number", "prepare": a_number},
    {"slug": "health-silent", "view": "contacts:health_number", "prepare": the_silent},
    {"slug": "duplicates", "view": "contacts:duplicates", "prepare": in_all_states},
]
