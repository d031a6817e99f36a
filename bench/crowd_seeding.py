"""The frame of `bench/crowd.py`: an organization with its owner, topics, fields, tags, a letter and campaigns that were sent.

`python -m bench.crowd_seeding MAILINGS` as a child process; ends with one line of JSON: the ids that the crowd hangs on.
"""

import json
import os
import sys
from datetime import timedelta

OWNER = "crowd@posthouse.example"
TAGS = (
    *("vip", "wholesale", "staff", "press", "gift card", "loyalty", "summer fair", "winter fair", "tasting", "webshop"),
    *(
        "shop north",
        "shop south",
        "partner",
        "student",
        "teacher",
        "returning",
        "complained once",
        "survey",
        "beta",
        "Café",
    ),
)
FIELDS: tuple[tuple[str, str, str, list[str]], ...] = (
    ("city", "City", "text", []),
    ("country", "Country", "choice", ["Norway", "Germany", "Spain", "Poland", "France"]),
    ("birthday", "Birthday", "date", []),
    ("visits", "Visits", "number", []),
    ("vip", "VIP", "boolean", []),
    ("last_order", "Last order", "datetime", []),
    ("interests", "Interests", "multi", ["Beans", "Brewing", "Tea", "Chocolate", "Travel"]),
)
DAYS_BETWEEN = 14


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    print(json.dumps(seed(mailings=int(arguments[0]))))
    return 0


def seed(*, mailings: int) -> dict[str, object]:
    from django.utils import timezone

    from accounts.models import Brand
    from accounts.tenancy import tenant_scope
    from bench import harbour
    from campaigns.enums import CampaignState
    from campaigns.models import Campaign
    from contacts.models import Field, Tag, Topic
    from sending.actions import domains
    from sending.actions import mailings as launches
    from sending.models import Mailing

    organization, owner = harbour.found(name="Bench Crowd", email=OWNER)
    now = timezone.now()
    with tenant_scope(organization):
        brand = Brand.objects.get(organization=organization, is_default=True)
        topics = [
            Topic.objects.create(organization=organization, brand=brand, name=name)
            for name in ("Harbour news", "Offers", "Events")
        ]
        for position, (key, label, kind, choices) in enumerate(FIELDS):
            Field.objects.create(
                organization=organization, key=key, label=label, kind=kind, choices=choices, position=position
            )
        tags = [Tag.objects.create(organization=organization, name=name).pk for name in TAGS]
        domain = domains.add(organization=organization, name="bench-crowd.example", actor=owner)
        html = '<p>News. <a href="https://www.example.com/a">One</a> <a href="https://www.example.com/b">Two</a></p>'
        letter = harbour.letter(domain=domain, subject="News from the harbour", html=html, text="News")
        sent = []
        for number in range(1, mailings + 1):
            at = now - timedelta(days=DAYS_BETWEEN * (mailings - number) + 1)
            mailing = launches.open_(
                organization=organization, letter=letter, topic_id=topics[0].pk, name=f"Harbour news {number}"
            )
            Mailing.objects.filter(pk=mailing.pk).update(
                created_at=at, sealed_at=at, finished_at=at + timedelta(hours=3)
            )
            Campaign.objects.create(
                organization=organization,
                brand=brand,
                name=f"Harbour news {number}",
                state=CampaignState.FINISHED,
                subject="News from the harbour",
                topic=topics[0],
                domain=domain,
                mailing=mailing,
                launched_at=at,
                finished_at=at + timedelta(hours=3),
            )
            sent.append(mailing.pk)
    return {
        "organization": organization.pk,
        "public_id": organization.public_id,
        "owner": owner.pk,
        "topics": [topic.pk for topic in topics],
        "tags": tags,
        "mailings": sent,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
