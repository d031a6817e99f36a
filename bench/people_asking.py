"""The asking side of `bench/people.py`, under the web's role: `python -m bench.people_asking ORGANIZATION ROUNDS FIRST PEOPLE`.

As a child process; ends with one line of JSON.
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

RARE = {  # about one in two thousand, by a condition that no index knows
    "match": "all",
    "rules": [
        {"about": "field:visits", "op": "gt", "value": "47"},
        {"about": "field:vip", "op": "yes"},
        {"about": "field:city", "op": "is", "value": "Graz"},
    ],
}
NOBODY = {"match": "all", "rules": [{"about": "field:city", "op": "is", "value": "Nowhere at all"}]}
SILENT = {
    "match": "all",
    "rules": [{"about": "activity:clicked", "op": "at_least", "times": 3, "when": "within", "days": 365}],
}


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    public_id, rounds, first, people = arguments
    print(json.dumps(ask(public_id, int(rounds), int(first), int(people))))
    return 0


def ask(public_id: str, rounds: int, first: int, people: int) -> dict[str, object]:
    """Milliseconds of each kind of page."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User
    from bench.crowd_seeding import OWNER

    dice = random.Random(1)
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(email=OWNER), backend=settings.AUTHENTICATION_BACKENDS[0])
    lists = reverse("contacts:people", kwargs={"org": public_id})
    known = _frame(public_id)

    def page(name: str, person: int) -> str:
        return reverse(name, kwargs={"org": public_id, "contact": person})

    def somebody() -> int:
        return first + dice.randrange(people)

    def listed() -> Iterator[tuple[str, str, dict[str, str | int]]]:
        for query in _lists(known, somebody):
            yield "list", lists, query

    def searched() -> Iterator[tuple[str, str, dict[str, str | int]]]:
        for query in _searches(known, dice, people):
            yield "search", lists, query

    def persons() -> Iterator[tuple[str, str, dict[str, str | int]]]:
        for _ in range(20):
            yield "person", page("contacts:person", somebody()), {}
        for _ in range(5):
            yield "person", page("contacts:person", somebody()), {"why": "letter"}
            yield "person", page("contacts:person_timeline", somebody()), {}

    taken: dict[str, list[tuple[float, str, bool]]] = {"list": [], "search": [], "person": []}
    for number in range(rounds + 1):
        for source in (listed, searched, persons):
            for kind, address, query in source():
                began = time.perf_counter()
                response = client.get(address, query)
                spent = (time.perf_counter() - began) * 1000
                if response.status_code != 200 or b"cannot be understood" in response.content:
                    raise RuntimeError(f"{address} {query}: {response.status_code}")
                partly = kind != "person" and b"We looked at" in response.content
                if number:  # the first round warms up
                    taken[kind].append((spent, json.dumps(query), partly))
    return {kind: _summed(rows) for kind, rows in taken.items()}


def _summed(rows: list[tuple[float, str, bool]]) -> dict[str, object]:
    times = [row[0] for row in rows]
    slowest = max(rows)
    return {
        "requests": len(rows),
        "median": median(times),
        "p95": quantiles(times, n=20)[-1],
        "slowest_ms": slowest[0],
        "slowest": slowest[1],
        "partly": sum(row[2] for row in rows),
    }


def _frame(public_id: str) -> dict[str, list[str]]:
    """Segments for the lists (made when they are missing), and the names that filters use."""
    from accounts.models import Organization
    from accounts.tenancy import cross_tenant, tenant_scope
    from contacts.models import Segment, Tag, Topic

    with cross_tenant("the benchmark looks for its own organization"):
        organization = Organization.objects.get(public_id=public_id)
    with tenant_scope(organization):
        segments = []
        for name, definition in (("bench rare", RARE), ("bench nobody", NOBODY), ("bench silent", SILENT)):
            segment, _ = Segment.objects.update_or_create(
                organization=organization, name=name, defaults={"definition": definition}
            )
            segments.append(segment.public_id)
        return {
            "segments": segments,
            "topics": list(Topic.objects.order_by("pk").values_list("public_id", flat=True)),
            "tags": [str(pk) for pk in Tag.objects.order_by("pk").values_list("pk", flat=True)],
        }


def _lists(known: dict[str, list[str]], somebody) -> Iterator[dict[str, str | int]]:  # type: ignore[no-untyped-def]
    """Every filter and every sort, and some of them together; from the beginning and from the middle."""
    ago = datetime.now(UTC).date() - timedelta(days=400)
    filters: list[dict[str, str | int]] = [
        {},
        *(dict[str, str | int](topic=topic) for topic in known["topics"]),
        {"topic": known["topics"][0], "stands": "pending"},
        {"topic": known["topics"][0], "stands": "unsubscribed"},
        {"tag": known["tags"][0]},
        {"tag": known["tags"][-1]},
        *(dict[str, str | int](segment=segment) for segment in known["segments"]),
        {"segment": known["segments"][0], "tag": known["tags"][3]},
        {"segment": known["segments"][0], "topic": known["topics"][2]},
        {"domain": "gmail.com"},
        {"domain": "firm7.example"},
        {"state": "suppressed"},
        {"state": "archived"},
        {"state": "mailable"},
        {"source": "api"},
        {"from": ago.isoformat(), "to": (ago + timedelta(days=2)).isoformat()},
        {"topic": known["topics"][1], "tag": known["tags"][1], "source": "form"},
    ]
    for query in filters:
        for sort in ("", "oldest", "address", "-address"):
            yield query | ({"sort": sort} if sort else {})
        yield query | {"after": somebody()}
        yield query | {"after": somebody(), "sort": "address"}
        yield query | {"before": somebody()}


def _searches(known: dict[str, list[str]], dice: random.Random, people: int) -> Iterator[dict[str, str | int]]:
    """Frequent and rare words, beginnings, whole addresses, nobody; alone and with a filter or a sort."""
    words = [
        "mü",
        "a",
        "zz",
        "müller",
        "ann",
        "łuczak",
        "firm7.example",
        "gmail",
        "example",
        "nobody-is-called-so",
        "peña",
    ]
    words += [f"{dice.randrange(people)}@" for _ in range(5)]
    for word in words:
        yield {"q": word}
        yield {"q": word, "sort": "address"}
        yield {"q": word, "topic": known["topics"][2]}
        yield {"q": word, "segment": known["segments"][0]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
