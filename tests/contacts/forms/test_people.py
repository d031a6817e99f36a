"""The form of a person: every kind of field is asked, and what nobody touched stays as it is."""

import pytest
from django.http import QueryDict

from contacts.forms.people import PersonForm
from contacts.values import FieldKind

DRINKS = FieldKind("drinks", "Drinks", "multi", ("Tea", "Coffee", "Milk, cold"))


def form(field, posted, kept=None):
    data = QueryDict(mutable=True)
    data.setlist(f"v_{field.key}", posted)
    return PersonForm(data, fields=[field], kept={field.key: kept} if kept is not None else {})


def test_several_choices_are_ticked():
    made = form(DRINKS, ["Milk, cold", "Tea"])
    assert made.is_valid() and made.typed() == {"drinks": ["Tea", "Milk, cold"]}
    made = form(DRINKS, [], ["Tea"])
    assert made.is_valid() and made.typed() == {"drinks": None}
    assert not form(DRINKS, ["Beer"]).is_valid()
    shown = PersonForm(fields=[DRINKS], kept={"drinks": ["Tea"]})
    assert 'value="Tea"' in str(shown["v_drinks"]) and "checked" in str(shown["v_drinks"])


@pytest.mark.parametrize(
    ("kind", "choices", "kept", "posted"),
    [
        ("number", (), "many", ["many"]),
        ("boolean", (), "perhaps", ["perhaps"]),
        ("choice", ("S", "M"), "XXL", ["XXL"]),
        ("multi", ("S", "M"), ["XXL", "S"], ["XXL", "S"]),
        ("multi", ("S", "M"), "XXL", ["XXL"]),
        ("date", (), "yesterday", ["yesterday"]),
    ],
)
def test_a_value_of_the_kind_before_stays_while_nobody_touches_it(kind, choices, kept, posted):
    made = form(FieldKind("x", "X", kind, choices), posted, kept)
    assert made.is_valid(), made.errors
    assert made.typed() == {"x": kept}
