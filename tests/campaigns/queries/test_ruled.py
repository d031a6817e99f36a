"""What an organization's pages say of rulings: what concerns its own mail, in words; nothing of others', no reasons."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.queries import ruled, stories
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.enums import DeliveryState
from sending.models import Mailing, Ruling
from tests.sending import ledger

pytestmark = pytest.mark.django_db
OSKAR, HOUR = Author("Oskar"), timedelta(hours=1)


def hold(told: str = "", **scope: object) -> Ruling:
    return rulings.hold(scope=Scope(**scope), reason="secret reason", lasting=HOUR, author=OSKAR, told=told)  # type: ignore[arg-type]


def park(organization: Organization, *, provider: str = "Gmail", site: str = "") -> None:
    """As a relay does it."""
    with cross_tenant("the test is a relay"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_ruling (kind, by, author_name, reason, told, cause, source_id, provider, site, "
            "organization_id, connections, messages, per_minute, created_at, expires_at, ended_by_name) VALUES "
            "('hold', 'relay', 'node-1', '550 your raw words', '', 'domain_reputation', 0, %s, %s, %s, 0, 0, 0, now(), "
            "now() + interval '1 hour', '')",
            [provider, site, organization.pk],
        )


def said(organization: Organization, **which: int) -> list[str]:
    with tenant_scope(organization):
        return [one.words for one in ruled.of(organization.pk, **which)]


@pytest.fixture
def send(organization: Organization) -> Mailing:
    with tenant_scope(organization):
        return ledger.mailing(organization, name="Spring letter")


def test_it_says_what_concerns_oneself(
    organization: Organization, other_organization: Organization, send: Mailing
) -> None:
    hold(provider="Gmail", told="Gmail has an outage.")
    hold(organization=organization)
    hold(mailing=send, provider="Yahoo")
    hold(source_id=7, provider="Outlook.com")
    rulings.limit(scope=Scope(organization=organization), reason="x", lasting=HOUR, author=OSKAR, per_minute=100)
    park(organization)
    rulings.limit(scope=Scope(provider="Comcast"), reason="x", lasting=HOUR, author=OSKAR, per_minute=60)
    hold(organization=other_organization, told="about somebody else")
    everybody = "An operator of this Posthouse holds all mail to Gmail. Gmail has an outage."
    slower = "An operator of this Posthouse lets all mail to Comcast go slower: at most 60 messages a minute from each address."
    assert set(said(organization)) == {
        everybody,
        slower,
        "An operator of this Posthouse holds your mail.",
        "An operator of this Posthouse holds one campaign's mail to Yahoo.",
        "An operator of this Posthouse lets your mail go slower: at most 100 messages a minute.",
        "Gmail does not trust the domain at this moment. We send nothing there of your mail for a while, from any address.",
    }
    assert set(said(other_organization)) == {
        everybody,
        slower,
        "An operator of this Posthouse holds your mail. about somebody else",
    }
    assert "An operator of this Posthouse holds this campaign's mail to Yahoo." in said(
        organization, mailing_id=send.pk
    )
    assert not any("Yahoo" in words for words in said(organization, mailing_id=send.pk + 1))


def test_what_is_over_is_not_said(organization: Organization) -> None:
    rulings.end(ruling_id=hold(organization=organization).pk, author=OSKAR)
    rulings.release(scope=Scope(), reason="x", author=OSKAR)
    assert said(organization) == []


def test_the_wall_keeps_reasons_and_others_rows(organization: Organization, other_organization: Organization) -> None:
    hold(organization=organization)
    hold(organization=other_organization)
    hold()
    with tenant_scope(organization):
        with connection.cursor() as cursor:
            cursor.execute("SELECT organization_id FROM sending_ruling")
            assert {row[0] for row in cursor.fetchall()} == {organization.pk, None}
        for forbidden in (
            "SELECT reason FROM sending_ruling",
            "SELECT author_name FROM sending_ruling",
            "UPDATE sending_ruling SET ended_at = now()",
            "DELETE FROM sending_ruling",
            "INSERT INTO sending_ruling (kind) VALUES ('hold')",
        ):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(forbidden)


def test_a_message_says_what_it_waits_for(organization: Organization, send: Mailing) -> None:
    hold(mailing=send, provider="Gmail", told="We look into it.")
    with tenant_scope(organization):
        row = ledger.delivery(send, state=DeliveryState.QUEUED, provider="Gmail")
        other = ledger.delivery(send, state=DeliveryState.QUEUED, provider="Yahoo", address="p@yahoo.example")
        words, until = stories._standstill(row, [])
        assert words == "An operator of this Posthouse holds this campaign's mail to Gmail. We look into it." and until
        assert stories._standstill(other, []) == ("", None)


def test_a_hold_of_some_servers_is_none_of_the_provider(organization: Organization) -> None:
    park(organization, provider="", site="mx.tiny.example")
    with tenant_scope(organization):
        (one,) = ruled.of(organization.pk)
        assert one.words.startswith("mx.tiny.example does not trust") or one.words.startswith("Mx.tiny.example")
        assert ruled.first_hold([one], "Gmail") is None
