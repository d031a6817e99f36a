"""/metrics for Prometheus: the queue, what was delivered, the relays and the workers, for operators only.

It exists only where METRICS_TOKEN is set, and answers only who brings it (`Authorization: Bearer ...`): an address alone would
be no key, because behind a proxy everybody comes from loopback. Names of organizations, campaigns and people are not in it.
What is slow to count is counted every KEPT seconds at most, however many ask. docs/operating/metrics.md
"""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.tenancy import cross_tenant
from posthouse import health
from posthouse.celery import app
from posthouse.exposition import CONTENT_TYPE, Family, text
from sending.adapters import budget_sql
from sending.enums import AddressState, Bucket, DeliveryState, EventKind, NameFinding
from sending.queries import egress, relays, rulings

logger = logging.getLogger(__name__)

KEPT = 10  # seconds
EVENTS = {
    EventKind.DELIVERED: ("deliveries", "Messages that a server accepted."),
    EventKind.DEFERRED: ("deferrals", "Tries that a server, or our own trouble, put off."),
    EventKind.BOUNCED: ("bounces", "Messages that a server refused for good."),
    EventKind.LATE_BOUNCE: ("late_bounces", "Messages that came back after they had been accepted."),
    EventKind.EXPIRED: ("expiries", "Messages that were given up."),
    EventKind.FAILED: ("failures", "Messages that could not be made: our fault."),
    EventKind.COMPLAINED: ("complaints", "Messages that were reported as spam."),
}
QUEUES = {
    Bucket.ON_ITS_WAY: "on_its_way",
    Bucket.RETRYING: "retrying",
    Bucket.HANDED_OVER: "handed_over",
    Bucket.IN_DOUBT: "in_doubt",
    Bucket.FAILED: "failed",
}


@require_safe
@never_cache
def show(request: HttpRequest) -> HttpResponse:
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404("Set METRICS_TOKEN.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(given.strip(), token):
        answer = HttpResponse("Bring the token: Authorization: Bearer ...\n", status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    return HttpResponse(text(_families()), content_type=CONTENT_TYPE)


def _families() -> list[Family]:
    """Whatever cannot be reached leaves its part out: the answer says so and is still an answer."""
    up = Family("posthouse_up", "gauge", "Whether a part can be reached: 1 or 0.")
    found = [up]
    for part, look in (("database", of_the_database), ("broker", of_the_broker)):
        try:
            found += look()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is told)
            logger.warning("metrics: %s cannot be reached: %s", part, error)
            connection.close_if_unusable_or_obsolete()
            up.add(0, part=part)
        else:
            up.add(1, part=part)
    for part, check in health.CHECKS.items():
        if part not in ("database", "broker"):
            up.add(_yes(check), part=part)
    return found


def _yes(check: Callable[[], bool]) -> int:
    try:
        return int(check())
    except Exception:  # noqa: BLE001  (it is down)
        return 0


def of_the_database() -> list[Family]:
    counted = _kept("metrics:counted", _count)
    queue = Family("posthouse_queue_messages", "gauge", "Messages of unfinished sends, by state and mailbox provider.")
    events = {kind: Family(f"posthouse_{name}_total", "counter", words) for kind, (name, words) in EVENTS.items()}
    for provider, kind, n in counted["totals"]:
        if kind in events:
            events[EventKind(kind)].add(n, provider=provider or "none")
    for provider, kind, n in counted["queue"]:
        queue.add(n, state=QUEUES[Bucket(kind)], provider=provider or "none")
    oldest = Family(
        "posthouse_oldest_waiting_seconds",
        "gauge",
        "Age of the eldest message that is next to leave somewhere; 0: none waits.",
    )
    oldest.add(counted["oldest"])
    jobs = Family("posthouse_jobs_waiting", "gauge", "Work that waits for a worker or is being done, by kind.")
    for kind, n in counted["jobs"]:
        jobs.add(n, kind=kind)
    in_force = Family("posthouse_rulings", "gauge", "Rulings in force that relays obey, by kind and by who made them.")
    for kind, by, n in counted["rulings"]:
        in_force.add(n, kind=kind, by=by)
    of_addresses = [*_of_addresses(counted["addresses"]), *_of_budgets(counted["budgets"])]
    return [queue, *events.values(), oldest, jobs, in_force, *of_addresses, *_of_relays()]


def _kept(key: str, count: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """From the cache; without it, counted anew."""
    try:
        found = cache.get_or_set(key, count, KEPT)
    except Exception:  # noqa: BLE001  (the broker's part says that it cannot be reached)
        return count()
    assert isinstance(found, dict)
    return found


# One probe of an index for each open lane: nobody reads a million for the eldest. The next message of a lane is as old as any
# other of it, unless its send was spread over time. What a person has stopped is left out.
_OLDEST = f"""
SELECT greatest(0, extract(epoch FROM now() - min(d.created_at)))::float8 FROM sending_lane l
JOIN sending_mailing m ON m.id = l.mailing_id AND m.hold IS NULL
LEFT JOIN sending_mailingvariant v ON l.variant <> 0 AND v.mailing_id = l.mailing_id AND v.variant = l.variant
CROSS JOIN LATERAL (
    SELECT created_at FROM sending_delivery
    WHERE lane_id = l.id AND state IN ({DeliveryState.QUEUED:d}, {DeliveryState.DEFERRED:d}) ORDER BY due_at, id LIMIT 1
) d WHERE l.open AND v.hold IS NULL
"""
_TOTALS = """
SELECT provider, kind, sum(n)::bigint FROM (
    SELECT provider, kind, n FROM reputation_total WHERE kind = ANY(%(kinds)s) AND link = -1
  UNION ALL
    SELECT provider, kind, n FROM sending_tally WHERE kind = ANY(%(kinds)s) AND link = -1
) x GROUP BY 1, 2 ORDER BY 1, 2
"""
_QUEUE = """
SELECT x.provider, x.kind, sum(x.n)::bigint FROM sending_mailing m CROSS JOIN LATERAL (
    SELECT provider, kind, n FROM reputation_total WHERE mailing_id = m.id AND kind = ANY(%(kinds)s)
  UNION ALL
    SELECT provider, kind, n FROM sending_tally WHERE mailing_id = m.id AND kind = ANY(%(kinds)s)
) x WHERE m.finished_at IS NULL GROUP BY 1, 2 HAVING sum(x.n) <> 0 ORDER BY 1, 2
"""
_JOBS = """
SELECT 'import', count(*) FROM contacts_import WHERE state IN ('unpacking', 'staging', 'applying', 'undoing')
UNION ALL SELECT 'people', count(*) FROM contacts_job WHERE state IN ('waiting', 'working')
UNION ALL SELECT 'freeze', count(*) FROM campaigns_campaign WHERE state = 'launching'
UNION ALL SELECT 'retry', count(*) FROM sending_retry WHERE ended_at IS NULL
"""


def _count() -> dict[str, Any]:
    with cross_tenant("an operator's numbers are of all organizations together"), connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"kinds": [int(kind) for kind in EVENTS]})
        totals = cursor.fetchall()
        cursor.execute(_QUEUE, {"kinds": [int(kind) for kind in QUEUES]})
        queue = cursor.fetchall()
        cursor.execute(_OLDEST)
        oldest = round(cursor.fetchone()[0] or 0)
        cursor.execute(_JOBS)
        jobs = cursor.fetchall()
        active = [address for address in egress.addresses() if address.state == AddressState.ACTIVE]
        names = {address.id: address.address for address in active}
        cursor.execute(budget_sql.IN_FORCE)
        budgets = [budget_sql.budget(row) for row in cursor.fetchall()]
        return {
            "totals": totals,
            "queue": queue,
            "oldest": oldest,
            "jobs": jobs,
            "rulings": rulings.counts(),
            "addresses": [
                (address.address, not address.is_idle, address.finding == NameFinding.CONFIRMED, asdict(address.lately))
                for address in active
            ],
            "budgets": [
                (names[budget.source_id], budget.provider or "all", budget.messages, budget.used)
                for budget in sorted(budgets, key=lambda budget: (budget.source_id, budget.provider))
                if budget.source_id in names
            ],
        }


def _of_addresses(addresses: list[tuple[str, bool, bool, dict[str, int]]]) -> list[Family]:
    up = Family("posthouse_address_up", "gauge", "Whether a living relay has an address that is in use.")
    named = Family("posthouse_address_name_confirmed", "gauge", "Whether its reverse DNS says its name and leads back.")
    day = Family("posthouse_address_answers_day", "gauge", "What it was answered in the last 24 hours.")
    for address, is_up, is_named, answers in addresses:
        up.add(int(is_up), address=address)
        named.add(int(is_named), address=address)
        for answer, n in answers.items():
            day.add(n, address=address, answer=answer)
    return [up, named, day]


def _of_budgets(budgets: list[tuple[str, str, int, int]]) -> list[Family]:
    most = Family(
        "posthouse_address_budget_messages", "gauge", "What an address may try today (UTC), while it warms up."
    )
    used = Family("posthouse_address_budget_used_messages", "gauge", "What of it has been tried.")
    for address, provider, messages, tried in budgets:
        most.add(messages, address=address, provider=provider)
        used.add(tried, address=address, provider=provider)
    return [most, used]


def _of_relays() -> list[Family]:
    up = Family("posthouse_relay_up", "gauge", "Whether a relay gives signs of life.")
    beat = Family("posthouse_relay_heartbeat_age_seconds", "gauge", "Seconds since its last heartbeat.")
    age = Family("posthouse_relay_age_seconds", "gauge", "Seconds since it began.")
    rate = Family("posthouse_relay_deliveries_per_second", "gauge", "Deliveries in the last second.")
    connections = Family("posthouse_relay_connections", "gauge", "Open SMTP connections.")
    ready = Family("posthouse_relay_ready_messages", "gauge", "Messages in hand that wait for a connection.")
    holds = Family("posthouse_relay_held_sites", "gauge", "Sites to which it sends nothing for a while.")
    held = Family(
        "posthouse_held_seconds", "gauge", "Seconds until a held provider is tried again, the longest of its sites."
    )
    now = timezone.now()
    found = relays.all_()
    for relay in found:
        name, facts = relay.name, relay.facts if relay.lives else {}
        up.add(int(relay.lives), relay=name)
        beat.add(max(0.0, round((now - relay.beat_at).total_seconds(), 1)), relay=name)
        age.add(max(0, round((now - relay.started_at).total_seconds())), relay=name)
        for family, fact in (
            (rate, "per_second"),
            (connections, "connections"),
            (ready, "ready"),
            (holds, "held_sites"),
        ):
            family.add(float(facts.get(fact, 0)), relay=name)
    for provider, until in relays.slowed(found).items():
        held.add(round((until - now).total_seconds()), provider=provider)
    return [up, beat, age, rate, connections, ready, holds, held]


def of_the_broker() -> list[Family]:
    """How many tasks wait in each of the workers' queues."""
    length = Family("posthouse_tasks_waiting", "gauge", "Tasks that wait in a workers' queue.")
    with app.connection_for_read(connect_timeout=health.ANSWER_WITHIN) as link:
        channel = link.channel()
        for queue in settings.CELERY_TASK_QUEUES:
            length.add(channel._size(queue), queue=queue)
        channel.close()
    return [length]
