"""The asking side of `bench/reading.py`, under the web's role: `python -m bench.reading_asking ORGANIZATION ROUNDS`.

As a child process; ends with one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Iterable
from statistics import median, quantiles
from typing import Any


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    public_id, rounds = arguments
    print(json.dumps(ask(public_id, int(rounds))))
    return 0


def ask(public_id: str, rounds: int) -> dict[str, Any]:
    """Milliseconds of the pages; `retrying`: how many messages the report says are retried."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from accounts.models import Organization, User
    from accounts.tenancy import cross_tenant, tenant_scope
    from bench.crowd_seeding import OWNER
    from campaigns.models import Campaign
    from campaigns.queries import reports

    with cross_tenant("the benchmark looks for its own organization"):
        organization = Organization.objects.get(public_id=public_id)
    with tenant_scope(organization):
        campaign = Campaign.objects.select_related("mailing").exclude(mailing=None).get()
        found = reports.of(campaign)
        oldest = Campaign.objects.order_by("pk").values_list("pk", flat=True)[30]
    assert found is not None
    if found.counts.audience != campaign.mailing.audience_size + 2_000:  # the tallies on top say so
        raise RuntimeError(
            f"The parts make {found.counts.audience:,}, the audience is {campaign.mailing.audience_size:,}."
        )
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(email=OWNER), backend=settings.AUTHENTICATION_BACKENDS[0])

    def timed(pages: Iterable[tuple[str, dict[str, str], bytes]]) -> dict[str, Any]:
        times = []
        for number in range(rounds + 1):
            for where, query, proof in pages:
                began = time.perf_counter()
                answer = client.get(where, query)
                took = (time.perf_counter() - began) * 1000
                if answer.status_code != 200 or proof not in answer.content:
                    raise RuntimeError(f"{where} answered {answer.status_code}: {answer.content[:300]!r}")
                if number:  # the first round warms up
                    times.append(took)
        return {
            "p95": quantiles(times, n=20)[-1],
            "median": median(times),
            "slowest": max(times),
            "requests": len(times),
        }

    def address(name: str, **more: str) -> str:
        return reverse(f"campaigns:{name}", kwargs={"org": public_id, **more})

    mine, listed = {"campaign": campaign.public_id}, address("campaigns")
    return {
        "retrying": found.parts["retrying"],
        "report": timed(
            [
                (address("campaign", **mine), {}, b"At what time of day"),
                (address("campaign_live", **mine), {}, b"Why are some"),
            ]
        ),
        "list": timed(
            [
                (listed, {}, b"row-link"),
                (listed, {"after": str(oldest)}, b"row-link"),
                (listed, {"q": "kettles 99"}, b"row-link"),
                (listed, {"tag": "y0"}, b"row-link"),
            ]
        ),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
