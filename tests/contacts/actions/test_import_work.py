"""Imports from upload to applied: what the plan says, what is written, and what stays as people wanted it."""

import os
from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from accounts.tenancy import tenant_scope
from contacts.actions import import_files, import_work, imports, subscriptions, suppressions, turns
from contacts.actions.imports import Consent, Match
from contacts.enums import ImportState, RowVerdict, SubscriptionState, SuppressionReason
from contacts.errors import BadImport, NotThisWay
from contacts.models import ConsentRecord, Contact, Field, Import, ImportRow, Subscription, Suppression, Topic

CONSENT = Consent("consent", "Yes, send me news.", "Shop till", date(2026, 5, 1))


@pytest.fixture
def topic(scoped):
    return Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")


def upload(organization, text, actor=None, name="people.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return imports.receive(organization=organization, file_name=name, chunks=[data] if data else [], actor=actor)


def planned(organization, text, topics=(), consent=CONSENT):
    import_ = upload(organization, text)
    imports.match_columns(
        import_=import_,
        matches=imports.as_guessed(import_),
        topics=topics,
        consent=consent if topics else None,
        actor=None,
    )
    assert import_work.run(organization_id=organization.pk, import_id=import_.pk)
    import_.refresh_from_db()
    return import_


def applied(organization, text, topics=(), consent=CONSENT):
    import_ = planned(organization, text, topics, consent)
    assert import_.state == ImportState.PLANNED, import_.problem
    imports.approve(import_=import_, actor=None)
    assert import_work.run(organization_id=organization.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == ImportState.APPLIED
    return import_


def test_a_first_list_becomes_people_with_proof(scoped, topic):
    import_ = applied(
        scoped,
        "Email;First name;City;Visits;Joined;VIP\n"
        "Ann@Example.org;Ánn;Köln;3;2024-02-29;yes\n"
        "bob@example.org;;Oslo;1.5;2024-03-01;no\n",
        [topic],
    )
    ann, bob = Contact.objects.order_by("pk")
    assert (ann.address, ann.address_key, ann.domain) == ("Ann@example.org", "ann@example.org", "example.org")
    assert ann.values == {"first_name": "Ánn", "city": "Köln", "visits": 3, "joined": "2024-02-29", "vip": True}
    assert bob.values == {"city": "Oslo", "visits": 1.5, "joined": "2024-03-01", "vip": False}
    assert (ann.source, ann.import_id) == ("import", import_.pk)
    assert {field.key: field.kind for field in Field.objects.all()} == {
        "city": "text",
        "visits": "number",
        "joined": "date",
        "vip": "boolean",
    }
    assert Subscription.objects.filter(topic=topic, state=SubscriptionState.SUBSCRIBED).count() == 2
    proof = ConsentRecord.objects.get(contact=ann)
    assert (proof.topic, proof.action, proof.source) == (topic, "subscribed", "import")
    assert "Yes, send me news." in proof.wording
    assert "Shop till" in proof.wording
    assert proof.at.date() == date(2026, 5, 1)
    assert proof.about == f"import {import_.public_id}"
    assert (import_.rows_applied, import_.plan["new"], import_.plan["invalid"]) == (2, 2, 0)
    assert AuditEntry.objects.filter(verb="contacts.import_applied", target_id=import_.public_id).exists()


def test_the_plan_changes_nobody_and_counts_everything(scoped, topic):
    applied(scoped, "email,city\nann@example.org,Oslo\nbob@example.org,Rome\ncid@example.org,Bonn\n", [topic])
    bob = Contact.objects.get(address_key="bob@example.org")
    subscriptions.unsubscribe(contact=bob, topic=topic, statement=subscriptions.Statement("page"))
    suppressions.suppress(
        organization=scoped, address="cid@example.org", reason=SuppressionReason.COMPLAINED, source="mailroom"
    )
    before = list(Contact.objects.order_by("pk").values())
    import_ = planned(
        scoped,
        "email,city\nann@example.org,Oslo\nbob@example.org,Pisa\ncid@example.org,\ndora@example.org,Lima\n"
        "dora@EXAMPLE.org,Cusco\nnot an address,Nowhere\n,Nowhere\n",
        [topic],
    )
    assert import_.state == ImportState.PLANNED
    assert {name: n for name, n in imports.counts_of(import_.plan).items() if n} == {
        "new": 1,
        "changed": 1,
        "unchanged": 2,
        "duplicate": 1,
        "invalid": 2,
        "suppressed": 1,
        "unsubscribed": 1,
    }
    assert import_.plan["fields"] == [["city", 1]]
    assert import_.plan["problems"] == [["The address is empty.", 1], ["There is no @ in the address.", 1]]
    assert list(Contact.objects.order_by("pk").values()) == before
    assert ImportRow.objects.get(verdict=RowVerdict.DUPLICATE).line == 5
    bad = ImportRow.objects.filter(verdict=RowVerdict.INVALID).order_by("line")
    assert [row.line for row in bad] == [7, 8]
    assert bad[0].problem == "There is no @ in the address."

    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert Contact.objects.get(address_key="dora@example.org").values == {"city": "Cusco"}
    assert Contact.objects.get(address_key="cid@example.org").values == {"city": "Bonn"}, "an empty cell erases nothing"
    assert Contact.objects.get(address_key="bob@example.org").values == {"city": "Pisa"}
    assert Subscription.objects.get(contact=bob).state == SubscriptionState.UNSUBSCRIBED, "who has left stays away"
    assert Suppression.objects.get().lifted_at is None
    assert ConsentRecord.objects.filter(contact=bob, action="subscribed").count() == 1


def test_the_same_file_again_changes_nothing(scoped, topic):
    text = "email,city\nann@example.org,Oslo\nbob@example.org,Rome\n"
    applied(scoped, text, [topic])
    before = list(Contact.objects.order_by("pk").values())
    import_ = applied(scoped, text, [topic])
    assert import_.plan["unchanged"] == 2
    assert list(Contact.objects.order_by("pk").values()) == before
    assert ConsentRecord.objects.count() == 2
    assert Subscription.objects.count() == 2


def test_people_who_are_known_already_can_be_subscribed_to_another_topic(scoped, topic):
    text = "email\nann@example.org\n"
    applied(scoped, text)
    assert not Subscription.objects.exists()
    applied(scoped, text, [topic])
    assert Subscription.objects.get().topic == topic


def test_a_dead_workers_import_is_taken_up_where_it_stood(scoped, topic, monkeypatch):
    monkeypatch.setattr(import_work, "STAGE_BATCH", 3)
    monkeypatch.setattr(import_work, "APPLY_BATCH", 3)
    import_ = upload(scoped, "email\n" + "".join(f"p{i}@example.org\n" for i in range(10)))
    imports.match_columns(
        import_=import_, matches=imports.as_guessed(import_), topics=[topic], consent=CONSENT, actor=None
    )

    def die_after(calls, function):
        def dying(*args, **kwargs):
            nonlocal calls
            calls -= 1
            if calls < 0:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return dying

    from contacts.adapters import import_applying, import_tables

    real_stage, real_apply = import_tables.stage, import_applying.apply
    monkeypatch.setattr(import_tables, "stage", die_after(2, real_stage))
    with pytest.raises(KeyboardInterrupt):
        import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert Import.objects.get().rows_staged == 6
    assert not import_work.run(organization_id=scoped.pk, import_id=import_.pk), "its worker may still be alive"
    Import.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(import_tables, "stage", real_stage)
    assert import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert sorted(ImportRow.objects.values_list("line", flat=True)) == list(range(2, 12))

    imports.approve(import_=import_, actor=None)
    monkeypatch.setattr(import_applying, "apply", die_after(2, real_apply))
    with pytest.raises(KeyboardInterrupt):
        import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert Contact.objects.count() == 5, "lines 2 to 6, for the header is line 1"
    Import.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(import_applying, "apply", real_apply)
    assert import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert (import_.state, import_.rows_applied) == (ImportState.APPLIED, 10)
    assert (Contact.objects.count(), Subscription.objects.count(), ConsentRecord.objects.count()) == (10, 10, 10)


def test_a_worker_that_was_replaced_writes_nothing_more(scoped, topic):
    import_ = planned(scoped, "email\nann@example.org\n", [topic])
    imports.approve(import_=import_, actor=None)
    taken = import_work._take_up(import_.pk, "first")
    assert taken is not None
    Import.objects.update(worker="second")
    with pytest.raises(turns.Lost):
        import_work._apply_batch(scoped.pk, import_.pk, "first")
    assert not Contact.objects.exists()


def test_cancelling_keeps_what_was_written_and_stops(scoped, topic):
    import_ = planned(scoped, "email\nann@example.org\n", [topic])
    imports.cancel(import_=import_, actor=None)
    assert not import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert not Contact.objects.exists()
    with pytest.raises(NotThisWay):
        imports.cancel(import_=import_, actor=None)
    with pytest.raises(NotThisWay):
        imports.approve(import_=import_, actor=None)


def test_the_columns_can_be_matched_again(scoped):
    import_ = planned(scoped, "email,city\nann@example.org,Oslo\n")
    imports.rematch(import_=import_)
    import_.refresh_from_db()
    assert import_.state == ImportState.UPLOADED
    assert not ImportRow.objects.exists()


def test_archived_people_stay_archived(scoped):
    applied(scoped, "email,city\nann@example.org,Oslo\n")
    Contact.objects.update(archived_at=timezone.now())
    import_ = applied(scoped, "email,city\nann@example.org,Rome\n")
    assert import_.plan["archived"] == 1
    assert Contact.objects.get().archived_at is not None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"email,name\n", "no rows below"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_no_list_is_refused_and_not_kept(scoped, settings, tmp_path, data, words):
    settings.UPLOAD_DIR = tmp_path
    with pytest.raises(BadImport, match=words):
        upload(scoped, data)
    assert not Import.objects.exists()
    assert not list(tmp_path.rglob("*.csv"))


def test_a_file_over_the_limit_is_refused(scoped, monkeypatch):
    monkeypatch.setattr(import_files, "MAX_BYTES", 10)
    with pytest.raises(BadImport, match="Split it"):
        upload(scoped, "email\nann@example.org\n")


@pytest.mark.parametrize(
    ("matches", "consent", "words"),
    [
        ([Match(0, "skip")], CONSENT, "which column holds"),
        ([Match(0, "email"), Match(1, "email")], CONSENT, "cannot mean the same"),
        ([Match(0, "email"), Match(7, "skip")], CONSENT, "no such column"),
        ([Match(0, "email"), Match(1, "field:nope")], CONSENT, "does not exist"),
        ([Match(0, "email"), Match(1, "nonsense")], CONSENT, "choose what"),
        ([Match(0, "email"), Match(1, "new", label="A", kind="choice")], CONSENT, "needs choices"),
        ([Match(0, "email"), Match(1, "new", label="A", kind="multi")], CONSENT, "needs choices"),
        ([Match(0, "email")], None, "how these people agreed"),
        ([Match(0, "email")], Consent("because", "x", "y", date(2026, 1, 1)), "Choose why"),
        ([Match(0, "email")], Consent("consent", " ", "y", date(2026, 1, 1)), "words"),
        ([Match(0, "email")], Consent("consent", "x", "", date(2026, 1, 1)), "where"),
        ([Match(0, "email")], Consent("consent", "x", "y", date(2999, 1, 1)), "future"),
    ],
)
def test_a_mapping_without_sense_or_consent_is_refused(scoped, topic, matches, consent, words):
    import_ = upload(scoped, "email,name\nann@example.org,Ann\n")
    with pytest.raises(BadImport, match=words):
        imports.match_columns(import_=import_, matches=matches, topics=[topic], consent=consent, actor=None)
    import_.refresh_from_db()
    assert import_.state == ImportState.UPLOADED


def test_the_sweep_finds_what_nobody_works_on(organization):
    with tenant_scope(organization):
        import_ = upload(organization, "email\nann@example.org\n")
    assert import_work.waiting() == []
    with tenant_scope(organization):
        imports.match_columns(import_=import_, matches=imports.as_guessed(import_), topics=[], consent=None, actor=None)
    assert import_work.waiting() == [(organization.pk, import_.pk)]
    with tenant_scope(organization):
        Import.objects.update(worker="alive", beat_at=timezone.now())
    assert import_work.waiting() == []
    with tenant_scope(organization):
        Import.objects.update(worker="dead", beat_at=timezone.now() - timedelta(minutes=1))
    assert import_work.waiting() == [(organization.pk, import_.pk)]


def test_old_rows_are_forgotten(organization):
    with tenant_scope(organization):
        import_ = planned(organization, "email\nann@example.org\n")
        imports.cancel(import_=import_, actor=None)
    import_work.forget_old()
    with tenant_scope(organization):
        assert ImportRow.objects.count() == 1
        Import.objects.update(finished_at=timezone.now() - import_work.KEEP_ROWS - timedelta(days=1))
    import_work.forget_old()
    with tenant_scope(organization):
        assert not ImportRow.objects.exists()


def test_an_import_that_nobody_went_on_with_is_cancelled_and_its_file_goes(
    organization, django_capture_on_commit_callbacks
):
    with tenant_scope(organization):
        import_ = upload(organization, "email\nann@example.org\n")
    import_work.forget_old()
    with tenant_scope(organization):
        assert Import.objects.get().state == ImportState.UPLOADED
        Import.objects.update(created_at=timezone.now() - import_work.KEEP_ROWS - timedelta(days=1))
    assert import_files.path_of(import_).exists()
    with django_capture_on_commit_callbacks(execute=True):
        import_work.forget_old()
    assert not import_files.path_of(import_).exists()
    with tenant_scope(organization):
        assert Import.objects.get().state == ImportState.CANCELLED


def test_a_file_that_failed_is_kept_by_nobody(organization, django_capture_on_commit_callbacks):
    with tenant_scope(organization):
        import_ = upload(organization, '[{"email": "ann@example.org"}, {"email"', name="people.json")
    kept = import_files.upload_of(import_)
    assert kept.exists()
    with django_capture_on_commit_callbacks(execute=True):
        import_work.run(organization_id=organization.pk, import_id=import_.pk)
    with tenant_scope(organization):
        assert Import.objects.get().state == ImportState.FAILED
    assert not kept.exists()


def test_what_a_killed_worker_left_goes_when_no_import_can_need_it(db, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    folder = tmp_path / "7"
    (folder / ".abc.csv-half").mkdir(parents=True)
    (folder / ".abc.csv-half" / "people.csv").write_text("ann@example.org")
    for name in ("old.csv", "new.csv"):
        (folder / name).write_text("ann@example.org")
    long_ago = (timezone.now() - import_work.KEEP_ROWS - timedelta(days=1)).timestamp()
    for name in ("old.csv", ".abc.csv-half"):
        os.utime(folder / name, (long_ago, long_ago))
    import_work.forget_old()
    assert [left.name for left in folder.iterdir()] == ["new.csv"]


def test_a_vanished_upload_fails_in_words(scoped):
    import_ = upload(scoped, "email\nann@example.org\n")
    imports.match_columns(import_=import_, matches=imports.as_guessed(import_), topics=[], consent=None, actor=None)
    import_files.path_of(import_).unlink()
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == ImportState.FAILED
    assert import_.problem


def test_an_error_of_ours_ends_the_import_in_words_and_is_not_repeated_for_ever(scoped, monkeypatch, caplog):
    import_ = upload(scoped, "email\na@mail.example\n")
    imports.match_columns(import_=import_, matches=imports.as_guessed(import_), topics=[], consent=None, actor=None)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(import_work, "_plan", broken)
    assert import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert (import_.state, import_.worker) == (ImportState.FAILED, "")
    assert "error of ours" in import_.problem
    assert "ZeroDivisionError" in caplog.text
    assert AuditEntry.objects.filter(verb="contacts.import_failed", target_id=import_.public_id).exists()
    assert not import_work.run(organization_id=scoped.pk, import_id=import_.pk)
