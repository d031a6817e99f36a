"""A link of mail that was sent leads elsewhere: only to a web address, only of this send, with its history."""

import threading

import pytest
from django.db import connection

from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import tenant_scope
from sending.actions import link_changes, mailings
from sending.errors import Refused
from sending.models import LinkChange, Mailing
from sending.queries import link_changes as reading
from tests.sending import ledger

WAS, OTHER = ledger.LINKS[0], ledger.LINKS[1]
NEW, NEWER = "https://shop.example/new", "https://shop.example/newer?x=1"
OURS = frozenset({"links.posthouse.example"})


@pytest.fixture
def send(organization: Organization) -> Mailing:
    with tenant_scope(organization):
        return ledger.mailing(organization)


def change(send: Mailing, actor: User, *, was: str = WAS, url: str = NEW, reason: str = "It was wrong") -> LinkChange:
    return link_changes.change(mailing=send, was=was, url=url, reason=reason, actor=actor, ours=OURS)


def test_changed_changed_again_and_led_back(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        change(send, marketer)
        assert reading.in_force(send.pk) == {WAS: NEW}
        change(send, marketer, url=NEWER, reason=" Better\n still ")
        assert reading.in_force(send.pk) == {WAS: NEWER}
        assert reading.destinations(send.letter, send.pk) == [NEWER, *ledger.LINKS[1:]]
        assert link_changes.lead_back(mailing=send, was=WAS, actor=marketer) is True
        assert link_changes.lead_back(mailing=send, was=WAS, actor=marketer) is False
        assert reading.in_force(send.pk) == {}
        history = [(step.url, step.reason, step.by) for step in reading.history(send.pk, WAS)]
        assert history == [("", "", marketer), (NEWER, "Better still", marketer), (NEW, "It was wrong", marketer)]
        assert reading.history(send.pk, OTHER) == []
        said = AuditEntry.objects.filter(verb__startswith="sending.link").order_by("pk").values_list("verb", "data")
        assert list(said) == [
            ("sending.link_changed", {"was": WAS, "from": WAS, "to": NEW, "reason": "It was wrong"}),
            ("sending.link_changed", {"was": WAS, "from": NEW, "to": NEWER, "reason": "Better still"}),
            ("sending.link_led_back", {"was": WAS, "from": NEWER}),
        ]


def test_it_is_changed_in_every_letter_of_the_send_and_in_no_other_send(
    organization: Organization, send: Mailing, marketer: User
) -> None:
    with tenant_scope(organization):
        other_letter = ledger.letter(organization, links=["https://only.in.b.example/", WAS])
        mailings.MailingVariant.objects.create(organization=organization, mailing=send, variant=1, letter=other_letter)
        elsewhere = ledger.mailing(organization)
        change(send, marketer)
        assert reading.destinations(other_letter, send.pk) == ["https://only.in.b.example/", NEW]
        assert reading.destinations(other_letter, elsewhere.pk)[1] == WAS
        change(send, marketer, was="https://only.in.b.example/", url=NEWER)
        assert len(reading.in_force(send.pk)) == 2


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"was": "https://elsewhere.example/"}, "no such link"),
        ({"url": "javascript:alert(1)"}, "whole web address"),
        ({"url": "https://127.0.0.1/"}, "private network"),
        ({"url": "https://shop.example/{{ contact.id }}"}, "without merge fields"),
        ({"url": "https://links.posthouse.example/u/abc"}, "one person"),
        ({"url": WAS}, "Lead it back instead"),
        ({"reason": " \n "}, "Say why"),
    ],
)
def test_refused(organization: Organization, send: Mailing, marketer: User, facts: dict[str, str], words: str) -> None:
    with tenant_scope(organization):
        with pytest.raises(Refused, match=words):
            change(send, marketer, **facts)
        assert not LinkChange.objects.exists()


def test_twice_the_same_is_refused(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        change(send, marketer)
        with pytest.raises(Refused, match="leads there already"):
            change(send, marketer)
        assert LinkChange.objects.count() == 1


def test_links_that_act_for_a_person_stay(organization: Organization, marketer: User) -> None:
    with tenant_scope(organization):
        mine = "https://links.posthouse.example/p/abc"
        send = ledger.mailing(organization, letter=ledger.letter(organization, links=[mine]))
        with pytest.raises(Refused, match="stays as it is"):
            change(send, marketer, was=mine)


def test_before_it_is_sent_the_content_is_changed_instead(organization: Organization, marketer: User) -> None:
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        Mailing.objects.filter(pk=send.pk).update(sealed_at=None)
        with pytest.raises(Refused, match="change the link in the content"):
            change(send, marketer)


def test_a_very_long_address_and_one_in_another_alphabet(
    organization: Organization, send: Mailing, marketer: User
) -> None:
    with tenant_scope(organization):
        long = "https://shop.example/?" + "q" * 7_000
        change(send, marketer, was=ledger.LINKS[2], url=long)
        assert reading.in_force(send.pk) == {ledger.LINKS[2]: long}


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_come_one_after_the_other(
    organization: Organization, send: Mailing, marketer: User
) -> None:
    gate = threading.Barrier(4)

    def press(url: str) -> None:
        try:
            gate.wait(timeout=10)
            with tenant_scope(organization):
                change(send, marketer, url=url)
        finally:
            connection.close()

    tabs = [threading.Thread(target=press, args=(f"{NEW}{n}",)) for n in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join(timeout=30)
    with tenant_scope(organization):
        assert LinkChange.objects.count() == 4 and LinkChange.objects.filter(ended_at=None).count() == 1
        assert len(reading.history(send.pk, WAS)) == 4


def test_another_organization_sees_and_changes_nothing(
    organization: Organization, other_organization: Organization, send: Mailing, marketer: User
) -> None:
    with tenant_scope(organization):
        change(send, marketer)
    with tenant_scope(other_organization):
        assert reading.in_force(send.pk) == {}
        with pytest.raises(Mailing.DoesNotExist):
            change(send, marketer, url=NEWER)
