"""Rulings of people: refused without reason or end, heard of only when committed, ended once, written into two logs."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.actions import organizations
from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import cross_tenant, daemon_dsn, tenant_scope
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.adapters.ruling_sql import NEWS_CHANNEL
from sending.errors import NoSuchRuling, RulingRefused
from sending.models import Ruling
from tests.sending import ledger

OSKAR = Author("Oskar")
HOUR = timedelta(hours=1)


def hold(**more: object) -> Ruling:
    facts = {"scope": Scope(provider="Gmail"), "reason": "their outage", "lasting": HOUR, "author": OSKAR} | more
    return rulings.hold(**facts)  # type: ignore[arg-type]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"reason": " \n "}, "Say why"),
        ({"reason": "x" * 501}, "Say it shorter"),
        ({"told": "x" * 201}, "Say it shorter"),
        ({"lasting": timedelta(seconds=59)}, "a minute at least"),
        ({"lasting": timedelta(days=30, seconds=1)}, "30 days at most"),
    ],
)
def test_without_a_reason_and_an_end_there_is_none(more: dict[str, object], because: str) -> None:
    with pytest.raises(RulingRefused, match=because):
        hold(**more)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "limits",
    [{}, {"connections": -1}, {"per_minute": 1e9}, {"messages": 5, "connections": 10_001}],
)
def test_a_limit_limits(limits: dict[str, float]) -> None:
    with pytest.raises(RulingRefused):
        rulings.limit(scope=Scope(provider="Gmail"), reason="x", lasting=HOUR, author=OSKAR, **limits)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_messages_in_a_connection_are_a_places(organization: Organization) -> None:
    for scope in (Scope(), Scope(organization=organization, provider="Gmail"), Scope(source_id=3)):
        with pytest.raises(RulingRefused, match="for a provider or a site"):
            rulings.limit(scope=scope, reason="x", lasting=HOUR, author=OSKAR, messages=5)


@pytest.mark.django_db
def test_a_campaign_names_its_organization(organization: Organization, other_organization: Organization) -> None:
    with tenant_scope(organization):
        send = ledger.mailing(organization)
    assert hold(scope=Scope(mailing=send)).organization == organization
    with pytest.raises(RulingRefused, match="another organization"):
        hold(scope=Scope(mailing=send, organization=other_organization))


@pytest.mark.django_db
def test_words_are_kept_as_they_can_be_compared() -> None:
    ruling = hold(scope=Scope(provider=" Gmail ", site="MX.One.Example"), reason="a\n\0 reason", told=" wait\t")
    assert (ruling.provider, ruling.site, ruling.reason, ruling.told) == ("Gmail", "mx.one.example", "a reason", "wait")


@pytest.mark.django_db
def test_it_can_be_made_longer_and_shorter_while_it_lasts() -> None:
    ruling = hold()
    assert rulings.extend(ruling_id=ruling.pk, lasting=timedelta(days=3), author=OSKAR).expires_at > ruling.expires_at
    assert (
        rulings.extend(ruling_id=ruling.pk, lasting=timedelta(minutes=5), author=OSKAR).expires_at < ruling.expires_at
    )
    with pytest.raises(RulingRefused):
        rulings.extend(ruling_id=ruling.pk, lasting=timedelta(days=31), author=OSKAR)
    with cross_tenant("the test lets time go by"):
        Ruling.objects.update(created_at=timezone.now() - 2 * HOUR, expires_at=timezone.now() - HOUR)
    for deed in (rulings.end, lambda **which: rulings.extend(lasting=HOUR, **which)):
        with pytest.raises(NoSuchRuling):
            deed(ruling_id=ruling.pk, author=OSKAR)
    release, _ = rulings.release(scope=Scope(provider="Gmail"), reason="x", author=OSKAR)
    with pytest.raises(RulingRefused, match="done at once"):
        rulings.extend(ruling_id=release.pk, lasting=HOUR, author=OSKAR)


@pytest.mark.django_db
def test_the_log_of_the_house_has_all_of_it_the_organizations_what_concerns_it(
    organization: Organization, owner: User
) -> None:
    ruling = hold(
        scope=Scope(organization=organization), reason="a secret", told="We look into it.", author=Author("Olga", owner)
    )
    rulings.extend(ruling_id=ruling.pk, lasting=2 * HOUR, author=OSKAR)
    rulings.end(ruling_id=ruling.pk, author=OSKAR)
    hold()
    house = organizations.house()
    with cross_tenant("the test reads two logs"):
        rows = AuditEntry.objects.filter(verb__startswith="sending.ruling_").order_by("pk")
        mine = [(row.verb, row.data) for row in rows.filter(organization=organization)]
        of_the_house = [(row.verb, row.data["why"], row.data["by"]) for row in rows.filter(organization=house)]
    assert [verb for verb, _ in mine] == ["sending.ruling_held", "sending.ruling_extended", "sending.ruling_ended"]
    assert all(data["told"] == "We look into it." and "a secret" not in str(data) for _, data in mine)
    assert of_the_house == [
        ("sending.ruling_held", "a secret", "Olga"),
        ("sending.ruling_extended", "a secret", "Oskar"),
        ("sending.ruling_ended", "a secret", "Oskar"),
        ("sending.ruling_held", "their outage", "Oskar"),
    ]


@pytest.mark.django_db(transaction=True)
def test_relays_hear_of_it_when_it_is_committed_and_not_before() -> None:
    with psycopg.connect(daemon_dsn(), autocommit=True) as line:
        line.execute(f"LISTEN {NEWS_CHANNEL}")
        with transaction.atomic():
            hold()
            assert list(line.notifies(timeout=0.2)) == []
        assert len(list(line.notifies(timeout=2.0, stop_after=1))) == 1
        with transaction.atomic():
            hold()
            transaction.set_rollback(True)
        assert list(line.notifies(timeout=0.2)) == []


@pytest.mark.django_db(transaction=True)
def test_two_end_it_at_once_and_one_is_told_so() -> None:
    number = hold().pk
    organizations.house()
    said: list[str] = []
    begin = threading.Barrier(2)

    def end() -> None:
        begin.wait()
        try:
            rulings.end(ruling_id=number, author=OSKAR)
            said.append("ended")
        except NoSuchRuling:
            said.append("over already")
        finally:
            connections.close_all()

    people = [threading.Thread(target=end) for _ in range(2)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(said) == ["ended", "over already"]
    with cross_tenant("the test looks"), connection.cursor() as cursor:
        cursor.execute("SELECT ended_by_name FROM sending_ruling")
        assert cursor.fetchall() == [("Oskar",)]
