"""Rulings of people: hold, limit, release, extend, end. Each has a reason and an end, and stands in the log.

Policy: an operator rules over the house, so whoever calls has seen that it is one. The log of the house keeps all of it; the log of
an organization that is meant by name keeps what concerns it, without the operator's reason.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actions import audit, organizations
from accounts.models import Organization, User
from accounts.tenancy import cross_tenant
from sending.adapters.ruling_sql import NEWS_CHANNEL
from sending.enums import RulingAuthor, RulingKind
from sending.errors import NoSuchRuling, RulingRefused
from sending.models import Mailing, Ruling

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
RELEASE_LASTS = timedelta(minutes=5)  # in which every relay that runs has heard of it
MOST_CONNECTIONS, MOST_MESSAGES, MOST_PER_MINUTE = 10_000, 100_000, 1_000_000
MOST_REASON, MOST_TOLD = 500, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is meant; a zero, "" or None means any. A mailing names its organization by itself."""

    source_id: int = 0
    provider: str = ""
    site: str = ""
    organization: Organization | None = None
    mailing: Mailing | None = None

    @property
    def is_everything(self) -> bool:
        return self == Scope()


@dataclass(frozen=True, slots=True)
class Author:
    """Who decides. `name`: as the log keeps it; a command knows no user."""

    name: str
    user: User | None = None


def hold(*, scope: Scope, reason: str, lasting: timedelta, author: Author, told: str = "") -> Ruling:
    """Nothing of it leaves for so long. `told`: for the people whose mail it is. Raises RulingRefused."""
    return _rule(RulingKind.HOLD, scope, reason, lasting, author, told)


def limit(
    *,
    scope: Scope,
    reason: str,
    lasting: timedelta,
    author: Author,
    connections: int = 0,
    messages: int = 0,
    per_minute: float = 0.0,
    told: str = "",
) -> Ruling:
    """At most so many connections, messages in one, messages a minute; 0: as many as before. Raises RulingRefused.

    Of a provider or a site: for each of our addresses. Of an organization, a campaign, or without a place: in all.
    """
    limits = {"connections": connections, "messages": messages, "per_minute": per_minute}
    most = {"connections": MOST_CONNECTIONS, "messages": MOST_MESSAGES, "per_minute": MOST_PER_MINUTE}
    if not any(limits.values()):
        raise RulingRefused("Say what is limited: connections, messages in one connection, or messages a minute.")
    if any(not 0 <= limits[name] <= most[name] for name in limits):
        raise RulingRefused(
            f"Such a limit is none: at most {MOST_CONNECTIONS:,} connections, {MOST_MESSAGES:,} messages in one, "
            f"{MOST_PER_MINUTE:,} a minute."
        )
    if messages and (scope.organization or scope.mailing or not (scope.provider or scope.site)):
        raise RulingRefused("Messages in one connection are limited for a provider or a site, whosever they are.")
    return _rule(RulingKind.LIMIT, scope, reason, lasting, author, told, **limits)


@transaction.atomic
def release(*, scope: Scope, reason: str, author: Author) -> tuple[Ruling, int]:
    """End what relays hold or limit by themselves within the scope, once: their rows (how many), and what they hold in memory.
    What people ruled stays. Raises RulingRefused.
    """
    scope = _whole(scope)
    with cross_tenant("an operator rules over the mail of all organizations"):
        theirs = Ruling.objects.filter(by=RulingAuthor.RELAY, ended_at=None, expires_at__gt=timezone.now())
        ended = _within(theirs, scope).update(
            ended_at=timezone.now(), ended_by=author.user, ended_by_name=author.name[:200]
        )
    return _rule(RulingKind.RELEASE, scope, reason, RELEASE_LASTS, author, ""), ended


def extend(*, ruling_id: int, lasting: timedelta, author: Author) -> Ruling:
    """Let it end so long from now, sooner or later than it would. Raises RulingRefused, NoSuchRuling."""
    house = organizations.house()
    _bounded(lasting)
    with cross_tenant("an operator rules over the mail of all organizations"):
        ruling = _in_force(ruling_id)
        if ruling.kind == RulingKind.RELEASE:
            raise RulingRefused("A release is done at once: there is nothing to extend.")
        before = ruling.expires_at
        ruling.expires_at = timezone.now() + lasting
        ruling.save(update_fields=["expires_at"])
        _say_so()
        _record(house, ruling, "sending.ruling_extended", author, {"before": _at(before)})
    return ruling


def end(*, ruling_id: int, author: Author) -> Ruling:
    """It is over now, whoever made it. Raises NoSuchRuling when there is none in force."""
    house = organizations.house()
    with cross_tenant("an operator rules over the mail of all organizations"):
        ruling = _in_force(ruling_id)
        ruling.ended_at, ruling.ended_by, ruling.ended_by_name = timezone.now(), author.user, author.name[:200]
        ruling.save(update_fields=["ended_at", "ended_by", "ended_by_name"])
        _say_so()
        _record(house, ruling, "sending.ruling_ended", author, {})
    return ruling


def _rule(
    kind: RulingKind, scope: Scope, reason: str, lasting: timedelta, author: Author, told: str, **limits: float
) -> Ruling:
    reason, told = _words(reason), _words(told)
    if not reason:
        raise RulingRefused("Say why, for whoever looks at this when you are away.")
    if len(reason) > MOST_REASON or len(told) > MOST_TOLD:
        raise RulingRefused(
            f"Say it shorter: {MOST_REASON} characters for the reason, {MOST_TOLD} for what people read."
        )
    _bounded(lasting)
    scope, house = _whole(scope), organizations.house()
    now = timezone.now()
    with cross_tenant("an operator rules over the mail of all organizations"):
        ruling = Ruling.objects.create(
            kind=kind,
            by=RulingAuthor.PERSON,
            author=author.user,
            author_name=author.name[:200],
            reason=reason,
            told=told,
            source_id=scope.source_id,
            provider=scope.provider,
            site=scope.site,
            organization=scope.organization,
            mailing=scope.mailing,
            created_at=now,
            expires_at=now + lasting,
            **limits,
        )
        _say_so()
        _record(house, ruling, f"sending.ruling_{_DONE[kind]}", author, {})
    return ruling


_DONE = {RulingKind.HOLD: "held", RulingKind.LIMIT: "limited", RulingKind.RELEASE: "released"}


def _whole(scope: Scope) -> Scope:
    """Its words as rows keep them, and a mailing with its organization."""
    if scope.mailing is not None:
        with cross_tenant("an operator rules over the mail of all organizations"):
            owner = Organization.objects.get(pk=scope.mailing.organization_id)
        if scope.organization is not None and scope.organization.pk != owner.pk:
            raise RulingRefused("That campaign belongs to another organization.")
        scope = replace(scope, organization=owner)
    return replace(scope, provider=_words(scope.provider)[:40], site=_words(scope.site).lower()[:200])


def _within(rows: "QuerySet[Ruling]", scope: Scope) -> "QuerySet[Ruling]":
    named: dict[str, Any] = {
        "source_id": scope.source_id,
        "provider": scope.provider,
        "site": scope.site,
        "organization": scope.organization,
        "mailing": scope.mailing,
    }
    return rows.filter(**{name: value for name, value in named.items() if value})


def _bounded(lasting: timedelta) -> None:
    if not SHORTEST <= lasting <= LONGEST:
        raise RulingRefused("It lasts for a minute at least, and 30 days at most. Extend it then if it must go on.")


def _in_force(ruling_id: int) -> Ruling:
    ruling = Ruling.objects.select_for_update(of=("self",)).filter(pk=ruling_id).first()
    if ruling is None or ruling.ended_at is not None or ruling.expires_at <= timezone.now():
        raise NoSuchRuling("It is over already.")
    return ruling


def _say_so() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [NEWS_CHANNEL])


def _record(house: Organization, ruling: Ruling, verb: str, author: Author, more: dict[str, Any]) -> None:
    about = {
        "ruling": ruling.pk,
        "kind": ruling.kind,
        "until": _at(ruling.expires_at),
        "source": ruling.source_id,
        "provider": ruling.provider,
        "site": ruling.site,
        "connections": ruling.connections,
        "messages": ruling.messages,
        "per_minute": ruling.per_minute,
        **more,
    }
    about = {name: value for name, value in about.items() if value}
    by = {"by": author.name, "why": ruling.reason}
    target = ruling.mailing if ruling.mailing_id else ruling.organization
    audit.record(organization=house, actor=author.user, verb=verb, target=target, data=about | by)
    if ruling.organization is not None and ruling.organization.pk != house.pk:
        seen = {name: about[name] for name in ("kind", "until", "provider") if name in about}
        audit.record(
            organization=ruling.organization, verb=verb, target=ruling.mailing, data=seen | {"told": ruling.told}
        )


def _at(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _words(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())
