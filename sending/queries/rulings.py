"""The rulings in force and those that are over: all of them for operators, what concerns its own mail for an organization."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from sending.enums import RulingAuthor, RulingKind
from sending.models import Ruling
from sending.models.egress import EgressIP

PAGE = 50
MOST = 200  # that a page shows


@dataclass(frozen=True, slots=True)
class Told:
    """A ruling as the people may know it whose mail it concerns: never its reason, never who."""

    kind: str
    by: str
    told: str
    cause: str
    provider: str
    site: str
    source_id: int
    organization_id: int | None
    mailing_id: int | None
    connections: int
    messages: int
    per_minute: float
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def until(self) -> datetime:
        """Its end, as it was or will be."""
        return min(self.ended_at or self.expires_at, self.expires_at)

    @property
    def is_hold(self) -> bool:
        return self.kind == RulingKind.HOLD


def in_force(*, most: int | None = None) -> list[Ruling]:
    """Every one, holds first, what ends first first. For operators: inside of cross_tenant."""
    rows = (
        Ruling.objects.select_related("organization", "mailing")
        .filter(_is_in_force())
        .order_by("kind", "expires_at", "pk")
    )
    return list(rows[:most])


def over(*, before: int = 0) -> tuple[list[Ruling], int | None]:
    """A page of those that are over, the newest first, and the id to go on from. For operators: inside of cross_tenant."""
    rows = Ruling.objects.select_related("organization", "mailing").exclude(_is_in_force()).order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def one(ruling_id: int) -> Ruling | None:
    """Inside of cross_tenant."""
    return Ruling.objects.select_related("organization", "mailing").filter(pk=ruling_id).first()


def concerning(organization_id: int, *, mailing_id: int | None = None) -> list[Told]:
    """What is held or limited of an organization's own mail, by name or together with everybody's; `mailing_id`: of one send only.

    Rulings about one of our addresses or one site are left out unless they name the organization: whom they concern is not said.
    """
    mine = Q(organization=organization_id) | Q(organization=None, source_id=0, site="")
    if mailing_id is not None:
        mine &= Q(mailing=None) | Q(mailing=mailing_id)
    fields = tuple(Told.__dataclass_fields__)
    rows = Ruling.objects.filter(_is_in_force(), mine).exclude(kind=RulingKind.RELEASE)
    return [Told(*row) for row in rows.order_by("kind", "-expires_at").values_list(*fields)[:MOST]]


def all_of_source(source_id: int, *, days: int) -> list[Ruling]:
    """What named one of our addresses within the last days, the newest first. For operators: inside of cross_tenant."""
    rows = Ruling.objects.select_related("organization", "mailing").filter(_named(source_id, days))
    return list(rows.order_by("-pk")[:PAGE])


def of_source(source_id: int, *, days: int) -> list[Told]:
    """The same as an organization may know it that the address is dedicated to."""
    rows = Ruling.objects.filter(_named(source_id, days)).exclude(kind=RulingKind.RELEASE)
    return [Told(*row) for row in rows.order_by("-pk").values_list(*Told.__dataclass_fields__)[:PAGE]]


def _named(source_id: int, days: int) -> Q:
    return Q(source_id=source_id, expires_at__gt=timezone.now() - timedelta(days=days))


def sources(ids: Sequence[int]) -> dict[int, str]:
    """The addresses behind numbers."""
    return dict(EgressIP.objects.filter(pk__in=set(ids)).values_list("pk", "address"))


def counts() -> list[tuple[str, str, int]]:
    """(kind, by, how many are in force): for /metrics. Inside of cross_tenant."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT kind, by, count(*) FROM sending_ruling WHERE ended_at IS NULL AND expires_at > now() GROUP BY 1, 2
            """
        )
        found = {(kind, by): n for kind, by, n in cursor.fetchall()}
    return [(kind, by, found.get((kind, by), 0)) for kind in RulingKind.values for by in RulingAuthor.values]


def _is_in_force() -> Q:
    return Q(ended_at=None, expires_at__gt=timezone.now())


@dataclass(frozen=True, slots=True)
class Line:
    """A ruling for operators. `scope`: what is meant, and how much of it; `until`: its end, as it was or will be."""

    ruling: Ruling
    scope: str
    until: datetime
    was_ended: bool

    @property
    def is_release(self) -> bool:
        return self.ruling.kind == RulingKind.RELEASE

    @property
    def is_of_relay(self) -> bool:
        return self.ruling.by == RulingAuthor.RELAY


def as_line(ruling: Ruling, sources: Mapping[int, str]) -> Line:
    """Its organization and mailing should be fetched with it."""
    words = f"{scope_words(ruling, sources)}{limit_words(ruling)}"
    until = min(ruling.ended_at or ruling.expires_at, ruling.expires_at)
    return Line(ruling, f"{words[:1].upper()}{words[1:]}", until, ruling.ended_at is not None)


def scope_words(ruling: Ruling, sources: Mapping[int, str]) -> str:
    """What is meant, for operators: "all mail", "mail to Gmail of Copper Kettle from 192.0.2.1"."""
    parts = [
        f'the campaign "{ruling.mailing}"' if ruling.mailing_id else "mail" if _has_place(ruling) else "all mail",
        f"of {ruling.organization}" if ruling.organization_id else "",
        f"to {ruling.provider if ruling.provider != 'Other' else 'servers without a name'}" if ruling.provider else "",
        f"at {ruling.site}" if ruling.site else "",
        f"from {sources.get(ruling.source_id, f'address {ruling.source_id}')}" if ruling.source_id else "",
    ]
    return " ".join(filter(None, parts))


def _has_place(ruling: Ruling) -> bool:
    return bool(ruling.provider or ruling.site or ruling.source_id)


def limit_words(ruling: "Ruling | Told") -> str:
    """ ": at most 2 connections, 10 messages a minute"; "" when nothing is limited. What is limited for a place is so for each
    of our addresses, what is limited of a sender in all.
    """
    limits = [
        _n(ruling.connections, "connection") if ruling.connections else "",
        f"{_n(ruling.messages, 'message')} in a connection" if ruling.messages else "",
        f"{_n(ruling.per_minute, 'message')} a minute" if ruling.per_minute else "",
    ]
    said = ", ".join(filter(None, limits))
    is_each = (ruling.provider or ruling.site) and not (ruling.organization_id or ruling.mailing_id or ruling.source_id)
    return f": at most {said}{' from each address' if is_each else ''}" if said else ""


def _n(count: float, word: str) -> str:
    return f"{count:,g} {word}{'' if count == 1 else 's'}"
