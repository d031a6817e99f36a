"""Asking the links of mails in the background. A row that is due is the queue; nothing of a page waits for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organization
from campaigns import link_asking
from campaigns.link_asking import Limits, Reply
from campaigns.models import LinkCheck
from campaigns.queries.link_checks import hash_of
from sending.relay.dns import Resolver

GOOD_FOR = timedelta(hours=12)  # then an answer is asked for again, when somebody looks
AGAIN_AFTER = timedelta(seconds=20)  # by hand
LEASE = timedelta(minutes=3)  # of a worker: if it dies, the rows are due again after it
MOST_AT_ONCE = 40
MOST_OF_A_MAIL = 200
MOST_AN_HOUR = 2_000  # of an organization: nobody hammers other people's servers through us


def want(*, organization: Organization, urls: Iterable[str], again: bool = False) -> int:
    """Have a worker ask what was never asked, or so long ago that it says nothing (`again`: all but the last seconds').

    Returns how many are due now. Wake a worker after the commit.
    """
    if not settings.LINK_CHECKS:
        return 0
    now = timezone.now()
    wanted = [url for url in dict.fromkeys(urls) if link_asking.may_ask(url)][:MOST_OF_A_MAIL]
    room = (
        MOST_AN_HOUR
        - LinkCheck.objects.filter(organization=organization, asked_at__gt=now - timedelta(hours=1)).count()
    )
    if not wanted or room <= 0:
        return 0
    wanted = wanted[:room]
    stale = now - (AGAIN_AFTER if again else GOOD_FOR)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO campaigns_linkcheck AS l (organization_id, url, url_hash, status, detail, due_at)
            SELECT %s, url, hash, '', '', %s FROM unnest(%s::text[], %s::text[]) AS given(url, hash)
            ORDER BY hash
            ON CONFLICT (organization_id, url_hash) DO UPDATE SET due_at = excluded.due_at
            WHERE l.due_at IS NULL AND (l.asked_at IS NULL OR l.asked_at < %s)
            """,
            [organization.pk, now, wanted, [hash_of(url) for url in wanted], stale],
        )
        return cursor.rowcount


@transaction.atomic
def take_up(*, organization: Organization) -> list[tuple[int, str]]:
    """The (id, address) of some rows that are due, leased to the caller. Waits for nobody."""
    now = timezone.now()
    rows = list(
        LinkCheck.objects.select_for_update(skip_locked=True)
        .filter(organization=organization, due_at__lte=now)
        .order_by("due_at", "pk")
        .values_list("pk", "url")[:MOST_AT_ONCE]
    )
    LinkCheck.objects.filter(pk__in=[pk for pk, _ in rows]).update(due_at=now + LEASE)
    return rows


def ask(rows: Iterable[tuple[int, str]]) -> dict[int, Reply]:
    """What these addresses answer. Takes seconds: outside of every transaction."""
    rows = list(rows)
    replies = link_asking.ask_all((url for _, url in rows), dns=Resolver(settings.LINK_CHECK_RESOLVER), limits=limits())
    return {pk: replies[url] for pk, url in rows}


def keep(replies: Mapping[int, Reply], *, now: datetime | None = None) -> None:
    """Write down what was answered."""
    rows = list(LinkCheck.objects.filter(pk__in=replies))
    for row in rows:
        reply = replies[row.pk]
        row.status, row.detail, row.code, row.size = reply.status, reply.detail[:300], reply.code, reply.size
        row.asked_at, row.due_at = now or timezone.now(), None
    LinkCheck.objects.bulk_update(rows, ["status", "detail", "code", "size", "asked_at", "due_at"])


def limits() -> Limits:
    """How far links are asked: the internet."""
    return Limits()
