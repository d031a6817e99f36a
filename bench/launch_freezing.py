"""One round of `bench/launch.py`: `freeze` runs the worker's task on a new campaign, `bare` copies the same rows.

`python -m bench.launch_freezing freeze [UNDO]|bare` as a child process; ends with one line of JSON.
"""

import json
import os
import sys
import time


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    print(json.dumps(freeze(undo=float([*arguments, "0"][1])) if arguments[0] == "freeze" else bare()))
    return 0


def freeze(*, undo: float = 0.0) -> dict[str, object]:
    """Seconds of the worker's task, from the launch that a member clicked to the commit of the frozen audience; the moments
    (epoch) of that commit and of the end of the undo window, `undo` seconds after the click."""
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Brand, Organization
    from accounts.tenancy import cross_tenant, tenant_scope
    from bench import harbour
    from campaigns import tasks
    from campaigns.actions import campaigns
    from campaigns.enums import CampaignState
    from campaigns.models import Campaign
    from contacts.models import Topic
    from sending.actions import mailings
    from sending.models import Delivery, Mailing, SendingDomain

    with cross_tenant("the benchmark looks for its own organization"):
        organization = Organization.objects.get(name="Bench Harbour")
    with tenant_scope(organization):
        brand, topic = Brand.objects.get(is_default=True), Topic.objects.get()
        domain = SendingDomain.objects.get()
        campaign = campaigns.create(
            organization=organization, brand=brand, name="Autumn", actor=None, topic=topic, domain=domain
        )
        letter = harbour.letter(domain=domain, subject="Autumn", html="<p>Autumn</p>", text="Autumn")
        mailing = mailings.open_(organization=organization, letter=letter, topic_id=topic.pk, name="Autumn")
        now = timezone.now()
        Campaign.objects.filter(pk=campaign.pk).update(
            mailing=mailing, state=CampaignState.LAUNCHING, launched_at=now, leaves_at=now + timedelta(seconds=undo)
        )
    began = time.perf_counter()
    tasks.freeze(organization.pk, campaign.pk)
    seconds, frozen_at = time.perf_counter() - began, time.time()
    with tenant_scope(organization):
        people = Delivery.objects.filter(mailing=mailing).count()
        assert Mailing.objects.get(pk=mailing.pk).audience_size == people
    leaves_at = now.timestamp() + undo
    return {"seconds": seconds, "people": people, "frozen_at": frozen_at, "leaves_at": leaves_at}


def bare() -> dict[str, object]:
    """Seconds of the same rows into `bench_bare`, a table without indexes: no lanes, no tallies."""
    from django.db import connection, transaction

    from accounts.models import Organization
    from accounts.tenancy import cross_tenant, tenant_scope
    from contacts.models import Topic
    from contacts.queries import audience

    with cross_tenant("the benchmark looks for its own organization"):
        organization = Organization.objects.get(name="Bench Harbour")
    began = time.perf_counter()
    with transaction.atomic(), tenant_scope(organization), connection.cursor() as cursor:
        people = audience.select(organization=organization, topic=Topic.objects.get())
        cursor.execute(
            f"""
            INSERT INTO bench_bare (id, organization_id, mailing_id, contact_id, occasion, lane_id, address, state, variant,
                                    attempts, due_at, reason, code, provider, created_at, changed_at)
            SELECT a.contact_id, %s, 1, a.contact_id, 0, 1, a.address, CASE WHEN a.reason IS NULL THEN 1 ELSE 20 END, 0, 0,
                   now(), coalesce(a.reason, ''), '', '', now(), now()
            FROM ({people.text}) a
            """,
            [organization.pk, *people.params],
        )
        copied = cursor.rowcount
    return {"seconds": time.perf_counter() - began, "people": copied}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
