"""Imports as they look in every phase, from the export of another service to what was taken back."""

import io
import zipfile
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from contacts.actions import import_undo, import_work, imports, subscriptions, suppressions, tags
from contacts.actions.imports import Consent
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SuppressionReason
from contacts.models import Contact, Import, Topic
from tests.face import audience

HEAD = (
    "Email Address,First Name,Last Name,City,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,EUID,TAGS"
)


def archive() -> bytes:
    """A ZIP as Mailchimp makes it: who is subscribed, who left, and whose address did not work."""
    subscribed = "".join(
        f"guest{n}@post.example,{audience.NAMES[n % 6][0]},{audience.NAMES[n % 6][1]},{'Köln' if n % 4 else 'Düsseldorf'},3,"
        f"2021-03-{1 + n % 28:02d} 09:30:00,192.0.2.{n},2021-03-{1 + n % 28:02d} 09:41:00,192.0.2.{n},{n},e{n},"
        + ('"""VIP"",""Tea club"""' if n % 3 == 0 else "")
        + "\n"
        for n in range(60)
    )
    subscribed += "mia@gmial.com,Mia,,Bonn,2,,,,,900,e900,\ninfo@kettle.example,,,Bonn,2,,,,,901,e901,\n"
    subscribed += "no address,,,,2,,,,,902,e902,\n"
    left = "".join(
        f"gone{n}@post.example,Gone,,,1,,,,,{1000 + n},g{n},,2024-05-{1 + n % 28:02d} 10:00:00,Too many mails\n"
        for n in range(7)
    )
    cleaned = "".join(f"full{n}@post.example,,,,1,,,,,{2000 + n},c{n},,2023-11-05 10:00:00\n" for n in range(4))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("subscribed_members_export_8f1.csv", f"{HEAD}\n{subscribed}")
        zipped.writestr("unsubscribed_members_export_8f1.csv", f"{HEAD},UNSUB_TIME,UNSUB_REASON\n{left}")
        zipped.writestr("cleaned_members_export_8f1.csv", f"{HEAD},CLEAN_TIME\n{cleaned}")
    return file.getvalue()


def brought(organization: Organization) -> Import:
    audience.people(organization, 30)
    tags.ensure(organization, ["VIP"])
    topic = Topic.objects.order_by("name")[0]
    yes = Statement(ConsentSource.FORM, "Yes")
    for contact in Contact.objects.order_by("pk")[4:6]:
        subscriptions.subscribe(contact=contact, topic=topic, statement=yes)
        subscriptions.unsubscribe(contact=contact, topic=topic, statement=Statement(ConsentSource.ONE_CLICK))
    suppressions.suppress(
        organization=organization,
        address="guest40@post.example",
        reason=SuppressionReason.COMPLAINED,
        source="complaint",
    )
    return imports.receive(
        organization=organization, file_name="audience_export_8f1.zip", chunks=[archive()], actor=None
    )


def opening(organization: Organization) -> dict[str, Any]:
    import_ = brought(organization)
    Import.objects.update(
        rows_staged=184_000, started_at=timezone.now() - timedelta(seconds=11), worker="w", beat_at=timezone.now()
    )
    return {"import_": import_.public_id}


def opened(organization: Organization) -> dict[str, Any]:
    import_ = brought(organization)
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    return {"import_": import_.public_id}


def plan(organization: Organization) -> dict[str, Any]:
    here = opened(organization)
    import_ = Import.objects.get()
    imports.match_columns(
        import_=import_,
        matches=imports.as_guessed(import_),
        topics=list(Topic.objects.order_by("name")[:1]),
        consent=Consent(
            "consent", "Yes, write to me about kettles.", "The form of our old newsletter", date(2026, 5, 1)
        ),
        tag_names=["From Mailchimp"],
        actor=None,
    )
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    return here


def rows(kind: str) -> Any:
    return lambda organization: {**plan(organization), "kind": kind}


def done(organization: Organization) -> dict[str, Any]:
    here = plan(organization)
    import_ = Import.objects.get()
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    return here


def too_late(organization: Organization) -> dict[str, Any]:
    here = done(organization)
    Import.objects.update(finished_at=timezone.now() - timedelta(days=40))
    return here


def taken_back(organization: Organization) -> dict[str, Any]:
    here = done(organization)
    import_ = Import.objects.get()
    import_undo.start(import_=import_, actor=None)
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    return here


PAGES: list[dict[str, Any]] = [
    {"slug": "import-opening", "view": "contacts:import", "prepare": opening},
    {"slug": "import-match-mailchimp", "view": "contacts:import", "prepare": opened},
    {"slug": "import-plan-mailchimp", "view": "contacts:import", "prepare": plan},
    {"slug": "import-plan-analyst", "view": "contacts:import", "prepare": plan, "who": "analyst"},
    {"slug": "import-rows-changed", "view": "contacts:import_rows", "prepare": rows("changed")},
    {"slug": "import-rows-invalid", "view": "contacts:import_rows", "prepare": rows("invalid")},
    {"slug": "import-done", "view": "contacts:import", "prepare": done},
    {"slug": "import-too-late", "view": "contacts:import", "prepare": too_late},
    {"slug": "import-undo", "view": "contacts:import_undo", "prepare": done},
    {"slug": "import-undone", "view": "contacts:import", "prepare": taken_back},
]
