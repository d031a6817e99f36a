"""Converting, merging and rewriting values: nothing is lost without a word, whenever the worker dies."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import values
from contacts.actions import field_batches, field_work, fields, job_work, jobs, people
from contacts.actions.field_work import Target
from contacts.enums import ImportState, JobState
from contacts.errors import NotThisWay, Refused
from contacts.models import Contact, Field, Import, ImportChange, Job, Segment, Topic
from contacts.queries import audience
from contacts.queries import fields as known_fields
from contacts.segments.reading import BadDefinition

pytestmark = pytest.mark.django_db


def make(organization, label, kind="text", **facts):
    return fields.create(organization=organization, label=label, kind=kind, actor=None, **facts)


def person(organization, name, **have):
    address = f"{name}@example.org"
    return Contact.objects.create(
        organization=organization, address=address, address_key=address, domain="example.org", values=have
    )


def have(organization, key):
    rows = Contact.objects.filter(organization=organization).order_by("pk")
    return [row.values.get(key) for row in rows]


def test_a_check_counts_and_changes_nothing(scoped):
    visits = make(scoped, "Visits")
    for n, value in enumerate(["12", "3,5", "many", "1,234", "many", ""]):
        person(scoped, f"p{n}", visits=value)
    person(scoped, "nobody")
    check = field_work.check_conversion(field=visits, target=Target("number"), actor=None)
    assert check.state == JobState.DONE
    assert check.what["counts"] == {"have": 6, "fit": 0, "converted": 3, "lost": 3, "shortened": 0}
    assert [one["value"] for one in check.what["examples"]] == ["many", "1,234"]
    assert "not a number" in check.what["examples"][0]["why"]
    assert have(scoped, "visits")[:2] == ["12", "3,5"]
    assert Field.objects.get(key="visits").kind == "text"


def test_what_does_not_convert_is_kept_beside_or_dropped(scoped, owner):
    visits = make(scoped, "Visits")
    for n, value in enumerate(["12", "many", "3.5"]):
        person(scoped, f"p{n}", visits=value, other="stays")
    check = field_work.check_conversion(field=visits, target=Target("number"), actor=owner)
    with pytest.raises(Refused, match="what becomes"):
        field_work.convert(check=check, lost="", actor=owner)
    job = field_work.convert(check=check, lost="aside", actor=owner)
    assert have(scoped, "visits") == [12, None, 3.5]
    assert have(scoped, "visits_not_converted") == [None, "many", None]
    assert have(scoped, "other") == ["stays"] * 3
    assert job.what["beside"] == "visits_not_converted"
    assert Field.objects.get(key="visits").kind == "number"
    check = field_work.check_conversion(field=Field.objects.get(key="visits"), target=Target("boolean"), actor=owner)
    assert check.what["counts"]["lost"] == 2
    field_work.convert(check=check, lost="drop", actor=owner)
    assert have(scoped, "visits") == [None, None, None]


def test_a_drop_that_nobody_has_seen_is_kept_beside(scoped):
    visits = make(scoped, "Visits")
    person(scoped, "a", visits="12")
    check = field_work.check_conversion(field=visits, target=Target("number"), actor=None)
    person(scoped, "b", visits="many")
    field_work.convert(check=check, lost="drop", actor=None)
    assert have(scoped, "visits_not_converted") == [None, "many"]


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        ("2026-11-22T23:30:00Z", "date", "2026-11-23"),  # in Berlin it is tomorrow already
        ("2026-11-22", "datetime", "2026-11-21T23:00:00Z"),
        (True, "text", "yes"),
        (True, "number", 1),
        (0, "boolean", False),
        (["b", "a"], "text", "b; a"),
        ("B, a", "multi", ["a", "b"]),
        ("b", "choice", "b"),
        (["b"], "choice", "b"),
        (3.5, "text", "3.5"),
        ("http://example.org/x", "url", "http://example.org/x"),
    ],
)
def test_values_of_every_kind(scoped, before, kind, after):
    target = values.FieldKind("x", "X", kind, ("a", "b"), zone="Europe/Berlin")
    assert values.convert(target, before) == after
    assert values.convert(target, after) == after


def test_a_moment_that_loses_its_time_is_counted(scoped):
    when = make(scoped, "When", "datetime")
    person(scoped, "a", when="2026-11-22T08:30:00Z")
    check = field_work.check_conversion(field=when, target=Target("date"), actor=None)
    assert check.what["counts"] == {"have": 1, "fit": 0, "converted": 1, "lost": 0, "shortened": 1}


ANY_VALUE = st.one_of(
    st.text(max_size=30).filter(lambda text: "\x00" not in text),
    st.sampled_from(["12", "1,234", "yes", "2024-02-29", "31.12.2024", "a", "b; a", "https://example.org", "c"]),
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9).filter(lambda n: n == n),
    st.booleans(),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kept=st.lists(ANY_VALUE, max_size=8),
    kind=st.sampled_from(["number", "date", "datetime", "boolean", "choice", "multi", "url"]),
    lost=st.sampled_from(["aside", "drop"]),
)
def test_converted_and_kept_and_dropped_are_everybody(scoped, kept, kind, lost):
    with transaction.atomic():
        field = make(scoped, "X")
        for n, value in enumerate(kept):
            person(scoped, f"p{n}", x=value)
        target = Target(kind, ("a", "b") if kind in ("choice", "multi") else ())
        check = field_work.check_conversion(field=field, target=target, actor=None)
        job = field_work.convert(check=check, lost=lost, actor=None)
        counts = job.what["counts"]
        assert counts == check.what["counts"]
        assert counts["have"] == len(kept) == counts["fit"] + counts["converted"] + counts["lost"]
        field.refresh_from_db()
        goal = known_fields.kind_of(field, scoped)
        after, beside = have(scoped, "x"), have(scoped, job.what.get("beside", "-"))
        for value, new, aside in zip(kept, after, beside, strict=True):
            if new is not None:
                assert values.fits(goal, new)
                assert aside is None
            elif str(values.shown(goal, value)).strip():
                assert (aside is None) == (counts["lost"] == 0 or job.what["lost"] == "drop")
                assert aside in (None, values.shown(goal, value))
        transaction.set_rollback(True)


def test_a_field_that_everybody_has_stays_a_text(scoped):
    with pytest.raises(NotThisWay, match="stays one"):
        field_work.check_conversion(field=known_fields.rows(scoped)[0], target=Target("number"), actor=None)


def test_an_import_that_waits_comes_first(scoped):
    visits = make(scoped, "Visits")
    Import.objects.create(
        organization=scoped,
        file_name="list.csv",
        file_size=1,
        state=ImportState.PLANNED,
        mapping=[{"column": 0, "to": "email"}, {"column": 1, "to": "field:visits"}],
    )
    with pytest.raises(NotThisWay, match=r"list\.csv"):
        field_work.check_conversion(field=visits, target=Target("number"), actor=None)


def test_undoing_an_import_brings_no_value_of_the_old_kind_back(scoped):
    visits = make(scoped, "Visits")
    ann = person(scoped, "ann", visits="12")
    import_ = Import.objects.create(organization=scoped, file_name="l", file_size=1, state=ImportState.APPLIED)
    change = ImportChange.objects.create(
        organization=scoped,
        source=import_,
        contact_id=ann.pk,
        before={"visits": "x", "city": "Oslo"},
        after={"visits": "12", "city": "Rome"},
    )
    check = field_work.check_conversion(field=visits, target=Target("number"), actor=None)
    change.refresh_from_db()
    assert change.before == {"visits": "x", "city": "Oslo"}
    field_work.convert(check=check, lost="aside", actor=None)
    change.refresh_from_db()
    assert (change.before, change.after) == ({"city": "Oslo"}, {"city": "Rome"})


@pytest.mark.django_db(transaction=True)
def test_a_job_goes_on_where_its_worker_died_and_edits_in_between_are_safe(organization, monkeypatch):
    monkeypatch.setattr(known_fields, "SMALL", 0)
    monkeypatch.setattr(job_work, "BATCH", 2)
    with tenant_scope(organization):
        visits = make(organization, "Visits")
        rows = [person(organization, f"p{n}", visits=f"{n}") for n in range(5)]
        check = field_work.check_conversion(field=visits, target=Target("number"), actor=None)
        assert check.state == JobState.WAITING
    assert job_work.run(organization_id=organization.pk, job_id=check.pk)
    with tenant_scope(organization):
        check.refresh_from_db()
        assert check.what["counts"]["converted"] == 5
        job = field_work.convert(check=check, lost="aside", actor=None)
        with pytest.raises(NotThisWay, match="still at work"):
            field_work.convert(check=check, lost="aside", actor=None)

    class Killed(BaseException):
        pass

    def dies(job, ids):
        if rows[2].pk in ids:
            raise Killed
        return field_batches.convert_batch(job, ids)

    monkeypatch.setitem(job_work.HANDLERS, job.kind, dies)
    with pytest.raises(Killed):
        job_work.run(organization_id=organization.pk, job_id=job.pk)
    with tenant_scope(organization):
        assert have(organization, "visits") == [0, 1, "2", "3", "4"]
        # Meanwhile a member corrects somebody who was not reached yet, in the new kind.
        people.correct(contact=rows[3], values={"visits": 33}, locale="", actor=None)
        Job.objects.filter(pk=job.pk).update(worker="")
    monkeypatch.setitem(job_work.HANDLERS, job.kind, field_batches.convert_batch)
    assert job_work.run(organization_id=organization.pk, job_id=job.pk)
    with tenant_scope(organization):
        assert have(organization, "visits") == [0, 1, 2, 33, 4]
        job.refresh_from_db()
        assert job.what["counts"] == {"have": 5, "fit": 1, "converted": 4, "lost": 0, "shortened": 0}


@pytest.mark.django_db(transaction=True)
def test_what_was_cancelled_half_way_can_go_on(organization, monkeypatch):
    monkeypatch.setattr(known_fields, "SMALL", 0)
    with tenant_scope(organization):
        visits = make(organization, "Visits")
        person(organization, "a", visits="7")
        check = field_work.check_conversion(field=visits, target=Target("number"), actor=None)
    job_work.run(organization_id=organization.pk, job_id=check.pk)
    with tenant_scope(organization):
        check.refresh_from_db()
        job = field_work.convert(check=check, lost="aside", actor=None)
        jobs.cancel(job=job, actor=None)
        job.refresh_from_db()
        again = field_work.go_on(job=job, actor=None)
    job_work.run(organization_id=organization.pk, job_id=again.pk)
    with tenant_scope(organization):
        assert have(organization, "visits") == [7]


def test_choices_are_renamed_removed_and_added(scoped, owner):
    drinks = make(scoped, "Drinks", "multi", choices=["Tea", "Coffee", "Water"])
    person(scoped, "a", drinks=["Tea", "Coffee"])
    person(scoped, "b", drinks=["Water"])
    person(scoped, "c", drinks=["Tea", "Water"])

    def change(**wanted):
        wanted = {"renamed": {}, "removed": {}, "added": []} | wanted
        return field_work.set_choices(field=drinks, actor=owner, **wanted)

    change(renamed={"Coffee": "Flat white"}, removed={"Water": "Tea"}, added=["Milk"])
    drinks.refresh_from_db()
    assert drinks.choices == ["Tea", "Flat white", "Milk"]
    assert have(scoped, "drinks") == [["Tea", "Flat white"], ["Tea"], ["Tea"]]
    change(removed={"Tea": ""})
    assert have(scoped, "drinks") == [["Flat white"], None, None]
    assert change() is None
    with pytest.raises(Refused, match="already"):
        change(renamed={"Milk": "flat WHITE"})
    with pytest.raises(Refused, match="any more"):
        change(removed={"Beer": ""})
    with pytest.raises(Refused, match="it is no choice"):
        change(removed={"Milk": "Beer"})


def test_two_fields_become_one(scoped, owner):
    city, town = make(scoped, "City"), make(scoped, "Town")
    for n, (one, two) in enumerate([("Oslo", "Rome"), ("Oslo", "Oslo"), ("Oslo", None), (None, "Rome"), (None, None)]):
        facts = {"city": one, "town": two}
        person(scoped, f"p{n}", **{key: value for key, value in facts.items() if value})
    check = field_work.check_merge(field=city, other=town, wins="this", actor=owner)
    assert check.what["counts"] == {"this": 1, "other": 1, "same": 1, "differ": 1}
    assert check.what["examples"] == [{"id": check.what["examples"][0]["id"], "value": "Oslo", "why": "Rome"}]
    assert have(scoped, "city") == ["Oslo", "Oslo", "Oslo", None, None]
    field_work.merge(check=check, actor=owner)
    assert have(scoped, "city") == ["Oslo", "Oslo", "Oslo", "Rome", None]
    assert have(scoped, "town") == ["Rome", "Oslo", None, "Rome", None]  # archived, and kept
    town.refresh_from_db()
    assert town.archived_at
    fields.restore(field=town, actor=owner)
    check = field_work.check_merge(field=city, other=town, wins="other", actor=owner)
    field_work.merge(check=check, actor=owner)
    assert have(scoped, "city") == ["Rome", "Oslo", "Oslo", "Rome", None]


def test_kinds_that_do_not_go_together_are_not_merged(scoped):
    city, visits = make(scoped, "City"), make(scoped, "Visits", "number")
    with pytest.raises(NotThisWay, match="Convert"):
        field_work.check_merge(field=visits, other=city, wins="this", actor=None)
    with pytest.raises(NotThisWay, match="another field"):
        field_work.check_merge(field=city, other=city, wins="this", actor=None)
    person(scoped, "a", visits=3)
    check = field_work.check_merge(field=city, other=visits, wins="this", actor=None)
    field_work.merge(check=check, actor=None)
    assert have(scoped, "city") == ["3"]


def test_merged_lists_have_the_choices_of_both(scoped):
    one = make(scoped, "One", "multi", choices=["a", "b"])
    two = make(scoped, "Two", "choice", choices=["c", "B"])
    person(scoped, "x", one=["a"], two="c")
    person(scoped, "y", two="B")
    check = field_work.check_merge(field=one, other=two, wins="other", actor=None)
    field_work.merge(check=check, actor=None)
    assert have(scoped, "one") == [["c"], ["b"]]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_by_a_field_that_is_half_converted(organization, monkeypatch):
    monkeypatch.setattr(known_fields, "SMALL", 0)
    with tenant_scope(organization):
        visits = make(organization, "Visits")
        topic = Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")
        rule = {"match": "all", "rules": [{"about": "field:visits", "op": "not_empty"}]}
        segment = Segment.objects.create(organization=organization, name="Visitors", definition=rule)
        everybody = Segment.objects.create(
            organization=organization, name="All", definition={"match": "all", "rules": []}
        )
        person(organization, "a", visits="7")
        check = field_work.check_conversion(field=visits, target=Target("number"), actor=None)
        audience.counted(audience.select(organization=organization, topic=topic, segment=segment))
    job_work.run(organization_id=organization.pk, job_id=check.pk)
    with tenant_scope(organization):
        check.refresh_from_db()
        job = field_work.convert(check=check, lost="aside", actor=None)
        for included, excluded in ((segment, None), (everybody, segment)):
            with pytest.raises(BadDefinition, match="Wait until it is done"):
                audience.counted(
                    audience.select(organization=organization, topic=topic, segment=included, excluded=excluded)
                )
        audience.counted(audience.select(organization=organization, topic=topic, segment=everybody))
    job_work.run(organization_id=organization.pk, job_id=job.pk)
    with tenant_scope(organization):
        audience.counted(audience.select(organization=organization, topic=topic, segment=segment))
