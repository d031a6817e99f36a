"""What of a mailing needs somebody: failed and unconfirmed messages by reason and provider; and what is being sent again."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from contacts.segments.sql import Sql
from sending.enums import DeliveryState
from sending.models import Mailing, Retry

STATES = (DeliveryState.FAILED, DeliveryState.IN_DOUBT)
MOST_GROUPS = 200


@dataclass(frozen=True, slots=True)
class Group:
    """Messages that stand still for the same reason at the same mailbox provider ("": it was never met)."""

    state: DeliveryState
    reason: str
    provider: str
    messages: int

    @property
    def key(self) -> tuple[int, str, str]:
        return int(self.state), self.reason, self.provider


def groups(mailing: Mailing) -> list[Group]:
    """The largest first, the failed before the unconfirmed; at most MOST_GROUPS."""
    rows = _rows(
        f"""
        SELECT state, reason, provider, count(*) FROM sending_delivery
        WHERE mailing_id = %s AND state IN ({STATES[0]:d}, {STATES[1]:d})
        GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3 LIMIT %s
        """,
        (mailing.pk, MOST_GROUPS),
    )
    return [Group(DeliveryState(state), reason, provider, n) for state, reason, provider, n in rows]


def chosen(retry: Retry) -> Sql:
    """A condition about the message `d`: it stands as it was chosen, and has stood so since it was ordered."""
    states, reasons, providers = zip(*retry.groups, strict=True) if retry.groups else ((), (), ())
    return Sql(
        """(d.changed_at <= %s AND EXISTS (
            SELECT FROM unnest(%s::smallint[], %s::text[], %s::text[]) AS g(state, reason, provider)
            WHERE g.state = d.state AND g.reason = d.reason AND g.provider = d.provider))""",
        (retry.ordered_at, list(states), list(reasons), list(providers)),
    )


def count(retry: Retry) -> int:
    """How many messages are chosen."""
    fits = chosen(retry)
    rows = _rows(
        f"SELECT count(*) FROM sending_delivery d WHERE d.mailing_id = %s AND d.state IN ({STATES[0]:d}, {STATES[1]:d}) "
        f"AND {fits.text}",
        (retry.mailing_id, *fits.params),
    )
    return int(rows[0][0])


def stretch(retry: Retry, *, size: int) -> list[int]:
    """The ids of the next messages that need somebody, chosen or not, in their order. One index scan a state."""
    selects = " UNION ALL ".join(
        f"(SELECT id FROM sending_delivery WHERE mailing_id = %s AND state = {state:d} AND id > %s "
        "ORDER BY mailing_id, state, id LIMIT %s)"
        for state in STATES
    )
    params = [value for _ in STATES for value in (retry.mailing_id, retry.after, size)]
    return [pk for (pk,) in _rows(f"SELECT id FROM ({selects}) x ORDER BY id LIMIT %s", (*params, size))]


def at_work(mailing_id: int) -> Retry | None:
    """What is being sent again just now."""
    return Retry.objects.filter(mailing_id=mailing_id, ended_at=None).first()


def last(mailing_id: int) -> Retry | None:
    """What was sent again the last time, with who ordered it."""
    found = Retry.objects.filter(mailing_id=mailing_id).exclude(ended_at=None).select_related("ordered_by")
    return found.order_by("-pk").first()


def waiting() -> list[tuple[int, int]]:
    """(organization, retry) ids of all that are not through; call inside of cross_tenant."""
    return list(Retry.objects.filter(ended_at=None).order_by("pk").values_list("organization_id", "pk")[:500])


def _rows(statement: str, params: tuple[Any, ...]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()
