"""Fields: making, naming, ordering, archiving."""

import pytest

from accounts.models import AuditEntry
from contacts.actions import fields
from contacts.errors import AlreadyThere, NotThisWay, Refused
from contacts.models import Field
from contacts.queries import fields as known_fields
from contacts.values import FieldKind

pytestmark = pytest.mark.django_db


def keys(organization, **kwargs):
    return [field.key for field in known_fields.known(organization, **kwargs)]


def make(organization, label, kind="text", **facts):
    return fields.create(organization=organization, label=label, kind=kind, actor=None, **facts)


def test_a_field_is_made_with_a_key_of_its_own(scoped):
    assert make(scoped, "Postal  code").key == "postal_code"
    with pytest.raises(AlreadyThere):
        make(scoped, "postal CODE")
    with pytest.raises(AlreadyThere):
        make(scoped, "First name")
    with pytest.raises(Refused, match="needs a name"):
        make(scoped, " \x00 ")
    with pytest.raises(Refused, match="no kind"):
        make(scoped, "X", "blob")
    colours = make(scoped, "Colours", "multi", choices=["Red", " red ", "Dark  blue", ""])
    assert colours.choices == ["Red", "Dark blue"]
    with pytest.raises(Refused, match="stand between choices"):
        make(scoped, "Odd", "choice", choices=["a; b"])
    with pytest.raises(Refused, match="500 at most"):
        make(scoped, "Many", "choice", choices=[f"c{n}" for n in range(501)])


def test_a_new_field_never_gets_the_key_of_an_archived_one(scoped):
    first = make(scoped, "City")
    fields.archive(field=first, actor=None)
    assert keys(scoped) == ["first_name", "last_name"]
    assert make(scoped, "City").key == "city_2"
    with pytest.raises(AlreadyThere):
        fields.restore(field=first, actor=None)


def test_the_name_changes_and_the_key_stays(scoped, owner):
    city = make(scoped, "City")
    fields.rename(field=city, label="Town", actor=owner)
    assert [(f.key, f.label) for f in known_fields.known(scoped)][-1] == ("city", "Town")
    assert AuditEntry.objects.get(verb="contacts.field_renamed").data == {"key": "city", "before": "City"}
    (name, *_) = known_fields.rows(scoped)
    fields.rename(field=name, label="Vorname", actor=owner)
    assert Field.objects.get(key="first_name").label == "Vorname"
    with pytest.raises(AlreadyThere):
        fields.rename(field=city, label="vorname", actor=owner)


def test_the_order_is_kept(scoped):
    for label in "ABC":
        make(scoped, label)
    fields.order(organization=scoped, keys=["c", "last_name", "nonsense", "c"], actor=None)
    assert keys(scoped) == ["c", "last_name", "first_name", "a", "b"]
    b = Field.objects.get(key="b")
    fields.move(field=b, by=-1, actor=None)
    assert keys(scoped) == ["c", "last_name", "first_name", "b", "a"]
    fields.move(field=b, by=99, actor=None)
    fields.move(field=Field.objects.get(key="c"), by=-1, actor=None)
    assert keys(scoped) == ["c", "last_name", "first_name", "a", "b"]


def test_what_everybody_has_is_not_archived(scoped):
    with pytest.raises(NotThisWay, match="Everybody"):
        fields.archive(field=known_fields.rows(scoped)[0], actor=None)


def test_there_is_room_for_so_many(scoped, monkeypatch):
    many = [FieldKind("", f"Field {n}", "text") for n in range(10_000)]
    assert len(fields.planned(organization=scoped, wanted=many[:148])) == 148
    with pytest.raises(Refused, match="10,000 new fields, and there is room for 148"):
        fields.planned(organization=scoped, wanted=many)
    monkeypatch.setattr(fields, "MAX_FIELDS", 3)
    make(scoped, "One")
    with pytest.raises(Refused, match="as many as there may be"):
        make(scoped, "Two")
