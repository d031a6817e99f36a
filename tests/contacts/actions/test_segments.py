"""Saving segments: versions, the way back, rings that are refused, and what a change would break elsewhere."""

import threading

import pytest
from django.db import connection

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from contacts.actions import segments
from contacts.errors import AlreadyThere, BadSegment
from contacts.models import Field, Segment, SegmentVersion

EVERYBODY = {"match": "all", "rules": []}


def named(value):
    return {"match": "all", "rules": [{"about": "field:first_name", "op": "is", "value": value}]}


def containing(*inner, op="in"):
    return {"match": "any", "rules": [{"about": "segment", "op": op, "value": one.public_id} for one in inner]}


def save(organization, name, definition, segment=None, actor=None):
    return segments.save(organization=organization, segment=segment, name=name, definition=definition, actor=actor)


def test_every_changed_definition_is_a_version(scoped, marketer):
    segment = save(scoped, "Anns", named("Ann"), actor=marketer)
    save(scoped, "All Anns", named("Ann"), segment, marketer)
    assert segment.version == 1, "a new name is no new question"
    save(scoped, "All Anns", named("Anna"), segment, marketer)
    segments.go_back(segment=segment, version=1, actor=marketer)
    kept = SegmentVersion.objects.filter(segment=segment).order_by("version")
    assert [(row.version, row.definition, row.made_by) for row in kept] == [
        (1, named("Ann"), marketer),
        (2, named("Anna"), marketer),
        (3, named("Ann"), marketer),
    ]
    assert Segment.objects.get().definition == named("Ann")
    with pytest.raises(SegmentVersion.DoesNotExist):
        segments.go_back(segment=segment, version=9, actor=marketer)


def test_a_name_is_taken_once(scoped):
    save(scoped, "Anns", named("Ann"))
    with pytest.raises(AlreadyThere):
        save(scoped, "Anns", named("Anna"))
    assert Segment.objects.count() == SegmentVersion.objects.count() == 1


def test_a_ring_is_refused_and_named(scoped):
    a = save(scoped, "A", named("Ann"))
    b = save(scoped, "B", containing(a))
    c = save(scoped, "C", containing(b, op="not_in"))
    for definition, ring in ((containing(c), "“A” → “C” → “B” → “A”"), (containing(a), "“A” → “A”")):
        with pytest.raises(BadSegment, match=ring) as refused:
            save(scoped, "A", definition, a)
        assert refused.value.path == (0,)
    a.refresh_from_db()
    assert a.definition == named("Ann")


def test_a_change_that_would_be_too_much_for_another_segment_is_refused(scoped):
    inner = save(scoped, "Inner", named("Ann"))
    save(scoped, "Outer", containing(*[inner] * 90))
    many = {"match": "any", "rules": named("x")["rules"] * 5}
    with pytest.raises(BadSegment, match="“Outer” contains this segment"):
        save(scoped, "Inner", many, inner)


def test_a_segment_that_is_broken_already_keeps_nobody_from_mending_another(scoped):
    Field.objects.create(organization=scoped, key="city", label="City")
    inner = save(scoped, "Inner", named("Ann"))
    broken = containing(inner)
    broken["rules"].append({"about": "field:city", "op": "is", "value": "Oslo"})
    save(scoped, "Outer", broken)
    Field.objects.all().delete()
    save(scoped, "Inner", named("Bob"), inner)


def test_archiving_keeps_what_contains_it_working(scoped):
    inner = save(scoped, "Inner", named("Ann"))
    outer = save(scoped, "Outer", containing(inner))
    segments.archive(segment=inner, actor=None)
    save(scoped, "Outer again", {"match": "none", "rules": outer.definition["rules"]}, outer)
    assert AuditEntry.objects.filter(verb="contacts.segment_archived").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_would_close_a_ring_together_are_told_apart(organization):
    with tenant_scope(organization):
        a, b = save(organization, "A", named("Ann")), save(organization, "B", named("Bob"))
    outcomes = []
    both_ready = threading.Barrier(2)

    def work(segment, other):
        try:
            both_ready.wait()
            with tenant_scope(organization):
                save(organization, segment.name, containing(other), segment)
            outcomes.append("saved")
        except BadSegment as refused:
            outcomes.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome[:9] for outcome in outcomes) == ["That is a", "saved"]
