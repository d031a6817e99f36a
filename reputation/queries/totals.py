"""Reading totals: the parts of a send, what people did with it, by provider and link, and rates that may be shown.

Every number is the folded total plus the tallies that wait to be folded, so pages are exact at every moment.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from sending.enums import BAR_PARTS, BarPart, Bucket, EventKind, StreamKind

LEAST_FOR_A_RATE = 50
OVERVIEW_DAYS = 30
OTHER_PROVIDER = ""

# Hits are tallied by link; people twice: once a message (link = -1) and once a link.
_WHOLE = f"(link = -1 OR kind IN ({EventKind.CLICKED:d}, {EventKind.CLICKED_MACHINE:d}))"

_SUM = """
SELECT {group}, kind, sum(n)::bigint FROM (
    SELECT mailing_id, variant, provider, kind, link, n FROM reputation_total WHERE {where}
  UNION ALL
    SELECT mailing_id, variant, provider, kind, link, n FROM sending_tally WHERE {where}
) x GROUP BY {by}, kind
"""

_BY_TIME = """
SELECT at, kind, sum(n)::bigint FROM (
    SELECT at, kind, n FROM reputation_totalbytime WHERE mailing_id = %(id)s
  UNION ALL
    SELECT date_bin('15 minutes', at, 'epoch'), kind, n FROM sending_tally
    WHERE mailing_id = %(id)s AND kind = ANY(%(kinds)s) AND link = -1
) x GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """n out of `of`. `value` is None when `of` is too small to say anything (LEAST_FOR_A_RATE): show a dash."""

    n: int
    of: int

    @property
    def value(self) -> float | None:
        return self.n / self.of if self.of >= LEAST_FOR_A_RATE else None

    @property
    def percent(self) -> float | None:
        """The rate in per cent."""
        return None if self.value is None else self.value * 100


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of one send, or of one provider's or variant's part of it."""

    kinds: Mapping[int, int] = field(default_factory=dict)

    def of(self, *kinds: int) -> int:
        return sum(self.kinds.get(int(kind), 0) for kind in kinds)

    @property
    def audience(self) -> int:
        return self.of(*Bucket)

    @property
    def parts(self) -> dict[BarPart, int]:
        """The six parts of the reconciling bar, in their order."""
        return {part: self.of(*buckets) for part, buckets in BAR_PARTS.items()}

    @property
    def delivered(self) -> int:
        return self.of(Bucket.DELIVERED)

    @property
    def attempted(self) -> int:
        """Messages whose first answer is known: what bounce and delivery rates are out of."""
        return self.of(Bucket.DELIVERED, Bucket.BOUNCED, Bucket.EXPIRED)

    @property
    def opens(self) -> int:
        """People who opened (unique, without machines)."""
        return self.of(EventKind.FIRST_OPENED)

    @property
    def machine_opens(self) -> int:
        """Messages that a machine opened first."""
        return self.of(EventKind.FIRST_OPENED_MACHINE)

    @property
    def clicks(self) -> int:
        """People who clicked (unique, without machines)."""
        return self.of(EventKind.FIRST_CLICKED)

    @property
    def unsubscribes(self) -> int:
        """People who unsubscribed by this mail and did not take it back."""
        return max(0, self.of(EventKind.UNSUBSCRIBED) - self.of(EventKind.RESUBSCRIBED))

    @property
    def complaints(self) -> int:
        return self.of(EventKind.COMPLAINED)

    @property
    def delivery_rate(self) -> Rate:
        return Rate(self.delivered, self.attempted)

    @property
    def bounce_rate(self) -> Rate:
        return Rate(self.of(Bucket.BOUNCED), self.attempted)

    @property
    def open_rate(self) -> Rate:
        return Rate(self.opens, self.delivered)

    @property
    def machine_open_rate(self) -> Rate:
        return Rate(self.machine_opens, self.delivered)

    @property
    def click_rate(self) -> Rate:
        return Rate(self.clicks, self.delivered)

    @property
    def unsubscribe_rate(self) -> Rate:
        return Rate(self.unsubscribes, self.delivered)

    @property
    def complaint_rate(self) -> Rate:
        return Rate(self.complaints, self.delivered)


# What each rate is out of, in words: the page shows it beside the number.
DEFINITIONS = {
    "delivery_rate": "Accepted by the recipient's server, out of the messages that got a final answer.",
    "bounce_rate": "Refused for good, out of the messages that got a final answer.",
    "open_rate": "People who opened, out of the messages delivered. Machines are counted apart.",
    "machine_open_rate": "Opened first by a privacy proxy or a scanner, out of the messages delivered.",
    "click_rate": "People who clicked, out of the messages delivered. Machines are counted apart.",
    "unsubscribe_rate": "Unsubscribed by this mail, out of the messages delivered.",
    "complaint_rate": "Reported as spam, out of the messages delivered. Gmail does not report single messages.",
}


def of_mailing(mailing_id: int) -> Counts:
    """All numbers of one send."""
    return of_mailings([mailing_id]).get(mailing_id, Counts())


def of_mailings(mailing_ids: Iterable[int]) -> dict[int, Counts]:
    """The numbers of several sends, in one query; a send without any is missing."""
    ids = list(mailing_ids)
    return _grouped("mailing_id", f"mailing_id = ANY(%(ids)s) AND {_WHOLE}", {"ids": ids}) if ids else {}


def by_provider(mailing_id: int) -> dict[str, Counts]:
    """One send by mailbox provider, the largest first; "" holds what has not met a server yet."""
    return _largest_first(_grouped("provider", f"mailing_id = %(id)s AND {_WHOLE}", {"id": mailing_id}))


def by_variant(mailing_id: int) -> dict[int, Counts]:
    """One send by variant (A/B)."""
    return _grouped("variant", f"mailing_id = %(id)s AND {_WHOLE}", {"id": mailing_id})


def by_link(mailing_id: int) -> dict[int, Counts]:
    """One send by link: people (`clicks`) and hits (kinds CLICKED, CLICKED_MACHINE)."""
    return _grouped("link", "mailing_id = %(id)s AND link >= 0", {"id": mailing_id})


def by_variant_and_link(mailing_id: int) -> dict[tuple[int, int], Counts]:
    """One send by (variant, link): what `by_link` says, apart for each of its letters."""
    return _grouped("variant, link", "mailing_id = %(id)s AND link >= 0", {"id": mailing_id})


def by_time(mailing_id: int) -> list[tuple[datetime, int, int]]:
    """(start of a quarter of an hour, EventKind, people) of those who opened or clicked first then."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_TIME, {"id": mailing_id, "kinds": [EventKind.FIRST_OPENED, EventKind.FIRST_CLICKED]})
        return list(cursor.fetchall())


def overview(organization: Organization, *, since: datetime | None = None) -> Counts:
    """The marketing mail of the last 30 days (sends launched since then) in one."""
    return together(overview_by_provider(organization, since=since).values())


def together(parts: Iterable[Counts]) -> Counts:
    """The sum of several counts."""
    total: Counter[int] = Counter()
    for counts in parts:
        total.update(counts.kinds)
    return Counts(dict(total))


def overview_by_provider(organization: Organization, *, since: datetime | None = None) -> dict[str, Counts]:
    """The marketing mail of the last 30 days by mailbox provider, the largest first."""
    since = since or timezone.now() - timedelta(days=OVERVIEW_DAYS)
    where = f"""{_WHOLE} AND mailing_id IN (
        SELECT m.id FROM sending_mailing m JOIN sending_stream s ON s.id = m.stream_id
        WHERE m.organization_id = %(organization)s AND m.created_at >= %(since)s AND s.kind = %(kind)s)"""
    values = {"organization": organization.pk, "since": since, "kind": StreamKind.MARKETING.value}
    return _largest_first(_grouped("provider", where, values))


def _grouped(column: str, where: str, values: dict) -> dict:  # type: ignore[type-arg]
    # Row-level security keeps to the organization of the scope; `column` and `where` are constants of this module.
    found: dict = {}  # type: ignore[type-arg]
    with connection.cursor() as cursor:
        cursor.execute(_SUM.format(group=column, by=column, where=where), values)
        for *key, kind, n in cursor.fetchall():
            if n:
                found.setdefault(tuple(key) if len(key) > 1 else key[0], {})[kind] = n
    return {key: Counts(kinds) for key, kinds in found.items()}


def _largest_first(counts: dict[str, Counts]) -> dict[str, Counts]:
    return dict(sorted(counts.items(), key=lambda item: (item[0] == OTHER_PROVIDER, -item[1].audience, item[0])))


def waiting(organization: Organization) -> int:
    """How many messages of an organization are on their way or retried, exactly, however many they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT coalesce(sum(x.n), 0)::bigint FROM sending_mailing m
            CROSS JOIN LATERAL (
                SELECT n FROM reputation_total WHERE mailing_id = m.id AND kind IN ({_WAITING})
              UNION ALL
                SELECT n FROM sending_tally WHERE mailing_id = m.id AND kind IN ({_WAITING})
            ) x
            WHERE m.organization_id = %s AND m.finished_at IS NULL
            """,
            [organization.pk],
        )
        return int(cursor.fetchone()[0])


_WAITING = f"{Bucket.ON_ITS_WAY:d}, {Bucket.RETRYING:d}"
