"""Pause, less often, language, "I never signed up": what is kept, that leaving wins, and how many stayed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from accounts.tenancy import tenant_scope
from contacts.actions import disputes, preferences, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import (
    ConsentRecord,
    Contact,
    HouseSuppression,
    Import,
    Preference,
    SignupForm,
    Subscription,
    Suppression,
    Topic,
)
from contacts.queries import audience
from contacts.queries import disputes as counts
from contacts.queries import preferences as chosen
from sending.actions import evidence
from sending.enums import DeliveryState
from tests.database import as_owner
from tests.sending import ledger

PAGE = Statement(source=ConsentSource.PAGE, wording="I never signed up for this", about="")


@pytest.fixture
def person(scoped):
    return ledger.contact(scoped)


def test_most_people_have_no_row(scoped, person):
    preferences.set_cap(contact=person, cap="weekly")
    until = preferences.pause(contact=person, days=30)
    row = Preference.objects.get()
    assert (row.cap, row.paused_until) == ("weekly", until)
    assert timedelta(days=29, hours=23) < until - timezone.now() <= timedelta(days=30)
    preferences.pause(contact=person, days=0)
    preferences.set_cap(contact=person, cap="")
    assert not Preference.objects.exists()
    with pytest.raises(ValueError, match="hourly"):
        preferences.set_cap(contact=person, cap="hourly")


def test_taking_back_puts_everything_as_it_was(scoped, person):
    until = timezone.now() + timedelta(days=9)
    preferences.put_back(contact=person, paused_until=until, cap="monthly")
    assert Preference.objects.get().paused_until == until
    preferences.put_back(contact=person, paused_until=timezone.now() - timedelta(days=1), cap="")
    assert not Preference.objects.exists()


def test_the_language_is_known_to_members_too(scoped, person):
    preferences.set_language(contact=person, language="fr")
    person.refresh_from_db()
    assert (person.locale, Preference.objects.get().language) == ("fr", "fr")
    preferences.set_language(contact=person, language="", locale="")
    person.refresh_from_db()
    assert person.locale == ""
    assert not Preference.objects.exists()


def test_how_many_stayed_instead_of_leaving(scoped):
    people = [ledger.contact(scoped, f"p{n}@x.example") for n in range(6)]
    preferences.pause(contact=people[0], days=30)
    preferences.set_cap(contact=people[0], cap="weekly")
    preferences.set_cap(contact=people[1], cap="weekly")
    preferences.set_cap(contact=people[2], cap="monthly")
    preferences.set_language(contact=people[3], language="de")
    preferences.pause(contact=people[4], days=30)
    subscriptions.unsubscribe_all(contact=people[4], statement=PAGE)
    Preference.objects.filter(contact=people[1]).update(paused_until=timezone.now() - timedelta(days=1))
    assert chosen.kept(scoped) == chosen.Kept(people=3, paused=1, weekly=2, monthly=1)


def test_the_audience_has_those_who_paused_and_says_why(scoped):
    brand = Brand.objects.get(organization=scoped)
    topic, other = (Topic.objects.create(organization=scoped, brand=brand, name=name) for name in ("A", "B"))
    names = ("plain", "paused", "over", "capped", "fresh", "of_topic", "of_other", "house")
    people = {name: ledger.contact(scoped, f"{name}@x.example") for name in names}
    for one in people.values():
        subscriptions.subscribe(contact=one, topic=topic, statement=PAGE)
    preferences.pause(contact=people["paused"], days=30)
    preferences.pause(contact=people["over"], days=30)
    Preference.objects.filter(contact=people["over"]).update(paused_until=timezone.now() - timedelta(minutes=1))
    for name in ("capped", "fresh"):
        preferences.set_cap(contact=people[name], cap="weekly")
    ledger.delivery(ledger.mailing(scoped), contact=people["capped"])
    ledger.delivery(ledger.mailing(scoped, letter=ledger.letter(scoped)), contact=people["plain"])
    for name, where in (("of_topic", topic), ("of_other", other)):
        Suppression.objects.create(
            organization=scoped, address_key=f"{name}@x.example", reason="manual", topic=where, source="member"
        )
    with as_owner():
        HouseSuppression.objects.create(address_key="house@x.example", why="a trap")
    select = audience.select(organization=scoped, topic=topic)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT address, reason FROM ({select.text}) a", select.params)
        reasons = {address.partition("@")[0]: reason for address, reason in cursor.fetchall()}
    assert reasons == {
        "plain": None,
        "paused": "paused",
        "over": None,
        "capped": "less_often",
        "fresh": None,
        "of_topic": "manual",
        "of_other": None,
        "house": "house",
    }


def test_who_never_signed_up_is_believed_and_the_source_is_flagged(scoped):
    brand = Brand.objects.get(organization=scoped)
    topic = Topic.objects.create(organization=scoped, brand=brand, name="A")
    source = Import.objects.create(organization=scoped, file_name="bought.csv", file_size=1, fingerprint="0" * 64)
    form = SignupForm.objects.create(organization=scoped, brand=brand, name="F", title="F", wording="w")
    people = [ledger.contact(scoped, f"p{n}@x.example") for n in range(4)]
    Contact.objects.filter(pk__in=[p.pk for p in people[:2]]).update(import_id=source.pk)
    Contact.objects.filter(pk=people[2].pk).update(form_id=form.pk)
    for one in people:
        one.refresh_from_db()
        subscriptions.subscribe(contact=one, topic=topic, statement=PAGE)
    assert disputes.never_signed_up(contact=people[0], statement=PAGE)
    assert not disputes.never_signed_up(contact=people[0], statement=PAGE), "once is enough"
    for one in people[1:]:
        assert disputes.never_signed_up(contact=one, statement=PAGE)
    assert set(Subscription.objects.values_list("state", flat=True)) == {SubscriptionState.UNSUBSCRIBED}
    entry = Suppression.objects.get(address_key="p0@x.example", reason=SuppressionReason.MANUAL)
    assert (entry.marketing_only, entry.source) == (False, "page")
    assert "never signed up" in entry.evidence
    assert ConsentRecord.objects.filter(action="disputed").count() == 4
    assert (counts.of_import(source), counts.of_form(form)) == (2, 1)
    assert AuditEntry.objects.filter(verb="contacts.signup_disputed").count() == 4
    assert disputes.took_back(contact=people[0], statement=PAGE)
    assert counts.of_import(source) == 1
    assert Subscription.objects.get(contact=people[0]).state == SubscriptionState.SUBSCRIBED


def test_taking_a_dispute_back_lifts_nothing_else(scoped, person):
    suppressions.suppress(
        organization=scoped, address=person.address, reason=SuppressionReason.MANUAL, source="member", evidence="x"
    )
    assert not disputes.took_back(contact=person, statement=PAGE)
    assert Suppression.objects.get().lifted_at is None


@pytest.mark.django_db(transaction=True)
def test_one_click_and_a_mail_to_the_opt_out_address_at_once(organization):
    """The same message, both ways, many times at once: nobody waits for the other in a circle, and one of them counts."""
    with tenant_scope(organization):
        brand = Brand.objects.get(organization=organization)
        topic = Topic.objects.create(organization=organization, brand=brand, name="A")
        person = ledger.contact(organization)
        send = ledger.mailing(organization, topic_id=topic.pk)
        row = ledger.delivery(send, contact=person, state=DeliveryState.IN_DOUBT)

    def click() -> bool:
        with tenant_scope(organization):
            said = Statement(source=ConsentSource.ONE_CLICK, wording="x", about=f"d{row.pk}")
            return preferences.leave(contact=person, topic=topic, statement=said)

    def write() -> bool:
        with tenant_scope(organization):
            return evidence.opted_out(
                contact_id=person.pk, about=f"d{row.pk}", source=ConsentSource.MAILTO, wording="Mail"
            )

    def work(deed) -> bool:
        try:
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for _ in range(15):
            with tenant_scope(organization):
                Subscription.objects.all().delete()
                subscriptions.subscribe(contact=person, topic=topic, statement=PAGE)
                type(row).objects.filter(pk=row.pk).update(state=DeliveryState.IN_DOUBT)
            left = list(pool.map(work, (click, write, click, write)))
            assert sum(left) == 1
