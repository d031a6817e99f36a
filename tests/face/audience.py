"""The audience's pages and what they show: people, topics, segments, imports, the do-not-send list."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Brand, Organization
from contacts.actions import fields, import_work, imports, segments, subscriptions, suppressions
from contacts.actions.imports import Consent
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, ImportState, SuppressionReason
from contacts.models import Contact, Import, Segment, Suppression, Topic

NAMES = (
    ("Zoë", "Müller-Lüdenscheidt", "de"),
    ("عمر", "الفاروق", "ar"),
    ("José", "García Márquez", "es"),
    ("🫖 Teapot", "", "en"),
    ("", "", ""),
    ("Łucja", "Wójcik", "pl"),
)
LIST = (
    "Email Address;First Name;City;Visits;Joined;VIP;MEMBER_RATING\n"
    + "".join(
        f"guest{n}@post.example;{NAMES[n % 6][0]};Köln;{n};{1 + n % 28:02d}.02.2024;{'ja' if n % 3 else 'nein'};2\n"
        for n in range(60)
    )
    + "not an address;Bob;Rome;many;31.02.2024;perhaps;2\n"
    + "guest1@post.example;Again;Rome;1;01.02.2024;ja;2\n"
    + "".join(f"broken{n}@;X;Y;1;01.02.2024;ja;2\n" for n in range(30))
)


def people(organization: Organization, n: int = 60) -> dict[str, Any]:
    brand = Brand.objects.get(organization=organization, is_default=True)
    fields.create(organization=organization, label="City", kind="text", actor=None)
    fields.create(organization=organization, label="Visits", kind="number", actor=None)
    topics = [
        Topic.objects.create(organization=organization, brand=brand, name=name, description=words)
        for name, words in (("Kettle weekly", "New kettles and how to keep them, every Thursday."), ("Offers", ""))
    ]
    rows = Contact.objects.bulk_create(
        Contact(
            organization=organization,
            address=f"guest{i}@post.example",
            address_key=f"guest{i}@post.example",
            domain="post.example",
            locale=NAMES[i % 6][2],
            source="import",
            values={"first_name": NAMES[i % 6][0], "last_name": NAMES[i % 6][1], "city": "Köln", "visits": i},
        )
        for i in range(n)
    )
    yes = Statement(ConsentSource.FORM, "Yes, write to me about kettles.", ip="192.0.2.7")
    for row in rows[::2]:
        subscriptions.subscribe(contact=row, topic=topics[0], statement=yes)
    for row in rows[-3:]:
        suppressions.suppress(
            organization=organization,
            address=row.address_key,
            reason=SuppressionReason.INVALID,
            source="relay",
            evidence="550 5.1.1 No such user here",
        )
    person = rows[-2]
    subscriptions.subscribe(contact=person, topic=topics[1], statement=yes)
    subscriptions.unsubscribe(contact=person, topic=topics[0], statement=Statement(ConsentSource.ONE_CLICK))
    return {"contact": person.pk}


def only_rows(organization: Organization) -> dict[str, Any]:
    people(organization)
    return {}


def a_topic(organization: Organization) -> dict[str, Any]:
    people(organization, 3)
    return {"topic": Topic.objects.order_by("name")[0].public_id}


def a_segment(organization: Organization) -> dict[str, Any]:
    people(organization)
    topic = Topic.objects.order_by("name")[0]
    nested = {
        "match": "any",
        "rules": [
            {"about": "field:visits", "op": "ge", "value": "10"},
            {"about": "created", "op": "within", "value": 30},
            {"about": "topic", "op": "subscribed", "value": topic.public_id},
        ],
    }
    segment = segments.save(
        organization=organization,
        segment=None,
        name="Cologne regulars",
        definition={"match": "all", "rules": [{"about": "field:city", "op": "is", "value": "Köln"}, nested]},
        actor=None,
    )
    return {"segment": segment.public_id}


def the_list_of_segments(organization: Organization) -> dict[str, Any]:
    a_segment(organization)
    Segment.objects.create(organization=organization, name="Everybody", definition={"match": "all", "rules": []})
    return {}


def an_entry(organization: Organization) -> dict[str, Any]:
    people(organization, 3)
    return {"suppression": Suppression.objects.order_by("pk")[0].pk}


def uploaded(organization: Organization) -> Import:
    people(organization, 10)
    return imports.receive(
        organization=organization, file_name="mailchimp-members.csv", chunks=[LIST.encode()], actor=None
    )


def an_upload(organization: Organization) -> dict[str, Any]:
    return {"import_": uploaded(organization).public_id}


def reading(organization: Organization) -> Import:
    import_ = uploaded(organization)
    matches = imports.as_guessed(import_)
    consent = Consent("consent", "Yes, write to me about kettles.", "The till in Cologne", date(2026, 5, 1))
    topics = list(Topic.objects.order_by("name")[:1])
    imports.match_columns(import_=import_, matches=matches, topics=topics, consent=consent, actor=None)
    return import_


def a_reading(organization: Organization) -> dict[str, Any]:
    import_ = reading(organization)
    Import.objects.update(
        rows_staged=41, started_at=timezone.now() - timedelta(seconds=9), worker="w", beat_at=timezone.now()
    )
    return {"import_": import_.public_id}


def a_plan(organization: Organization) -> dict[str, Any]:
    import_ = reading(organization)
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    return {"import_": import_.public_id}


def an_end(organization: Organization) -> dict[str, Any]:
    kwargs = a_plan(organization)
    import_ = Import.objects.get()
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    return kwargs


def a_failure(organization: Organization) -> dict[str, Any]:
    kwargs = an_upload(organization)
    Import.objects.update(
        state=ImportState.FAILED,
        problem="The upload is not there any more. Import the file again.",
        finished_at=timezone.now(),
    )
    return kwargs


def the_list_of_imports(organization: Organization) -> dict[str, Any]:
    an_end(organization)
    return {}


PAGES: list[dict[str, Any]] = [
    {"slug": "people-empty", "view": "contacts:people"},
    {"slug": "people", "view": "contacts:people", "prepare": only_rows},
    {"slug": "people-search", "view": "contacts:people", "prepare": only_rows, "query": "q=garc%C3%ADa"},
    {"slug": "person", "view": "contacts:person", "prepare": people},
    {"slug": "person-analyst", "view": "contacts:person", "prepare": people, "who": "analyst"},
    {"slug": "person-new", "view": "contacts:person_new", "prepare": only_rows},
    {"slug": "person-edit", "view": "contacts:person_edit", "prepare": people},
    {"slug": "topics-empty", "view": "contacts:topics"},
    {"slug": "topics", "view": "contacts:topics", "prepare": only_rows},
    {"slug": "topic", "view": "contacts:topic_edit", "prepare": a_topic},
    {"slug": "segments-empty", "view": "contacts:segments"},
    {"slug": "segments", "view": "contacts:segments", "prepare": the_list_of_segments},
    {"slug": "segment-new", "view": "contacts:segment_new", "prepare": only_rows},
    {"slug": "segment", "view": "contacts:segment_edit", "prepare": a_segment},
    {"slug": "do-not-send-empty", "view": "contacts:suppressions"},
    {"slug": "do-not-send", "view": "contacts:suppressions", "prepare": only_rows},
    {"slug": "do-not-send-new", "view": "contacts:suppression_new"},
    {"slug": "do-not-send-lift", "view": "contacts:suppression_lift", "prepare": an_entry},
    {"slug": "imports-empty", "view": "contacts:imports"},
    {"slug": "imports", "view": "contacts:imports", "prepare": the_list_of_imports},
    {"slug": "import-new", "view": "contacts:import_new"},
    {"slug": "import-match", "view": "contacts:import", "prepare": an_upload},
    {"slug": "import-plan", "view": "contacts:import", "prepare": a_plan},
    {"slug": "import-over", "view": "contacts:import", "prepare": an_end},
    {"slug": "import-failed", "view": "contacts:import", "prepare": a_failure},
]
