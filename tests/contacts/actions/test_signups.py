"""Signing up, confirming, and being forgotten: who gets a mail, what changes, and what never does."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts import addresses, tasks
from contacts.actions import signups, subscriptions, suppressions
from contacts.actions.signups import Confirmation, Entry
from contacts.actions.subscriptions import Statement
from contacts.adapters import signup_limits
from contacts.enums import ConsentAction, ConsentSource, SignupState, SubscriptionState, SuppressionReason
from contacts.models import (
    ConsentRecord,
    Contact,
    Field,
    Signup,
    SignupForm,
    Subscription,
    Suppression,
    Tag,
    Tagging,
    Topic,
)
from contacts.queries import audience
from sending.models import Delivery, StoredMessage
from tests.contacts import forms_of

pytestmark = pytest.mark.django_db
ADDRESS = "zoe@inbox.example"


@pytest.fixture
def topic(scoped: Organization) -> Topic:
    return forms_of.topic(scoped)


@pytest.fixture
def form(scoped: Organization, topic: Topic) -> SignupForm:
    return forms_of.form(scoped, topic)


def entry(*topics: Topic, address: str = ADDRESS, **facts: object) -> Entry:
    given = {"values": {}, "wording": "Yes, send me tea news.", "language": "en", "ip": "192.0.2.7"} | facts
    return Entry(address=addresses.parse(address), topics=topics, **given)  # type: ignore[arg-type]


def confirm(signup: Signup) -> Confirmation:
    return signups.confirm(signup=signup, wording="Yes, I do", ip="192.0.2.8", user_agent="Firefox")


def later() -> None:
    """The same person comes again after the time of a double click."""
    Signup.objects.update(at=timezone.now() - timedelta(hours=25))


def known(organization: Organization, *topics: Topic) -> Contact:
    contact = Contact.objects.create(
        organization=organization,
        address=ADDRESS,
        address_key=ADDRESS,
        domain="inbox.example",
        source="import",
        values={"first_name": "Zoë"},
    )
    for topic in topics:
        subscriptions.subscribe(contact=contact, topic=topic, statement=Statement(ConsentSource.MANUAL))
    return contact


def state(topic: Topic) -> int:
    return Subscription.objects.get(topic=topic).state


def test_somebody_new_waits_and_is_in_no_audience(form, topic, scoped):
    signup = signups.sign_up(form=form, entry=entry(topic, values={"first_name": "Zoë"}))
    assert signup.state == SignupState.WAITING
    assert state(topic) == SubscriptionState.PENDING
    assert Contact.objects.get().values == {}
    assert audience.counted(audience.select(organization=scoped, topic=topic)).people == 0
    assert confirm(signup) is Confirmation.DONE
    assert audience.counted(audience.select(organization=scoped, topic=topic)).people == 1
    contact = Contact.objects.get()
    assert (contact.values, contact.locale, contact.source) == ({"first_name": "Zoë"}, "en", "form")
    assert list(ConsentRecord.objects.order_by("pk").values_list("action", "ip", "wording")) == [
        (ConsentAction.REQUESTED, "192.0.2.7", "Yes, send me tea news."),
        (ConsentAction.CONFIRMED, "192.0.2.8", "Yes, I do"),
    ]
    signup.refresh_from_db()
    assert (signup.state, signup.values) == (SignupState.SUBSCRIBED, {})
    assert confirm(signup) is Confirmation.ALREADY
    assert len(forms_of.mails()) == 2


def test_a_launch_has_nobody_who_waits(form, topic, scoped):
    """The audience of a send, as the launch freezes it."""
    for n in range(3):
        signup = signups.sign_up(form=form, entry=entry(topic, address=f"p{n}@inbox.example"))
    confirm(signup)
    frozen = audience.select(organization=scoped, topic=topic)
    with connection.cursor() as cursor:
        cursor.execute(frozen.text, frozen.params)
        assert [row[1] for row in cursor.fetchall()] == ["p2@inbox.example"]


def test_a_topic_without_confirmation_subscribes_at_once_and_mails_a_receipt(scoped):
    topic = forms_of.topic(scoped, "Offers", double=False)
    signup = signups.sign_up(form=forms_of.form(scoped, topic), entry=entry(topic, values={"first_name": "Zoë"}))
    assert signup.state == SignupState.SUBSCRIBED
    assert state(topic) == SubscriptionState.SUBSCRIBED
    assert Contact.objects.get().values == {"first_name": "Zoë"}
    (mail,) = forms_of.mails()
    assert "Please keep this mail" in forms_of.text_of(mail)


def test_nothing_known_is_overwritten_by_who_proved_nothing(scoped):
    topic = forms_of.topic(scoped, "Offers", double=False)
    known(scoped)
    signups.sign_up(
        form=forms_of.form(scoped, topic), entry=entry(topic, values={"first_name": "Spam", "last_name": "Ng"})
    )
    assert Contact.objects.get().values == {"first_name": "Zoë", "last_name": "Ng"}
    assert Contact.objects.get().source == "import"


def test_whoever_left_is_asked_even_where_nobody_else_is(scoped):
    topic = forms_of.topic(scoped, "Offers", double=False)
    contact = known(scoped, topic)
    subscriptions.unsubscribe_all(contact=contact, statement=Statement(ConsentSource.ONE_CLICK))
    signup = signups.sign_up(form=forms_of.form(scoped, topic), entry=entry(topic))
    assert signup.state == SignupState.WAITING
    assert state(topic) == SubscriptionState.UNSUBSCRIBED  # mail that is under way asks for this
    assert Suppression.objects.filter(lifted_at=None).exists()
    assert confirm(signup) is Confirmation.DONE
    assert state(topic) == SubscriptionState.SUBSCRIBED
    assert not Suppression.objects.filter(lifted_at=None).exists()
    assert audience.counted(audience.select(organization=scoped, topic=topic)).sendable == 1


def test_who_left_and_never_confirms_stays_gone(form, topic, scoped):
    contact = known(scoped, topic)
    subscriptions.unsubscribe(contact=contact, topic=topic, statement=Statement(ConsentSource.PAGE))
    signup = signups.sign_up(form=form, entry=entry(topic))
    Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(minutes=1))
    assert signups.expire(signup=Signup.objects.get()) is False
    assert state(topic) == SubscriptionState.UNSUBSCRIBED
    assert Contact.objects.filter(pk=contact.pk).exists()
    assert confirm(signup) is Confirmation.TOO_OLD
    assert state(topic) == SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize("reason", [r for r in SuppressionReason if r != SuppressionReason.UNSUBSCRIBED])
def test_nobody_writes_to_who_is_stopped(reason, form, topic, scoped):
    suppressions.suppress(organization=scoped, address=ADDRESS, reason=reason, source="member")
    assert signups.sign_up(form=form, entry=entry(topic)) is None
    assert not Contact.objects.exists()
    assert forms_of.mails() == []


def test_who_asked_to_be_forgotten_stays_forgotten(form, topic, scoped):
    from contacts import fingerprints

    Suppression.objects.create(
        organization=scoped,
        address_key=fingerprints.listed(ADDRESS)[0],
        reason=SuppressionReason.ERASED,
        source="page",
    )
    assert signups.sign_up(form=form, entry=entry(topic)) is None
    assert not Contact.objects.exists()


def test_who_is_stopped_costs_as_much_work_as_anybody(form, topic, scoped):
    """So that the time of an answer does not tell whose address is on the list."""
    signups.sign_up(form=form, entry=entry(topic, address="the-first@inbox.example"))  # makes the stream and the lane
    with CaptureQueriesContext(connection) as taken:
        signups.sign_up(form=form, entry=entry(topic, address="ann@inbox.example"))
    suppressions.suppress(organization=scoped, address=ADDRESS, reason=SuppressionReason.MANUAL, source="member")
    with CaptureQueriesContext(connection) as refused:
        assert signups.sign_up(form=form, entry=entry(topic)) is None

    def deeds(queries):
        return [one["sql"].split('" ')[0] for one in queries if one["sql"].startswith(("INSERT", "UPDATE"))]

    assert deeds(refused.captured_queries) == deeds(taken.captured_queries)
    assert any("sending_storedmessage" in deed for deed in deeds(refused.captured_queries))
    assert not Contact.objects.filter(address=ADDRESS).exists()
    assert [mail["To"] for mail in forms_of.mails()] == ["the-first@inbox.example", "ann@inbox.example"]


def test_stopped_between_asking_and_confirming(form, topic, scoped):
    signup = signups.sign_up(form=form, entry=entry(topic))
    suppressions.suppress(organization=scoped, address=ADDRESS, reason=SuppressionReason.COMPLAINED, source="complaint")
    assert confirm(signup) is Confirmation.STOPPED
    assert state(topic) == SubscriptionState.PENDING


def test_a_second_press_sends_no_second_mail_but_another_day_does(form, topic):
    first = signups.sign_up(form=form, entry=entry(topic))
    assert first is not None
    assert signups.sign_up(form=form, entry=entry(topic)) is None
    assert len(forms_of.mails()) == 1
    later()
    second = signups.sign_up(form=form, entry=entry(topic))
    assert second is not None
    assert len(forms_of.mails()) == 2
    assert confirm(first) is Confirmation.DONE  # either link does


def test_nobodys_mailbox_is_filled(scoped, topic):
    forms = [forms_of.form(scoped, topic, name=f"F{n}") for n in range(5)]
    sent = [signups.sign_up(form=form, entry=entry(topic)) for form in forms]
    assert [one is not None for one in sent] == [True] * 3 + [False] * 2
    assert len(forms_of.mails()) == 3


def test_nor_by_many_organizations_together(form, topic, monkeypatch):
    monkeypatch.setattr(signup_limits, "AN_ADDRESS", 0)
    assert signups.sign_up(form=form, entry=entry(topic)) is None
    assert forms_of.mails() == []


def test_without_the_counters_everybody_may(form, topic, monkeypatch):
    class Away:
        def add(self, *args: object, **kwargs: object) -> None:
            raise ConnectionError

    monkeypatch.setattr(signup_limits, "cache", Away())
    assert signup_limits.visitor_may_post(form_id=1, ip="2001:db8::1")
    assert signups.sign_up(form=form, entry=entry(topic)) is not None


def test_neighbours_of_one_network_are_one_visitor(monkeypatch):
    monkeypatch.setattr(signup_limits, "A_VISITOR", 1)
    assert signup_limits.visitor_may_post(form_id=1, ip="2001:db8::1")
    assert not signup_limits.visitor_may_post(form_id=1, ip="2001:db8::2")
    assert signup_limits.visitor_may_post(form_id=1, ip="2001:db8:0:1::1")
    assert signup_limits.visitor_may_post(form_id=2, ip="2001:db8::1")
    monkeypatch.setattr(signup_limits, "A_FORM", 1)
    assert not signup_limits.visitor_may_post(form_id=2, ip="192.0.2.1")


def test_who_has_it_already_is_told_by_mail_and_only_there(form, topic, scoped):
    known(scoped, topic)
    signup = signups.sign_up(form=form, entry=entry(topic, values={"first_name": "Spam"}))
    assert (signup.state, signup.values) == (SignupState.AGAIN, {})
    assert "already" in forms_of.text_of(forms_of.mails()[0])
    assert ConsentRecord.objects.filter(source=ConsentSource.FORM).count() == 0
    assert Contact.objects.get().values == {"first_name": "Zoë"}


def test_the_archived_come_back_by_confirming(form, topic, scoped):
    from contacts.actions import people

    people.archive(contact=known(scoped), actor=None)
    signup = signups.sign_up(form=form, entry=entry(topic))
    assert Contact.objects.get().archived_at is not None
    confirm(signup)
    assert Contact.objects.get().archived_at is None


def test_only_topics_of_the_form(form, topic, scoped):
    other = forms_of.topic(scoped, "Secret", is_public=False)
    assert signups.sign_up(form=form, entry=entry(other)) is None
    assert not Contact.objects.exists()


def test_who_never_confirms_is_forgotten(form, topic, organization):
    signups.sign_up(form=form, entry=entry(topic, values={"first_name": "Zoë"}))
    Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(minutes=1))
    assert signups.expire(signup=Signup.objects.get()) is True
    assert not Contact.objects.exists()
    assert not Subscription.objects.exists()
    signup = Signup.objects.get()
    assert (signup.state, signup.values) == (SignupState.EXPIRED, {})
    record = ConsentRecord.objects.get(action=ConsentAction.EXPIRED)
    assert (record.topic, record.wording) == (topic, "Not confirmed within 30 days.")
    assert set(ConsentRecord.objects.values_list("ip", "user_agent")) == {(None, "")}
    assert not Delivery.objects.filter(address=ADDRESS).exists()
    assert not StoredMessage.objects.filter(raw__contains=ADDRESS.encode()).exists()
    assert signups.expire(signup=signup) is False
    assert signups.ask_again(signup=signup, ip=None, user_agent="") is False


def test_who_is_known_otherwise_is_not_removed(form, topic, scoped):
    signups.sign_up(form=form, entry=entry(topic))
    tag = Tag.objects.create(organization=scoped, name="Fair")
    Tagging.objects.create(organization=scoped, tag=tag, contact=Contact.objects.get())
    Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(minutes=1))
    assert signups.expire(signup=Signup.objects.get()) is False
    assert Contact.objects.exists()
    assert not Subscription.objects.exists()


def test_a_younger_request_keeps_them_waiting(form, topic):
    signups.sign_up(form=form, entry=entry(topic))
    Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(minutes=1))
    old = Signup.objects.get()
    signups.sign_up(form=form, entry=entry(topic))
    assert signups.expire(signup=old) is False
    assert state(topic) == SubscriptionState.PENDING
    assert not ConsentRecord.objects.filter(action=ConsentAction.EXPIRED).exists()


def test_what_is_young_does_not_expire(form, topic):
    signup = signups.sign_up(form=form, entry=entry(topic))
    assert signups.expire(signup=signup) is False
    assert state(topic) == SubscriptionState.PENDING


@pytest.mark.django_db(transaction=True)
def test_the_sweep_finds_the_old_ones_of_every_organization(organization, other_organization):
    for one in (organization, other_organization):
        with tenant_scope(one):
            topic = forms_of.topic(one)
            signups.sign_up(form=forms_of.form(one, topic), entry=entry(topic))
    with tenant_scope(organization):
        Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(minutes=1))
    assert signups.sweep() == 1
    assert signups.sweep() == 0
    with tenant_scope(organization):
        assert not Contact.objects.exists()
    with tenant_scope(other_organization):
        assert Contact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one(organization):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    with tenant_scope(organization):
        topic = forms_of.topic(organization)
        form = forms_of.form(organization, topic)

    def press(_: int) -> bool:
        try:
            with tenant_scope(organization):
                return signups.sign_up(form=form, entry=entry(topic)) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(press, range(4))) == 1
    with tenant_scope(organization):
        assert len(forms_of.mails()) == 1
        signup = Signup.objects.select_related("form", "organization").get()

    def yes(_: int) -> Confirmation:
        try:
            with tenant_scope(organization):
                return confirm(Signup.objects.select_related("form__brand", "organization").get(pk=signup.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(yes, range(4)))
    assert sorted(one.value for one in outcomes) == ["already"] * 3 + ["done"]
    with tenant_scope(organization):
        assert ConsentRecord.objects.filter(action=ConsentAction.CONFIRMED).count() == 1
        assert len(forms_of.mails()) == 2


def test_what_does_not_fit_its_field_any_more_is_let_go(form, topic, scoped):
    for key, kind in (("cups", "number"), ("gone", "text"), ("city", "text")):
        Field.objects.create(organization=scoped, key=key, label=key, kind=kind)
    signup = signups.sign_up(form=form, entry=entry(topic, values={"cups": 3, "gone": "x", "city": "Köln"}))
    Field.objects.filter(key="cups").update(kind="date")
    Field.objects.filter(key="gone").update(archived_at=timezone.now())
    assert confirm(signup) is Confirmation.DONE
    assert Contact.objects.get().values == {"city": "Köln"}


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_expire_keeps_none_of_the_others(organization, monkeypatch):
    with tenant_scope(organization):
        topic = forms_of.topic(organization)
        form = forms_of.form(organization, topic)
        for n in range(3):
            signups.sign_up(form=form, entry=entry(topic, address=f"p{n}@inbox.example"))
        Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(minutes=1))
        first = Signup.objects.order_by("pk")[0].pk
    real = signups.expire

    def fails(*, signup: Signup) -> bool:
        if signup.pk == first:
            raise ZeroDivisionError
        return real(signup=signup)

    monkeypatch.setattr(signups, "expire", fails)
    signups.sweep()
    with tenant_scope(organization):
        assert Signup.objects.filter(state=SignupState.WAITING).count() == 1
        assert Contact.objects.count() == 1
    monkeypatch.undo()
    tasks.sweep_signups()
    with tenant_scope(organization):
        assert not Contact.objects.exists()
