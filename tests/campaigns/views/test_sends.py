"""Launching, watching and stopping a send from its pages; the people behind each part, and their export."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns import tasks
from campaigns.actions import launches, test_sends
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Tester
from contacts.models import Contact
from reputation.actions import warming
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.enums import BarPart, Bucket, DeliveryState, DomainState
from sending.models import Delivery, EgressIP, Mailing, Pool, PoolAddress, Relay, StoredMessage, Tally
from tests.campaigns.views.test_campaigns import state_of, url

People = Callable[..., list[Contact]]


@pytest.fixture
def sending(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    people(120)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        return Campaign.objects.get(pk=draft.pk)


def test_send_now(
    as_marketer: Client,
    organization: Organization,
    draft: Campaign,
    people: People,
    tasks_at_once: None,
    django_capture_on_commit_callbacks: Any,
) -> None:
    people(3)
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "campaign_launch", draft), {"undo_minutes": "0"})
        as_marketer.post(url(organization, "campaign_launch", draft), {"undo_minutes": "0"})
    assert state_of(organization, draft).state == CampaignState.SENDING
    with tenant_scope(organization):
        assert Mailing.objects.count() == 1 and Delivery.objects.count() == 3
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "Did it arrive?" in page and "adds up" in page


def test_who_asked_us_to_slow_down_is_named_with_the_time_of_full_speed(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    now = timezone.now()
    until = now + timedelta(minutes=7)
    slowed = {"Greylake": until.timestamp(), "Elsewhere": until.timestamp()}  # one of them is not in this send
    Relay.objects.create(name="r", pid=1, started_at=now, beat_at=now, facts={"slowed": slowed})
    with tenant_scope(organization):
        for kind, provider, n in ((Bucket.ON_ITS_WAY, "", -3), (Bucket.RETRYING, "Greylake", 3)):
            Tally.objects.create(
                organization=organization, mailing_id=sending.mailing_id, provider=provider, kind=kind, n=n, at=now
            )
    page = as_analyst.get(url(organization, "campaign", sending)).content.decode()
    said = page.split("Greylake asked us to slow down. We did. Full speed at about")[1].split("</p>")[0]
    assert until.astimezone(ZoneInfo(organization.time_zone)).strftime("%H:%M") in said
    assert "Elsewhere" not in page


def test_what_was_decreed_about_a_send_is_told_where_it_is_watched(
    as_analyst: Client, organization: Organization, other_organization: Organization, sending: Campaign
) -> None:
    author, hour = Author("Oskar"), timedelta(hours=1)
    with tenant_scope(organization):
        send = sending.mailing
    rulings.hold(
        scope=Scope(mailing=send, provider="Gmail"),
        reason="a secret",
        lasting=hour,
        author=author,
        told="We ask them.",
    )
    rulings.hold(
        scope=Scope(organization=other_organization), reason="x", lasting=hour, author=author, told="Not yours."
    )
    page = as_analyst.get(url(organization, "campaign", sending)).content.decode()
    said = page.split("An operator of this Posthouse holds this campaign&#x27;s mail to Gmail. We ask them. Until")[1]
    assert (timezone.now() + hour).astimezone(ZoneInfo(organization.time_zone)).strftime("%H:") in said.split("</p>")[0]
    assert "a secret" not in page and "Not yours." not in page and "Oskar" not in page


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_a_wake_up_and_not_the_launch(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*ids: int) -> None:
        raise OSError("the broker is away")

    people(3)
    monkeypatch.setattr(tasks.freeze, "delay", away)
    monkeypatch.setattr(tasks.clear_away, "delay", away)
    assert as_marketer.post(url(organization, "campaign_launch", draft)).status_code == 302
    assert state_of(organization, draft).state == CampaignState.LAUNCHING
    with tenant_scope(organization):
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
    answer = as_marketer.post(url(organization, "campaign_cancel", draft), {"name": draft.name})
    assert answer.status_code == 302
    assert state_of(organization, draft).state == CampaignState.CANCELLED


def test_not_ready_says_what_is_in_the_way(as_marketer: Client, organization: Organization, draft: Campaign) -> None:
    answer = as_marketer.post(url(organization, "campaign_launch", draft), follow=True)
    assert "Not sent. This is in the way: Audience." in answer.content.decode()
    assert state_of(organization, draft).state == CampaignState.DRAFT


def test_no_test_leaves_in_the_name_of_a_domain_that_is_not_proven(
    as_marketer: Client, organization: Organization, draft: Campaign
) -> None:
    with tenant_scope(organization):
        draft.domain.state, draft.domain.verified_at = DomainState.PENDING, None
        draft.domain.save()
    answer = as_marketer.post(url(organization, "campaign_test", draft), {"to": "stranger@x.example"})
    assert answer.status_code == 422 and "is not verified yet" in answer.content.decode()
    with tenant_scope(organization):
        assert not StoredMessage.objects.exists() and not Delivery.objects.exists()


def test_tests_are_no_way_around_the_list(
    as_marketer: Client, organization: Organization, draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_sends, "MOST_AN_HOUR", 2)
    where = url(organization, "campaign_test", draft)
    assert [as_marketer.post(where, {"to": f"p{n}@x.example"}).status_code for n in range(3)] == [302, 302, 422]
    with tenant_scope(organization):
        Delivery.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert as_marketer.post(where, {"to": "p4@x.example"}).status_code == 302


def test_a_test_goes_out_whole_and_is_counted_nowhere(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    (somebody,) = people(1, first_name="Zoë")
    where = url(organization, "campaign_test", draft)
    assert "is not an address that mail can be sent to" in as_marketer.post(where, {"to": "nobody"}).content.decode()
    assert (
        "is nobody of yours"
        in as_marketer.post(where, {"to": "me@x.example", "person": "who@x.example"}).content.decode()
    )
    answer = as_marketer.post(where, {"to": "Me@X.example", "person": somebody.address}, follow=True)
    assert "The test is on its way to" in answer.content.decode()
    with tenant_scope(organization):
        stored = StoredMessage.objects.select_related("delivery__mailing__stream").get()
        delivery = stored.delivery
        assert delivery.mailing.stream.kind == "test" and delivery.state == DeliveryState.QUEUED
        assert delivery.address == "me@x.example" and delivery.contact_id is None
    raw = bytes(stored.raw)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"Subject: [Test] Hello =?utf-8?q?Zo=C3=AB?=" in head
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")
    (unsubscribe,) = [line for line in head.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert unsubscribe.endswith(b">") and b"=?" not in unsubscribe
    assert b"Zo=C3=AB" in body and b"/c/" not in body and b".gif" not in body
    page = as_marketer.get(url(organization, "campaigns").replace("campaigns/", "")).content.decode()
    assert "No campaign was sent in the last 30 days" in page


def test_pause_resume_cancel(
    as_marketer: Client,
    organization: Organization,
    sending: Campaign,
    tasks_at_once: None,
    django_capture_on_commit_callbacks: Any,
) -> None:
    as_marketer.post(url(organization, "campaign_pause", sending))
    assert state_of(organization, sending).state == CampaignState.PAUSED
    assert (
        "Paused. Nothing leaves until you resume it."
        in as_marketer.get(url(organization, "campaign", sending)).content.decode()
    )
    as_marketer.post(url(organization, "campaign_resume", sending))
    assert state_of(organization, sending).state == CampaignState.SENDING
    as_marketer.post(url(organization, "campaign_cancel", sending), {"name": "another"})
    assert state_of(organization, sending).state == CampaignState.SENDING
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "campaign_cancel", sending), {"name": sending.name})
    campaign = state_of(organization, sending)
    assert campaign.state == CampaignState.CANCELLED and campaign.finished_at
    with tenant_scope(organization):
        assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.CANCELLED}
    again = as_marketer.post(url(organization, "campaign_resume", sending), follow=True).content.decode()
    assert "was cancelled, so it cannot be resumed" in again


def test_a_warm_up_tells_when_it_will_be_done_before_and_during_the_send(
    as_analyst: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(120)
    with cross_tenant("an address of a test"):
        pool = Pool.objects.create(name="own", organization=organization, is_default=True)
        address = EgressIP.objects.create(address="192.0.2.3", name="mta3.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=address)
        warming.start(address_id=address.pk, actor=None)
    page = as_analyst.get(url(organization, "campaign", draft)).content.decode()
    assert "are being warmed up, and may send 50 a day to" in page and "It will be done" in page
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer, accepted=["duration"])
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
    live = as_analyst.get(url(organization, "campaign_live", draft)).content.decode()
    assert "It will be done" in live and "50 a day to" in live and "Europe/Berlin" in live
    with tenant_scope(organization):
        row = Delivery.objects.first()
    page = as_analyst.get(f"{url(organization, 'messages')}{row.pk}/").content.decode()
    assert "The addresses that it leaves from are being warmed up: 50 a day for now, 50 still today." in page


def test_the_live_part_stops_polling_at_the_end(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    where = url(organization, "campaign_live", sending)
    answer = as_analyst.get(where, {"state": "sending"})
    assert answer.status_code == 200 and "HX-Refresh" not in answer and "<html" not in answer.content.decode()
    assert as_analyst.get(where, {"state": "launching"})["HX-Refresh"] == "true"
    with tenant_scope(organization):
        Delivery.objects.update(state=DeliveryState.DELIVERED)
        launches.finish_if_done(campaign=sending)
    assert as_analyst.get(where, {"state": "sending"}).status_code == 286


def test_the_people_of_each_part_page_by_page(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        ids = list(Delivery.objects.order_by("id").values_list("pk", flat=True))
        for state, some in zip(
            (
                DeliveryState.DELIVERED,
                DeliveryState.DEFERRED,
                DeliveryState.BOUNCED,
                DeliveryState.EXPIRED,
                DeliveryState.SUPPRESSED,
                DeliveryState.IN_DOUBT,
            ),
            (ids[:60], ids[60:62], ids[62:64], ids[64:66], ids[66:70], ids[70:73]),
            strict=True,
        ):
            Delivery.objects.filter(pk__in=some).update(state=state, attempts=1)
    where = url(organization, "campaign_people", sending)
    expected = {"delivered": 60, "on_its_way": 47, "retrying": 2, "bounced": 4, "skipped": 4, "needs_you": 3, "": 120}
    for part, count in expected.items():
        seen: list[str] = []
        query: dict[str, Any] = {"part": part} if part else {}
        while True:
            answer = as_analyst.get(where, query)
            seen += [row.address for row, _ in answer.context["rows"]]
            following = answer.context["page"]["next"]
            if following is None:
                break
            query["after"] = following
        assert len(seen) == len(set(seen)) == count, part
    assert as_analyst.get(where, {"part": "nonsense", "after": "x"}).status_code == 200
    assert "That was the last page" in as_analyst.get(where, {"after": "9" * 18}).content.decode()


def test_the_export_has_everybody_and_no_formulas(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        first = Delivery.objects.order_by("id").first()
        Delivery.objects.filter(pk=first.pk).update(
            address="=cmd@x.example", state=DeliveryState.BOUNCED, code="550 5.1.1"
        )
    answer = as_analyst.get(url(organization, "campaign_people_csv", sending))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 120 and "attachment" in answer["Content-Disposition"]
    assert {row["status"] for row in rows} == {"Bounced", "Queued"}
    assert [row["address"] for row in rows if row["status"] == "Bounced"] == ["'=cmd@x.example"]
    part = as_analyst.get(url(organization, "campaign_people_csv", sending), {"part": BarPart.BOUNCED.value})
    assert len(b"".join(part.streaming_content).decode().splitlines()) == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_people_take_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, sending: Campaign, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        some = list(Delivery.objects.order_by("id").values_list("pk", flat=True)[:rows])
        Delivery.objects.filter(pk__in=some).update(state=DeliveryState.BOUNCED, code="550 5.1.1", attempts=1)
    where = url(organization, "campaign_people", sending)
    as_analyst.get(where, {"part": "bounced"})
    with django_assert_num_queries(PEOPLE_QUERIES):
        answer = as_analyst.get(where, {"part": "bounced"})
    assert len(answer.context["rows"]) == rows


PEOPLE_QUERIES = 15


def test_the_mail_is_shown_as_it_was_sent(
    as_analyst: Client, organization: Organization, sending: Campaign, people: People
) -> None:
    (late,) = people(1, first_name="<b>Zoë</b>")
    with tenant_scope(organization):
        sending.design.mjml = "<mjml>changed later</mjml>"
        sending.design.save()
    answer = as_analyst.get(url(organization, "campaign_mail", sending), {"person": late.address})
    page = answer.content.decode()
    assert "Hello &lt;b&gt;Zoë&lt;/b&gt;," in page and "changed later" not in page and "{{" not in page
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_test_to_several_and_testers_that_are_kept(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    where, forget = url(organization, "campaign_test", draft), url(organization, "campaign_tester_forget", draft)
    answer = as_marketer.post(where, {"to": "a@x.example, B@x.example\nb@x.example", "keep": "on"}, follow=True)
    assert "2 addresses" in answer.content.decode()
    with tenant_scope(organization):
        assert set(Delivery.objects.values_list("address", flat=True)) == {"a@x.example", "b@x.example"}
        kept = list(Tester.objects.order_by("address"))
        assert [tester.address for tester in kept] == ["a@x.example", "b@x.example"]
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "Remove a@x.example from the testers" in page
    as_marketer.post(where, {"testers": [kept[0].pk]})
    with tenant_scope(organization):
        assert Delivery.objects.filter(address="a@x.example").count() == 2
    as_marketer.post(forget, {"forget": str(kept[0].pk)})
    as_marketer.post(forget, {"forget": "x"})
    with tenant_scope(organization):
        assert [tester.address for tester in Tester.objects.all()] == ["b@x.example"]
        assert AuditEntry.objects.filter(verb="campaigns.tester_forgotten").count() == 1
    assert "Write an address, or choose a tester." in as_marketer.post(where, {"to": " "}).content.decode()
    many = ", ".join(f"p{number}@x.example" for number in range(21))
    assert "at most 20" in as_marketer.post(where, {"to": many}).content.decode()


def test_a_tester_of_others_is_nobodys(
    as_marketer: Client, organization: Organization, other_organization: Organization, draft: Campaign
) -> None:
    with tenant_scope(other_organization):
        theirs = Tester.objects.create(organization=other_organization, address="theirs@x.example")
    answer = as_marketer.post(url(organization, "campaign_test", draft), {"testers": [theirs.pk]})
    assert answer.status_code == 422
    as_marketer.post(url(organization, "campaign_tester_forget", draft), {"forget": theirs.pk})
    with tenant_scope(other_organization):
        assert Tester.objects.filter(pk=theirs.pk).exists()


def test_what_an_esp_has_is_on_its_way_and_said_so(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        mailing = sending.mailing
        assert mailing is not None
        moved = Delivery.objects.filter(mailing=mailing).update(state=DeliveryState.HANDED_OVER, attempts=1)
        now = timezone.now()
        for bucket, n in ((Bucket.ON_ITS_WAY, -moved), (Bucket.HANDED_OVER, moved)):
            Tally.objects.create(organization=organization, mailing_id=mailing.pk, kind=bucket, n=n, at=now)
        Campaign.objects.filter(pk=sending.pk).update(state=CampaignState.FINISHED, finished_at=now)
    page = as_analyst.get(url(organization, "campaign", sending)).content.decode()
    assert "120 are with your ESP" in page
    assert "adds up" in page
    people = as_analyst.get(url(organization, "campaign_people", sending), {"part": "on_its_way"}).content.decode()
    assert people.count("Your ESP took it and carries it on") == 50
