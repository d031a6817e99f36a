"""What a proof needs in the house, made with the product's own verbs: `python -m prove.seeding found|launch ...`, JSON out.

Runs as the web would: under the role that row-level security binds.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

MJML = """\
<mjml lang="en">
  <mj-head><mj-title>Autumn at the harbour</mj-title></mj-head>
  <mj-body>
    <mj-section><mj-column>
      <mj-text>Hello {{ contact.first_name | default: "there" }}, the harbour opens on Sunday.</mj-text>
      <mj-button href="https://www.example.com/programme">The programme</mj-button>
      <mj-text>{{ brand.name }}, {{ brand.postal_address }}</mj-text>
      <mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> or <a href="{{ preferences_url }}">choose what you get</a></mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    founding = verbs.add_parser("found")
    founding.add_argument("--prefix", required=True, help="how every address begins")
    founding.add_argument("--people", type=int, required=True)
    founding.add_argument("--domains", default="", help="where the people live, comma-separated")
    launching = verbs.add_parser("launch")
    launching.add_argument("--campaign", type=int, required=True)
    launching.add_argument(
        "--at", type=float, default=0.0, help="seconds since 1970: wait until then, and begin at once"
    )
    launching.add_argument(
        "--start",
        type=float,
        default=0.0,
        help="seconds since 1970: leave then, a fifth first, the rest a minute later",
    )
    options = parser.parse_args(arguments)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    if options.verb == "found":
        answer = found(
            prefix=options.prefix, people=options.people, homes=tuple(filter(None, options.domains.split(",")))
        )
    else:
        answer = launch(campaign_id=options.campaign, at=options.at, start=options.start)
    print(json.dumps(answer))
    return 0


def found(*, prefix: str, people: int, homes: tuple[str, ...] = ()) -> dict[str, object]:
    """An organization with people, a topic that they have subscribed to, a domain that DNS verified, and a campaign."""
    from django.conf import settings

    from accounts.models import Brand
    from accounts.tenancy import tenant_scope
    from bench import harbour
    from campaigns.actions import campaigns, schedules
    from posthouse.sandbox.store import Store
    from posthouse.sandbox.zone import Record
    from prove.world import DOMAINS
    from reputation.actions import domain_checks
    from reputation.models import DomainCheck
    from sending.actions import domains as sending_domains
    from sending.queries import domains as domain_records

    name = prefix.strip("-").capitalize()
    organization, owner = harbour.found(name=f"{name} Harbour", email=f"{prefix}owner@posthouse.example")
    with tenant_scope(organization):
        domain = sending_domains.add(
            organization=organization, name=f"{prefix.strip('-')}-harbour.example", actor=owner
        )
        records = domain_records.records(domain).needed
    with Store(Path(settings.SANDBOX_STORE)) as store:
        store.publish([Record(record.name, record.type, record.value) for record in records])
    domain_checks.run(organization_id=organization.pk, domain_id=domain.pk)
    with tenant_scope(organization):
        domain.refresh_from_db()
        if domain.state != "verified":
            found_out = [
                f"{check.check_name}: {check.status}: {check.message}"
                for check in DomainCheck.objects.filter(domain=domain)
            ]
            raise SystemExit(f"{domain.name} is {domain.state} although its records are published. {found_out}")
        topic = subscribe(organization=organization, prefix=prefix, people=people, homes=homes or DOMAINS)
        brand = Brand.objects.get(organization=organization, is_default=True)
        campaign = campaigns.create(
            organization=organization, brand=brand, name="Autumn", actor=owner, topic=topic, domain=domain
        )
        campaigns.edit(
            campaign=campaign,
            actor=owner,
            subject="Autumn at the harbour",
            preheader="Programme and tides",
            from_name="Harbour",
            from_local="news",
        )
        schedules.choose(campaign=campaign, actor=owner, undo_minutes=0)
        campaigns.choose_content(campaign=campaign, name="Autumn", mjml=MJML, actor=owner)
    return {"organization": organization.pk, "campaign": campaign.pk, "domain": domain.name}


def subscribe(*, organization, prefix: str, people: int, homes: tuple[str, ...]):  # type: ignore[no-untyped-def]
    """People and their subscriptions, in one sweep: an import would do it, and is proved elsewhere."""
    from django.utils import timezone

    from accounts.models import Brand
    from contacts.enums import SubscriptionState
    from contacts.models import Contact, Subscription, Topic

    brand = Brand.objects.get(organization=organization, is_default=True)
    topic = Topic.objects.create(organization=organization, brand=brand, name="Harbour news")
    contacts = [
        Contact(
            organization=organization,
            address=f"{prefix}{number}@{homes[number % len(homes)]}",
            address_key=f"{prefix}{number}@{homes[number % len(homes)]}",
            domain=homes[number % len(homes)],
            values={"first_name": f"Zoë {number}"} if number % 3 else {},
        )
        for number in range(people)
    ]
    Contact.objects.bulk_create(contacts, batch_size=2_000)
    now = timezone.now()
    Subscription.objects.bulk_create(
        [
            Subscription(
                organization=organization,
                contact=contact,
                topic=topic,
                state=SubscriptionState.SUBSCRIBED,
                changed_at=now,
            )
            for contact in contacts
        ],
        batch_size=2_000,
    )
    return topic


def launch(*, campaign_id: int, at: float, start: float) -> dict[str, object]:
    """Press Send, as its page does: launch, and wake the worker after the commit. `launched` false: somebody was faster."""
    from datetime import UTC, datetime

    from django.db import transaction

    from accounts.models import User
    from accounts.tenancy import cross_tenant, tenant_scope_id
    from campaigns import tasks
    from campaigns.actions import launches, schedules
    from campaigns.models import Campaign
    from campaigns.queries import checklist

    with cross_tenant("a proof looks up whose campaign it launches"):
        organization_id = Campaign.objects.get(pk=campaign_id).organization_id
    time.sleep(max(0.0, at - time.time()))
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.get(pk=campaign_id)
        actor = User.objects.get(pk=campaign.created_by_id)
        if start:
            careful = {"percent": 20, "minutes": 1, "bounces": 10.0, "complaints": 1.0, "go_on": True}
            start_at = datetime.fromtimestamp(start, UTC)
            schedules.choose(campaign=campaign, actor=actor, start_at=start_at, undo_minutes=0, canary=careful)
        accepted = [result.name for result in checklist.results(campaign) if result.status in ("warn", "unknown")]
        launched = launches.launch(campaign=campaign, actor=actor, accepted=accepted)
        if launched and not start:
            transaction.on_commit(lambda: tasks.freeze.delay(organization_id, campaign_id), robust=True)
    return {"launched": launched, "accepted": accepted}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
