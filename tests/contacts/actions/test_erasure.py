"""Forgetting a person: nothing of ours names them afterwards, the sums stay, the ledger adds up, and the record says so."""

# ruff: noqa: E501  (SQL is easier to read on one line)

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import AuditEntry, Brand
from accounts.tenancy import cross_tenant, tenant_scope
from contacts import fingerprints, ports
from contacts.actions import (
    duplicates,
    erasure,
    jobs,
    preferences,
    privacy_requests,
    segments,
    subscriptions,
    suppressions,
)
from contacts.actions.subscriptions import Statement
from contacts.enums import (
    ConsentSource,
    JobKind,
    RequestChannel,
    RequestKind,
    RequestState,
    RowVerdict,
    SubscriptionState,
    SuppressionReason,
)
from contacts.models import (
    ConsentRecord,
    Contact,
    Import,
    ImportChange,
    ImportRow,
    Preference,
    PrivacyRequest,
    SavedView,
    Subscription,
    Suppression,
    Tag,
    Tagging,
    Topic,
)
from contacts.queries import audience
from sending.actions import evidence
from sending.enums import Bucket, DeliveryState, EventKind
from sending.models import Delivery, StoredMessage, Tally
from sending.queries import ledger as books
from tests.sending import ledger

ADDRESS = "Mara.Lind@elsewhere.example"
KEY = ADDRESS.lower()
SECRETS = ("mara.lind", "zoë", "203.0.113.7", "firefox")


def event(delivery, kind, text="", **facts):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, text, facts, provider) VALUES (%s, %s, %s, %s, %s, %s, 'gmail')",
            [delivery.organization_id, delivery.mailing_id, delivery.pk, int(kind), text, json.dumps(facts)],
        )
    Tally.objects.create(
        organization_id=delivery.organization_id,
        mailing_id=delivery.mailing_id,
        provider="gmail",
        kind=int(kind),
        n=1,
        at=timezone.now(),
    )


@pytest.fixture
def person(organization, marketer):
    """Somebody who left traces everywhere."""
    with tenant_scope(organization):
        brand = Brand.objects.get(organization=organization)
        topic = Topic.objects.create(organization=organization, brand=brand, name="Kettles")
        contact = Contact.objects.create(
            organization=organization,
            address=ADDRESS,
            address_key=KEY,
            domain="elsewhere.example",
            values={"first_name": "Zoë"},
            locale="de",
            source="import",
        )
        said = Statement(
            source=ConsentSource.FORM, wording="Yes, kettles", ip="203.0.113.7", user_agent="Firefox", about="d1"
        )
        subscriptions.subscribe(contact=contact, topic=topic, statement=said)
        Tagging.objects.create(
            organization=organization, contact=contact, tag=Tag.objects.create(organization=organization, name="VIP")
        )
        preferences.set_cap(contact=contact, cap="weekly")
        source = Import.objects.create(
            organization=organization, file_name="people.csv", file_size=1, fingerprint="0" * 64, rows_staged=2
        )
        for line, raw in enumerate(("", f"{ADDRESS};Zoë;oops"), 2):
            ImportRow.objects.create(
                organization=organization,
                source=source,
                line=line,
                address="" if raw else ADDRESS,
                address_key="" if raw else KEY,
                values={"first_name": "Zoë"},
                verdict=RowVerdict.INVALID if raw else RowVerdict.CHANGED,
                raw=raw,
                problem=raw,
            )
        ImportChange.objects.create(
            organization=organization, source=source, contact_id=contact.pk, before={"first_name": "Zoë"}
        )
        suppressions.suppress(
            organization=organization,
            address=KEY,
            reason=SuppressionReason.BOUNCED,
            source="relay",
            evidence=f"552 <{KEY}> is full",
        )
        send = ledger.mailing(organization, topic_id=topic.pk, audience_size=4)
        delivered = ledger.delivery(send, contact=contact)
        event(delivered, EventKind.DELIVERED, f"250 OK for <{ADDRESS}>")
        event(delivered, EventKind.OPENED, ip="203.0.113.7", ua="Firefox 99", **{"class": "human"})
        waiting = ledger.delivery(
            ledger.mailing(organization, audience_size=1, letter=send.letter),
            contact=contact,
            state=DeliveryState.QUEUED,
        )
        stored = ports.post.send(
            organization=organization, brand=brand, to=ADDRESS, subject=f"For {ADDRESS}", text=f"Dear Zoë, {ADDRESS}"
        )
        audit.record(organization=organization, actor=marketer, verb="contacts.person_added", target=contact)
        audit.record(
            organization=organization,
            actor=marketer,
            verb="contacts.addresses_checked",
            data={"addresses": [ADDRESS, "else@x.example"], "n": 2},
        )
        for _ in range(3):  # others, whose sums must not move
            ledger.delivery(send, contact=ledger.contact(organization, f"p{_}@x.example"))
            event(Delivery.objects.latest("pk"), EventKind.DELIVERED)
        contact.traces = {"waiting": waiting.pk, "delivered": delivered.pk, "stored": int(stored[1:])}
        return contact


def everything(organization):
    """All rows of all our tables as text, as the daemons see them."""
    with cross_tenant("a test looks for traces"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
            "AND NOT relispartition AND has_table_privilege('posthouse_daemon', oid, 'SELECT')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            for (row,) in cursor.fetchall():
                yield table, row


def test_nothing_names_them_afterwards_and_everything_adds_up(organization, person, owner):
    with cross_tenant("a test audits"):
        assert list(books.audit()) == []
    assert any(KEY in row.lower() for _table, row in everything(organization))
    with tenant_scope(organization):
        record = erasure.erase(contact=person, actor=owner)
    found = [(table, row) for table, row in everything(organization) if any(s in row.lower() for s in SECRETS)]
    assert found == []
    with cross_tenant("a test audits"):
        assert list(books.audit()) == []
    call_command("audit_ledger")
    with tenant_scope(organization):
        row = Contact.objects.get(pk=person.pk)
        assert (row.address, row.values, row.locale, row.domain) == ("", {}, "", "")
        assert row.erased_at
        assert row.archived_at
        gone = Delivery.objects.get(pk=person.traces["waiting"])
        assert (gone.state, gone.reason, gone.address) == (DeliveryState.CANCELLED, "erased", f"erased:{person.pk}")
        assert Delivery.objects.get(pk=person.traces["delivered"]).state == DeliveryState.DELIVERED
        assert Tally.objects.filter(kind=Bucket.CANCELLED).count() == 2  # the send, and the app mail
        assert bytes(StoredMessage.objects.get(pk=person.traces["stored"]).raw) == b""
        assert Subscription.objects.get(contact=person).state == SubscriptionState.UNSUBSCRIBED
        assert not Tagging.objects.exists()
        assert not Preference.objects.exists()
        consent = ConsentRecord.objects.get(contact=person)
        assert (consent.wording, consent.ip, consent.user_agent) == ("Yes, kettles", None, "")
        assert {e.verb for e in AuditEntry.objects.all()} >= {"contacts.person_added", "contacts.person_erased"}
        assert AuditEntry.objects.get(verb="contacts.addresses_checked").data == {
            "addresses": ["(erased)", "else@x.example"],
            "n": 2,
        }
    assert record["erased"]["messages cancelled"] == 2
    assert record["erased"]["rows of imports"] == 2
    assert record["erased"]["servers' replies"] >= 1
    assert record["in_motion"] == 0
    assert record["backups_until"] > timezone.now().date().isoformat()


def test_the_do_not_send_list_knows_them_by_a_hash(organization, person, owner):
    with tenant_scope(organization):
        assert not suppressions.is_erased(KEY)
        erasure.erase(contact=person, actor=owner)
        assert suppressions.is_erased(KEY)
        assert not suppressions.is_erased("somebody@else.example")
        reasons = dict(Suppression.objects.values_list("reason", "address_key"))
        assert set(reasons) == {"bounced", "erased"}
        assert set(reasons.values()) == {fingerprints.listed(KEY)[0]}
        assert set(Suppression.objects.values_list("evidence", flat=True)) == {""}


def test_there_is_always_a_closing_record(organization, person, owner):
    with tenant_scope(organization):
        erasure.erase(contact=person, actor=owner)
        request = PrivacyRequest.objects.get()
        assert (request.state, request.kind, request.address, request.handled_by) == (
            RequestState.DONE,
            RequestKind.ERASURE,
            "",
            owner,
        )
        assert request.address_hash == fingerprints.of(KEY)
        assert request.record["erased"]["address, name and fields"] == 1
        assert request.record["kept"]


def test_what_they_asked_for_earlier_is_blanked_too(organization, person, owner):
    with tenant_scope(organization):
        PrivacyRequest.objects.create(
            organization=organization,
            kind=RequestKind.ACCESS,
            channel=RequestChannel.LETTER,
            contact=person,
            address=ADDRESS,
            new_address=ADDRESS,
            note="Zoë called",
            address_hash="x",
            received_at=timezone.now(),
            due_at=timezone.now(),
        )
        erasure.erase(contact=person, actor=owner)
    assert not [row for _table, row in everything(organization) if "zoë" in row.lower()]


def test_erasing_again_is_harmless(organization, person, owner):
    with tenant_scope(organization):
        erasure.erase(contact=person, actor=owner)
        before = Contact.objects.get(pk=person.pk)
        erasure.erase(contact=before, actor=owner)
        assert Suppression.objects.filter(reason=SuppressionReason.ERASED).count() == 1
        assert Contact.objects.get(pk=person.pk).erased_at == before.erased_at
    call_command("audit_ledger")


def test_what_is_on_the_line_is_blanked_when_it_has_settled(organization, person, owner):
    """A relay holds the app mail while the person is erased: it keeps its content until it has settled."""
    with tenant_scope(organization):
        Delivery.objects.filter(pk=person.traces["stored"]).update(state=DeliveryState.SENDING, relay_id=1)
        record = erasure.erase(contact=person, actor=owner)
        assert record["in_motion"] == 1
        stored = StoredMessage.objects.get(pk=person.traces["stored"])
        assert bytes(stored.raw) != b""
        request = PrivacyRequest.objects.get()
        assert not erasure.finish(request=request)
        Delivery.objects.filter(pk=stored.pk).update(state=DeliveryState.DELIVERED, relay_id=None)
        assert erasure.finish(request=request)
        stored.refresh_from_db()
        assert (bytes(stored.raw), stored.subject) == (b"", "(erased)")
        request.refresh_from_db()
        assert request.record["in_motion"] == 0


def test_late_news_of_an_erased_person_brings_nothing_back(organization, person, owner):
    with tenant_scope(organization):
        erasure.erase(contact=person, actor=owner)
        listed = Suppression.objects.count()
        assert evidence.bounced(
            delivery_id=person.traces["delivered"],
            code="550 5.1.1",
            text="no such user",
            reason="invalid_recipient",
            address_is_invalid=True,
            source="mailroom",
        )
        assert evidence.complained(delivery_id=person.traces["delivered"], kind="abuse", agent="x")
        assert Suppression.objects.count() == listed


def test_the_logs_change_in_no_other_way(organization, person):
    with tenant_scope(organization):
        entry = AuditEntry.objects.latest("pk")
        for change in ({"verb": "x"}, {"data": {}}):
            with pytest.raises(DatabaseError), transaction.atomic():
                AuditEntry.objects.filter(pk=entry.pk).update(**change)
        record = ConsentRecord.objects.get(contact=person)
        for change in ({"wording": "better"}, {"ip": "192.0.2.1"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                ConsentRecord.objects.filter(pk=record.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE sending_event SET kind = 1")


def test_strangers_keep_their_rows(organization, other_organization, person, owner):
    with tenant_scope(other_organization):
        ledger.contact(other_organization, KEY)
    with tenant_scope(organization):
        erasure.erase(contact=person, actor=owner)
    with tenant_scope(other_organization):
        assert Contact.objects.get().address == KEY
        assert not suppressions.is_erased(KEY)


@pytest.fixture
def twin(organization, person, owner):
    """Another address of the same mailbox, made a part of somebody: both have mail that names them."""
    with tenant_scope(organization):
        keep, extra = (
            Contact.objects.create(organization=organization, address=address, address_key=address, domain="gmail.com")
            for address in ("lena.k@gmail.com", "lena.k+shop@gmail.com")
        )
        send = ledger.mailing(organization, audience_size=1)
        event(ledger.delivery(send, contact=extra), EventKind.DELIVERED, f"250 OK for <{extra.address}>")
        duplicates.merge(keep=keep, extra=extra, actor=owner)
        return keep, extra


@pytest.mark.parametrize("asks", [0, 1])
def test_whoever_was_found_to_be_the_same_person_is_erased_with_them(organization, twin, owner, asks):
    with tenant_scope(organization):
        record = erasure.erase(contact=twin[asks], actor=owner)
        assert record["erased"]["address, name and fields"] == 2
        assert Contact.objects.filter(pk__in=[one.pk for one in twin], erased_at=None).count() == 0
        assert all(suppressions.is_erased(one.address_key) for one in twin), "neither may be brought back"
    for table, row in everything(organization):
        assert "lena.k" not in row.lower(), table
    with cross_tenant("a test audits"):
        assert list(books.audit()) == []


def test_an_address_that_they_had_before_goes_too(organization, person, owner):
    with tenant_scope(organization):
        request = PrivacyRequest.objects.create(
            organization=organization,
            kind=RequestKind.ADDRESS,
            state=RequestState.OPEN,
            channel=RequestChannel.PAGE,
            contact=person,
            address=ADDRESS,
            address_hash=fingerprints.of(KEY),
            new_address="new@elsewhere.example",
            received_at=timezone.now(),
            due_at=timezone.now(),
        )
        privacy_requests.change_address(request=request)
        person.refresh_from_db()
        assert person.address_key == "new@elsewhere.example"
        erasure.erase(contact=person, actor=owner)
        assert suppressions.is_erased(KEY) and suppressions.is_erased("new@elsewhere.example")
    # The app mail went to an address and to nobody of ours.
    left = {table for table, row in everything(organization) if KEY in row.lower()}
    assert left == set(), left


def test_questions_that_named_them_find_what_they_found_without_them(organization, person, owner):
    with tenant_scope(organization):
        rule = {"about": "address", "op": "is", "value": KEY}
        other = {"about": "address", "op": "is", "value": f"jo-{KEY}"}
        segment = segments.save(
            organization=organization,
            segment=None,
            name=f"Not {ADDRESS}",
            definition={"match": "any", "rules": [rule, other]},
            actor=owner,
        )
        for name in (KEY, ADDRESS):  # two names that would become one
            SavedView.objects.create(organization=organization, name=name, query="sort=new")
        SavedView.objects.create(organization=organization, name="One", query=f"q={KEY.replace('@', '%40')}&sort=new")
        jobs.start(
            organization=organization,
            kind=JobKind.TAG,
            title=f"Tag {KEY}",
            people={"filter": {"q": KEY}},
            what={"tag": Tag.objects.get().pk},
            actor=owner,
        )
        record = erasure.erase(contact=person, actor=owner)
        assert record["erased"]["questions and views that named them"] == 6
        segment.refresh_from_db()
        assert [one["value"] for one in segment.definition["rules"]] == ["(erased)", f"jo-{KEY}"], "nobody else's"
        assert audience.condition(organization, segment.definition)
        assert SavedView.objects.get(name="One").query == "q=(erased)&sort=new"


def test_rows_of_imports_are_found_by_an_index(organization, person):
    with tenant_scope(organization), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM contacts_importrow WHERE organization_id = %s AND address_key IN (%s, %s)",
            [organization.pk, KEY, "x@y.example"],
        )
        assert "import_row_address" in "\n".join(row[0] for row in cursor.fetchall())
