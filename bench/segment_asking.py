"""The asking side of `bench/segment.py`, under the web's role: `python -m bench.segment_asking ratio|builder ORGANIZATION ROUNDS`.

As a child process; ends with one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median, quantiles
from typing import Any

# People of Harbour news in Norway or Spain with some visits, who either opened twice within 90 days without clicking within
# 30, or are tagged and on no list; and not the archived ones. Three groups deep, two conditions about activity.
QUESTION = {
    "match": "all",
    "rules": [
        {"about": "topic", "op": "subscribed", "value": "TOPIC"},
        {"about": "field:country", "op": "one_of", "value": ["Norway", "Spain"]},
        {
            "match": "any",
            "rules": [
                {
                    "match": "all",
                    "rules": [
                        {"about": "activity:opened", "op": "at_least", "times": 2, "when": "within", "days": 90},
                        {"about": "activity:clicked", "op": "never", "when": "within", "days": 30},
                    ],
                },
                {
                    "match": "all",
                    "rules": [
                        {"about": "tag", "op": "any_of", "value": ["TAG"]},
                        {"about": "suppressed", "op": "no"},
                    ],
                },
            ],
        },
    ],
}

# The same, by hand, by somebody who knows the tables. Two ways, since which is best depends on the machine: sets made once and
# joined by hash, and hashed subqueries. The quicker one counts.
_OPENED = """SELECT contact_id FROM sending_engagement
    WHERE mailing_id = ANY(%(mailings)s::bigint[]) AND opened_at >= %(d90)s AND opened_at < %(end)s
    GROUP BY contact_id HAVING count(*) >= 2"""
_CLICKED = """SELECT DISTINCT contact_id FROM sending_engagement
    WHERE mailing_id = ANY(%(mailings)s::bigint[]) AND clicked_at >= %(d30)s AND clicked_at < %(end)s"""
_LISTED = """SELECT address_key FROM contacts_suppression
    WHERE organization_id = %(organization)s AND lifted_at IS NULL AND topic_id IS NULL"""
_PEOPLE = """c.organization_id = %(organization)s AND c.archived_at IS NULL AND c.erased_at IS NULL
    AND lower(c.values ->> 'country') IN ('norway', 'spain')"""
BY_HAND = {
    "joins": f"""
        SELECT count(*)
        FROM contacts_subscription s
        JOIN contacts_contact c ON c.id = s.contact_id
        LEFT JOIN ({_OPENED}) opened ON opened.contact_id = c.id
        LEFT JOIN ({_CLICKED}) clicked ON clicked.contact_id = c.id
        LEFT JOIN contacts_tagging t ON t.contact_id = c.id AND t.tag_id = %(tag)s
        LEFT JOIN (SELECT DISTINCT address_key FROM ({_LISTED}) l) listed ON listed.address_key = c.address_key
        LEFT JOIN contacts_housesuppression house ON house.address_key = c.address_key
        WHERE s.topic_id = %(topic)s AND s.state = 1 AND {_PEOPLE}
          AND ((opened.contact_id IS NOT NULL AND clicked.contact_id IS NULL)
               OR (t.id IS NOT NULL AND listed.address_key IS NULL AND house.id IS NULL))
        """,
    "subqueries": f"""
        SELECT count(*) FROM contacts_contact c
        WHERE {_PEOPLE}
          AND c.id IN (SELECT contact_id FROM contacts_subscription WHERE topic_id = %(topic)s AND state = 1)
          AND ((c.id IN ({_OPENED}) AND c.id NOT IN ({_CLICKED}))
               OR (c.id IN (SELECT contact_id FROM contacts_tagging WHERE tag_id = %(tag)s)
                   AND c.address_key NOT IN ({_LISTED})
                   AND c.address_key NOT IN (SELECT address_key FROM contacts_housesuppression)))
        """,
}


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    what, public_id, rounds = arguments
    print(json.dumps({"ratio": ratio, "builder": builder}[what](public_id, int(rounds))))
    return 0


def ratio(public_id: str, rounds: int) -> dict[str, object]:
    """Milliseconds of the product's count and of those by hand, by turns."""
    from datetime import timedelta

    from django.db import connection

    from accounts.models import Organization
    from accounts.tenancy import cross_tenant, tenant_scope
    from contacts.models import Tag, Topic
    from contacts.queries import audience, segments
    from sending.models import Mailing

    with cross_tenant("the benchmark looks for its own organization"):
        organization = Organization.objects.get(public_id=public_id)
    with tenant_scope(organization):
        topic, tag = Topic.objects.get(name="Harbour news"), Tag.objects.get(name="vip")
        clock = audience.clock(organization)
        params: dict[str, Any] = {
            "organization": organization.pk,
            "topic": topic.pk,
            "tag": tag.pk,
            "mailings": list(Mailing.objects.filter(sealed_at__isnull=False).values_list("pk", flat=True)),
            "d90": clock.start_of(clock.today - timedelta(days=90)),
            "d30": clock.start_of(clock.today - timedelta(days=30)),
            "end": clock.start_of(clock.today + timedelta(days=1)),
        }
    definition = json.loads(json.dumps(QUESTION).replace("TOPIC", topic.public_id).replace('"TAG"', f'"{tag.pk}"'))

    def compiled() -> int:
        return segments.found(organization, definition).people

    def by_hand(statement: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(statement, params)
            found: int = cursor.fetchone()[0]
            return found

    def timed(act: Callable[[], int]) -> tuple[float, int]:
        with tenant_scope(organization):
            began = time.perf_counter()
            people = act()
            return (time.perf_counter() - began) * 1000, people

    sides: dict[str, Callable[[], int]] = {"compiled": compiled}
    sides |= {name: partial(by_hand, statement) for name, statement in BY_HAND.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    people = timed(compiled)[1]
    for number in range(rounds + 1):
        for name, act in sides.items():
            took, found = timed(act)
            if found != people:
                raise RuntimeError(f"{name} finds {found} people, the segment {people}.")
            if number:  # the first round warms up
                times[name].append(took)
    return {"times": times, "people": people}


def builder(public_id: str, rounds: int) -> dict[str, object]:
    """Milliseconds of the builder's answers, as a marketer puts the segment together and changes it."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from accounts.models import Organization, User
    from accounts.tenancy import cross_tenant, tenant_scope
    from bench.crowd_seeding import OWNER
    from contacts.models import Tag, Topic

    with cross_tenant("the benchmark looks for its own organization"):
        organization = Organization.objects.get(public_id=public_id)
    with tenant_scope(organization):
        topic, tag = Topic.objects.get(name="Harbour news").public_id, str(Tag.objects.get(name="vip").pk)
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(email=OWNER), backend=settings.AUTHENTICATION_BACKENDS[0])
    count = reverse("contacts:segment_count", kwargs={"org": public_id})
    first, exact = [], []
    for number in range(rounds):
        for form in forms(topic, tag, number):
            began = time.perf_counter()
            answer = client.post(count, form)
            first.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200 or b"figure-text" not in answer.content:
                raise RuntimeError(f"The builder answered {answer.status_code}: {answer.content[:300]!r}")
        began = time.perf_counter()
        client.post(count, form | {"exactly": "1"})
        exact.append((time.perf_counter() - began) * 1000)
    return {
        "p95": quantiles(first, n=20)[-1],
        "median": median(first),
        "slowest": max(first),
        "exact": median(exact),
        "requests": len(first),
    }


def forms(topic: str, tag: str, number: int) -> list[dict[str, str]]:
    """The form after each step of building QUESTION; `number` varies its values."""
    steps: list[dict[str, str]] = [
        {"r.match": "all"},
        {"r.0.about": "topic", "r.0.op": "subscribed", "r.0.value": topic},
        {"r.1.about": "field:country", "r.1.op": "one_of", "r.1.value": "Norway, Spain"},
        {"r.2.match": "any", "r.2.0.match": "all"}
        | {"r.2.0.0.about": "activity:opened", "r.2.0.0.op": "at_least", "r.2.0.0.times": str(1 + number % 3)}
        | {"r.2.0.0.when": "within", "r.2.0.0.days": str(60 + 10 * number)},
        {"r.2.0.1.about": "activity:clicked", "r.2.0.1.op": "never", "r.2.0.1.when": "within", "r.2.0.1.days": "30"},
        {"r.2.1.match": "all", "r.2.1.0.about": "tag", "r.2.1.0.op": "any_of", "r.2.1.0.value": tag},
        {"r.2.1.1.about": "suppressed", "r.2.1.1.op": "no"},
        {"r.3.about": "score", "r.3.op": "le", "r.3.value": str(50 + number)},
        {"r.4.about": "consent", "r.4.op": "given", "r.4.when": "ago", "r.4.days": str(100 + number)},
        {"r.5.about": "activity:delivered", "r.5.op": "at_least", "r.5.times": "3", "r.5.which": ""},
    ]
    found: list[dict[str, str]] = []
    form: dict[str, str] = {}
    for step in steps:
        form = form | step
        found.append(form)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
