"""Tags: one a name whatever its case, and what is done with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from contacts.actions import tags
from contacts.errors import AlreadyThere, NotThisWay
from contacts.models import Contact, Tag, Tagging


def test_names_are_known_whatever_their_case(scoped, django_assert_max_num_queries):
    first = tags.ensure(scoped, ["VIP", " Fair  2026 ", "", "\x00"])
    assert {given: tag.name for given, tag in first.items()} == {"VIP": "VIP", " Fair  2026 ": "Fair 2026"}
    with django_assert_max_num_queries(3):
        again = tags.ensure(scoped, ["vip", "VIP", "fair 2026"])
    assert again["vip"] == again["VIP"] == first["VIP"]
    assert Tag.objects.count() == 2
    assert tags.ensure(scoped, []) == {}


@pytest.mark.parametrize("name", ["İstanbul", "ßtraße", "ǅ", "😀", "مرحبا", "Ω", "K"])
def test_letters_that_fold_oddly_make_one_tag(scoped, name):
    made = tags.ensure(scoped, [name])
    assert tags.ensure(scoped, [name]) == made
    assert Tag.objects.count() == 1


def test_there_is_an_end(scoped, monkeypatch):
    monkeypatch.setattr(tags, "MOST", 2)
    tags.ensure(scoped, ["a", "b"])
    with pytest.raises(NotThisWay):
        tags.ensure(scoped, ["c"])
    assert set(tags.ensure(scoped, ["a", "B"])) == {"a", "B"}


@given(st.text())
def test_a_name_is_one_printable_line(text):
    name = tags.clean(text)
    assert len(name) <= tags.MAX_NAME
    assert name == name.strip()
    assert name.isprintable()
    assert tags.clean(name) == name


def test_put_on_and_taken_off(scoped):
    tag = tags.ensure(scoped, ["VIP"])["VIP"]
    people = [
        Contact.objects.create(organization=scoped, address=f"{n}@x.example", address_key=f"{n}@x.example", domain="x")
        for n in "abc"
    ]
    ids = [person.pk for person in people]
    assert tags.put_on(tag=tag, ids=[*ids[:2], 10**15]) == ids[:2]
    assert tags.put_on(tag=tag, ids=ids) == ids[2:]
    assert tags.take_off(tag=tag, ids=ids[1:]) == ids[1:]
    assert tags.take_off(tag=tag, ids=ids[1:]) == []
    assert tags.remove(tag=tag, actor=None) == 1
    assert not Tagging.objects.exists()
    assert AuditEntry.objects.get(verb="contacts.tag_removed").data == {"people": 1}


def test_renamed_but_not_to_a_name_that_is_taken(scoped, marketer):
    made = tags.ensure(scoped, ["VIP", "Fair"])
    with pytest.raises(AlreadyThere):
        tags.rename(tag=made["VIP"], name="fair", actor=marketer)
    with pytest.raises(NotThisWay):
        tags.rename(tag=made["VIP"], name=" ", actor=marketer)
    tags.rename(tag=made["VIP"], name="vip", actor=marketer)
    assert set(Tag.objects.values_list("name", flat=True)) == {"vip", "Fair"}
