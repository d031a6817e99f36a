"""The pages of segments in full: a builder with every kind of control, an explained zero, versions, and trouble in its place."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization, User
from contacts.actions import segments, tags
from contacts.models import Contact, Field, Segment, Tag, Topic
from sending.actions import streams
from sending.enums import StreamKind
from sending.models import Engagement, Mailing
from tests.face.audience import people


def campaigns(organization: Organization) -> list[Mailing]:
    """Three campaigns that were sent, which every third person opened."""
    stream = streams.ensure(organization=organization, kind=StreamKind.MARKETING)
    made = []
    for weeks, name in ((5, "Autumn letter"), (3, "Harvest"), (1, "Café opening ☕")):
        at = timezone.now() - timedelta(weeks=weeks)
        made.append(Mailing.objects.create(organization=organization, stream=stream, name=name, sealed_at=at))
    for number, contact in enumerate(Contact.objects.order_by("pk")[::3]):
        Engagement.objects.create(
            organization=organization,
            delivery_id=number + 1,
            mailing_id=made[number % 3].pk,
            contact_id=contact.pk,
            opened_at=timezone.now() - timedelta(days=number),
        )
    return made


def save(organization: Organization, name: str, *rules: dict[str, Any], segment: Segment | None = None) -> Segment:
    return segments.save(
        organization=organization,
        segment=segment,
        name=name,
        definition={"match": "all", "rules": list(rules)},
        actor=User.objects.order_by("pk").first(),
    )


def with_everything(organization: Organization) -> dict[str, Any]:
    people(organization)
    letter = campaigns(organization)[-1]
    tag = tags.ensure(organization, ["VIP", "Wholesale", "مقهى"])["VIP"]
    tags.put_on(tag=tag, ids=list(Contact.objects.values_list("pk", flat=True)[:20]))
    topic = Topic.objects.order_by("name")[0]
    silent = save(
        organization, "Silent people", {"about": "activity:opened", "op": "never", "when": "within", "days": 90}
    )
    save(organization, "Sunset", {"about": "segment", "op": "in", "value": silent.public_id})
    segment = save(
        organization,
        "Fans of the café",
        {"about": "score", "op": "ge", "value": 5},
        {
            "match": "any",
            "rules": [
                {"about": "activity:opened", "op": "at_least", "times": 1, "latest": 3, "when": "within", "days": 60},
                {"about": "activity:clicked", "op": "exactly", "times": 2, "campaign": letter.public_id},
                {"about": "consent", "op": "given", "topic": topic.public_id, "source": ["form", "import"]},
                {"match": "none", "rules": [{"about": "tag", "op": "any_of", "value": [str(tag.pk)]}]},
            ],
        },
        {"about": "segment", "op": "not_in", "value": silent.public_id},
        {"about": "created", "op": "between", "value": ["2026-01-01", "2026-12-31"]},
        {"about": "suppressed", "op": "no"},
    )
    return {"segment": segment.public_id}


def nobody(organization: Organization) -> dict[str, Any]:
    people(organization)
    segment = save(
        organization,
        "Nobody at all",
        {"about": "field:city", "op": "is", "value": "Köln"},
        {"about": "field:city", "op": "is", "value": "Atlantis"},
    )
    return {"segment": segment.public_id}


def broken(organization: Organization) -> dict[str, Any]:
    """A tag that is gone, and a field that is archived."""
    people(organization)
    tag = Tag.objects.create(organization=organization, name="Gone")
    segment = save(
        organization,
        "From an earlier time",
        {"about": "field:city", "op": "is", "value": "Köln"},
        {"about": "tag", "op": "any_of", "value": [str(tag.pk)]},
    )
    Field.objects.filter(key="city").update(archived_at=timezone.now())
    tag.delete()
    return {"segment": segment.public_id}


def used(organization: Organization) -> dict[str, Any]:
    with_everything(organization)
    return {"segment": Segment.objects.get(name="Silent people").public_id}


def with_versions(organization: Organization) -> dict[str, Any]:
    people(organization)
    city = {"about": "field:city", "op": "is", "value": "Köln"}
    segment = save(organization, "Cologne", city)
    save(organization, "Cologne", city, {"about": "field:visits", "op": "ge", "value": 3}, segment=segment)
    save(organization, "Cologne", {"about": "field:visits", "op": "ge", "value": 10}, segment=segment)
    return {"segment": segment.public_id}


PAGES: list[dict[str, Any]] = [
    {"slug": "segment-everything", "view": "contacts:segment_edit", "prepare": with_everything},
    {"slug": "segment-analyst", "view": "contacts:segment_edit", "prepare": with_everything, "who": "analyst"},
    {"slug": "segment-nobody", "view": "contacts:segment_edit", "prepare": nobody},
    {"slug": "segment-broken", "view": "contacts:segment_edit", "prepare": broken},
    {"slug": "segment-used", "view": "contacts:segment_edit", "prepare": used},
    {"slug": "segment-versions", "view": "contacts:segment_versions", "prepare": with_versions},
]
