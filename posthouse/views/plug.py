"""Pull the plug: kill -9 the relay in the middle of a send, and show what came of it by the receivers' own log."""

import logging
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import derived_keys
from accounts.access import require, tenant_url
from accounts.actions import audit
from accounts.enums import Role
from posthouse.access import sandbox_only
from posthouse.sandbox import plug, proof
from posthouse.sandbox.store import Store
from sending.enums import BAR_PARTS, DeliveryState, EventKind, bucket_of
from sending.models import Delivery, Event, Mailing, Relay
from sending.relay import verp

log = logging.getLogger(__name__)

ALIVE = timedelta(seconds=10)
STOP_POLLING = 286  # htmx: this was the last answer
SHOWN = 50


@require_POST
@sandbox_only
def pull(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    relay = Relay.objects.filter(ended_at=None, beat_at__gt=timezone.now() - ALIVE).order_by("-id").first()
    if relay is None:
        messages.warning(
            request, "No relay is running at this moment. It is started again within seconds; try once more."
        )
        return redirect("accounts:front")
    try:
        plug.pull(relay.pid, command="relay")
    except plug.NotThatProcess as error:
        messages.warning(request, f"{error} Perhaps it has been started again already; try once more.")
        return redirect("accounts:front")
    log.warning("sandbox: the plug of relay %d (process %d) was pulled", relay.pk, relay.pid)
    audit.record(
        organization=request.organization, actor=request.user, verb="sandbox.plug_pulled", data={"process": relay.pid}
    )
    return redirect(tenant_url(request, "sandbox:plug_result", relay=relay.pk))


@require_safe
@never_cache
@sandbox_only
def result(request: HttpRequest, org: str, relay: int) -> HttpResponse:
    """What came of it; asks for itself each second until everything is known."""
    killed = Relay.objects.filter(pk=relay).first()
    if killed is None:
        raise Http404
    since = killed.ended_at or killed.beat_at
    successor = Relay.objects.filter(pk__gt=killed.pk, ended_at=None).order_by("pk").first()
    settled = killed.swept_at is not None and successor is not None
    # What the dead relay had touched: the sends that were not finished when it died.
    mailings = list(
        Mailing.objects.filter(created_at__lte=since, audience_size__isnull=False)
        .filter(Q(finished_at=None) | Q(finished_at__gte=killed.beat_at))
        .order_by("-id")[:3]
    )
    context = {
        "relay": killed,
        "since": since,
        "successor": successor,
        "settled": settled,
        "sends": [_send(mailing, killed) for mailing in mailings] if settled else [],
        "back_after": round((successor.started_at - since).total_seconds(), 1) if successor else None,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "posthouse/plug/_result.html", context, status=STOP_POLLING if settled else 200)
    return render(request, "posthouse/plug/result.html", context)


def _send(mailing: Mailing, killed: Relay) -> dict[str, object]:
    """One send after the crash: its bar, its sum, and the comparison with the receivers' log."""
    rows = list(Delivery.objects.filter(mailing=mailing).values_list("id", "state", "attempts"))
    parts = dict.fromkeys(BAR_PARTS, 0)
    part_of = {bucket: part for part, buckets in BAR_PARTS.items() for bucket in buckets}
    for _, state, attempts in rows:
        parts[part_of[bucket_of(state, attempts)]] += 1
    doubted = set(
        Event.objects.filter(mailing_id=mailing.pk, kind=EventKind.IN_DOUBT, at__gte=killed.beat_at).values_list(
            "delivery_id", flat=True
        )
    )
    of_this_send = {id_ for id_, _, _ in rows}
    found = proof.compare(
        delivered=(id_ for id_, state, _ in rows if state == DeliveryState.DELIVERED),
        unconfirmed=doubted,
        accepted={id_: times for id_, times in _accepted(mailing).items() if id_ in of_this_send},
    )
    people = Delivery.objects.filter(pk__in=found.unconfirmed[:SHOWN]).values("id", "address", "state", "contact_id")
    return {
        "mailing": mailing,
        "parts": {str(part.value): n for part, n in parts.items()},
        "missing": (mailing.audience_size or 0) - len(rows),
        "proof": found,
        "doubted": [{**person, "accepted": person["id"] in found.unconfirmed_but_accepted} for person in people],
        "unexplained_twice": sorted(set(found.twice) - doubted),
    }


def _accepted(mailing: Mailing) -> dict[int, int]:
    secrets = derived_keys.keys_for(verp.PURPOSE)
    with Store(settings.SANDBOX_STORE) as store:
        senders = [accepted.sender for accepted in store.accepted(since=mailing.created_at.timestamp() - 1)]
    return proof.tally(verp.read(sender.rpartition("@")[0], secrets=secrets) for sender in senders)
