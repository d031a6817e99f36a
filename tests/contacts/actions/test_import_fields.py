"""The fields of new columns: they come with the approval, and go with the import unless somebody uses them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign
from contacts.actions import fields, import_fields, import_work, imports
from contacts.enums import ImportState
from contacts.errors import NotThisWay
from contacts.models import Contact, Field, Import, Segment, SignupForm
from tests.contacts.actions.test_import_undo import undone
from tests.contacts.actions.test_import_work import applied, planned

LIST = "Email,City,Shoe size\nann@post.example,Oslo,38\nbob@post.example,Rome,42\n"


def keys():
    return [field.key for field in Field.objects.order_by("position")]


def test_they_are_made_when_the_plan_is_approved(scoped, owner):
    import_ = planned(scoped, LIST)
    assert keys() == []
    imports.approve(import_=import_, actor=owner)
    assert keys() == ["city", "shoe_size"]
    assert AuditEntry.objects.filter(verb="contacts.field_created", actor=owner).count() == 2
    assert import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert Contact.objects.get(address_key="ann@post.example").values == {"city": "Oslo", "shoe_size": 38}


def test_who_cancels_or_goes_back_leaves_none(scoped):
    import_ = planned(scoped, LIST)
    imports.rematch(import_=import_)
    import_.refresh_from_db()
    imports.match_columns(import_=import_, matches=imports.as_guessed(import_), topics=[], consent=None, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    imports.cancel(import_=import_, actor=None)
    assert keys() == []


def test_an_import_that_ends_before_its_first_person_leaves_none(scoped):
    import_ = planned(scoped, LIST)
    imports.approve(import_=import_, actor=None)
    imports.cancel(import_=import_, actor=None)
    assert keys() == []


def test_one_that_ends_half_way_keeps_them_with_the_people(scoped, monkeypatch):
    monkeypatch.setattr(import_work, "APPLY_BATCH", 1)
    import_ = planned(scoped, LIST)
    imports.approve(import_=import_, actor=None)
    import_work._take_up(import_.pk, "me")
    assert import_work._apply_batch(scoped.pk, import_.pk, "me")
    imports.cancel(import_=import_, actor=None)
    assert Contact.objects.exists()
    assert keys() == ["city", "shoe_size"]


def test_a_field_that_somebody_made_meanwhile_is_said(scoped):
    import_ = planned(scoped, LIST)
    fields.create(organization=scoped, label="city", kind="number", actor=None)
    with pytest.raises(NotThisWay, match=r"called city already.*match them again"):
        imports.approve(import_=import_, actor=None)
    import_.refresh_from_db()
    assert import_.state == ImportState.PLANNED
    assert keys() == ["city"]


def test_two_parts_of_a_list_may_be_planned_side_by_side(scoped):
    first, second = planned(scoped, LIST), planned(scoped, LIST.replace("@", "@2."))
    for import_ in (first, second):
        imports.approve(import_=import_, actor=None)
        import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert keys() == ["city", "shoe_size"]
    assert Contact.objects.filter(values__city="Oslo").count() == 2
    undone(first)
    assert keys() == ["city", "shoe_size"], "the other's people have values of them"


@pytest.mark.django_db(transaction=True)
def test_two_parts_may_be_approved_at_the_same_moment(organization):
    with tenant_scope(organization):
        parts = [planned(organization, LIST), planned(organization, LIST.replace("@", "@2."))]

    def approve(import_):
        with tenant_scope(organization):
            imports.approve(import_=import_, actor=None)
        connection.close()

    with ThreadPoolExecutor(1) as other:
        with tenant_scope(organization):
            imports.approve(import_=parts[0], actor=None)
            waits = other.submit(approve, parts[1])
            with pytest.raises(TimeoutError):
                waits.result(timeout=0.5)
        waits.result(timeout=10)
    with tenant_scope(organization):
        assert keys() == ["city", "shoe_size"]
        assert [import_fields.made(one) for one in Import.objects.order_by("pk")] == [keys(), []]


def test_they_go_with_the_import(scoped, owner):
    import_ = applied(scoped, LIST)
    undone(import_, owner)
    assert keys() == []
    assert import_.undo["fields"] == 2
    assert AuditEntry.objects.filter(verb="contacts.field_removed", actor=owner).count() == 2
    assert applied(scoped, LIST).state == ImportState.APPLIED
    assert keys() == ["city", "shoe_size"], "under the same keys"


def test_those_that_were_there_before_stay(scoped):
    fields.create(organization=scoped, label="City", kind="text", actor=None)
    undone(applied(scoped, LIST))
    assert keys() == ["city"]


def test_those_that_somebody_uses_stay(scoped):
    columns = ("Typed", "Segment", "Archived", "Form", "Draft", "Read", "Free")
    import_ = applied(scoped, ",".join(("Email", *columns)) + "\nann@post.example" + ",x" * len(columns) + "\n")
    contact = Contact.objects.create(organization=scoped, address="zoe@post.example", address_key="zoe@post.example")
    Contact.objects.filter(pk=contact.pk).update(values={"typed": "by hand"})
    for key, facts in (("segment", {}), ("archived", {"archived_at": timezone.now()})):
        definition = {"match": "all", "rules": [{"about": f"field:{key}", "op": "is", "value": "x"}]}
        Segment.objects.create(organization=scoped, name=key, definition=definition, **facts)
    SignupForm.objects.create(organization=scoped, brand=Brand.objects.get(), name="Form", fields=[{"key": "form"}])
    Campaign.objects.create(organization=scoped, brand=Brand.objects.get(), name="Draft", subject="{{ contact.draft }}")
    planned(scoped, "Email,Read\nbob@post.example,y\n")
    undone(import_)
    assert keys() == ["typed", "segment", "archived", "form", "draft", "read"]


def test_a_column_whose_field_went_fails_in_words(scoped):
    first = applied(scoped, LIST)
    other = imports.receive(organization=scoped, file_name="b.csv", chunks=[LIST.encode()], actor=None)
    imports.match_columns(import_=other, matches=imports.as_guessed(other), topics=[], consent=None, actor=None)
    Field.objects.filter(key="city").delete()
    import_work.run(organization_id=scoped.pk, import_id=other.pk)
    other.refresh_from_db()
    assert (other.state, first.state) == (ImportState.FAILED, ImportState.APPLIED)
    assert "is gone by now. Import the file again." in other.problem


def test_old_imports_without_keys_of_their_own_go_on(scoped):
    """Columns of before: `to` only."""
    import_ = applied(scoped, LIST)
    Import.objects.update(
        mapping=[{name: one[name] for name in ("column", "to", "date_order")} for one in Import.objects.get().mapping],
        finished_at=timezone.now() - timedelta(days=1),
    )
    import_.refresh_from_db()
    undone(import_)
    assert keys() == ["city", "shoe_size"]
