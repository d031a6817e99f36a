"""The operator's command: everything is named as people know it, has a reason and an end, and stands in the log."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.actions import organizations
from accounts.models import AuditEntry, Brand, Organization
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.models import Campaign
from sending.models import EgressIP, Mailing, Ruling
from tests.sending import ledger

pytestmark = pytest.mark.django_db


def rulings(*words: str) -> str:
    out = StringIO()
    call_command("rulings", *words, stdout=out)
    return out.getvalue()


def listed(*words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(rulings("list", "--json", *words))
    return found


@pytest.fixture
def send(organization: Organization) -> Mailing:
    with tenant_scope(organization):
        return ledger.mailing(organization, name="Spring letter")


def test_a_provider_is_held_and_let_go() -> None:
    said = rulings("hold", "--provider", "gmail", "--for", "2h", "--why", "their outage", "--by", "Oskar")
    (one,) = listed()
    assert f"{one['id']}: in force until" in said
    assert (one["kind"], one["provider"], one["author"], one["why"]) == ("hold", "Gmail", "Oskar", "their outage")
    assert "hold    mail to Gmail, until" in rulings() and "by Oskar: their outage" in rulings()
    rulings("extend", str(one["id"]), "--for", "3d")
    assert listed()[0]["until"] > one["until"]
    assert rulings("end", str(one["id"])) == f"{one['id']} is over.\n"
    assert listed() == [] and "Nothing is held" in rulings("list")
    assert [row["in_force"] for row in listed("--over")] == [False]
    with pytest.raises(CommandError, match="over already"):
        rulings("end", str(one["id"]))


def test_an_organization_and_a_campaign_are_named_by_the_ids_of_their_pages(
    organization: Organization, send: Mailing
) -> None:
    with tenant_scope(organization):
        campaign = Campaign.objects.create(
            organization=organization,
            brand=Brand.objects.get(organization=organization),
            name="Spring",
            mailing_id=send.pk,
        )
    rulings(
        "limit",
        "--campaign",
        campaign.public_id,
        "--provider",
        "Gmail",
        "--connections",
        "2",
        "--for",
        "1d",
        "--why",
        "x",
    )
    rulings(
        "hold",
        "--organization",
        organization.public_id,
        "--for",
        "30m",
        "--why",
        "asked by phone",
        "--tell",
        "as you asked",
    )
    hold, limit = listed()
    assert (limit["organization"], limit["mailing"], limit["connections"]) == (
        organization.public_id,
        send.public_id,
        2,
    )
    assert (hold["organization"], hold["mailing"], hold["told"]) == (organization.public_id, "", "as you asked")
    assert 'the campaign "Spring letter" of Copper Kettle to Gmail: at most 2 connections, until' in rulings()
    with tenant_scope(organization):
        entries = list(AuditEntry.objects.filter(organization=organization, verb__startswith="sending.ruling_"))
    assert {entry.verb for entry in entries} == {"sending.ruling_limited", "sending.ruling_held"}
    assert all("asked by phone" not in str(entry.data) for entry in entries)
    with cross_tenant("the test reads the house's log"):
        logged = AuditEntry.objects.get(organization=organizations.house(), verb="sending.ruling_held")
    assert logged.data["why"] == "asked by phone" and logged.target_name == "Copper Kettle"


def test_an_address_of_ours_is_named_by_itself() -> None:
    with cross_tenant("the test makes an address"):
        one = EgressIP.objects.create(address="192.0.2.7", name="mx7.house.example")
    rulings("hold", "--source", "192.0.2.7", "--for", "1h", "--why", "blocked")
    assert Ruling and listed()[0]["source"] == "192.0.2.7" and "mail from 192.0.2.7" in rulings()
    with cross_tenant("the test looks"):
        assert Ruling.objects.get().source_id == one.pk


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (["hold", "--for", "1h", "--why", "x"], "say --everything"),
        (["hold", "--everything", "--provider", "Gmail", "--for", "1h", "--why", "x"], "goes with nothing else"),
        (["hold", "--provider", "Gmial", "--for", "1h", "--why", "x"], "No provider is called Gmial.*Gmail"),
        (["hold", "--provider", "Gmail", "--for", "ever", "--why", "x"], "no length of time"),
        (["hold", "--provider", "Gmail", "--for", "31d", "--why", "x"], "30 days at most"),
        (["hold", "--provider", "Gmail", "--for", "1h", "--why", "  "], "Say why"),
        (["hold", "--organization", "nobody", "--for", "1h", "--why", "x"], "no organization nobody"),
        (["hold", "--campaign", "nothing", "--for", "1h", "--why", "x"], "no campaign nothing"),
        (["hold", "--source", "192.0.2.1", "--for", "1h", "--why", "x"], "none of our addresses"),
        (["limit", "--provider", "Gmail", "--for", "1h", "--why", "x"], "Say what is limited"),
        (["limit", "--provider", "Gmail", "--connections", "-1", "--for", "1h", "--why", "x"], "Such a limit"),
        (["end", "4711"], "over already"),
    ],
)
def test_what_cannot_be_is_said(words: list[str], because: str) -> None:
    with pytest.raises(CommandError, match=because):
        rulings(*words)
    assert listed() == []


def test_everything_must_be_said() -> None:
    rulings("hold", "--everything", "--for", "10m", "--why", "a wrong letter leaves")
    assert "hold    all mail, until" in rulings()
