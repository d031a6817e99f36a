"""Counting while a segment is built: exactly, about, condition by condition; and where a segment is used."""

import pytest
from django.utils import timezone

from accounts.models import Brand
from campaigns.actions import campaigns
from contacts.models import Contact, Segment
from contacts.queries import catalogue, segments
from contacts.segments import tree
from contacts.segments.reading import BadDefinition


def condition(value, op="is"):
    return {"about": "field:first_name", "op": op, "value": value}


def of(*rules, match="all"):
    return {"match": match, "rules": list(rules)}


@pytest.fixture
def crowd(scoped):
    Contact.objects.bulk_create(
        Contact(
            organization=scoped,
            address=f"p{n}@example.org",
            address_key=f"p{n}@example.org",
            domain="example.org",
            values={"first_name": "Ann" if n % 4 else "Bob"},
            archived_at=timezone.now() if n % 10 == 0 else None,
        )
        for n in range(400)
    )
    return scoped


@pytest.fixture
def large(monkeypatch):
    """As if the organization were a large one, of whose people every fourth may be asked."""
    monkeypatch.setattr(segments, "SMALL", 100)
    monkeypatch.setattr(segments, "ONE_IN", 4)
    monkeypatch.setattr(segments, "PICKED", 1_000)


def test_the_exact_count_leaves_out_archived_people_and_shows_the_newest(crowd):
    found = segments.found(crowd, of(condition("Ann")))
    assert (found.people, found.about, len(found.sample)) == (280, False, 10)
    assert found.sample[0].address == "p399@example.org"
    assert segments.found(crowd, of(condition("Nobody"))) == segments.Found(0, [])


def test_an_estimate_is_marked_near_and_always_the_same(crowd, large):
    found = segments.found(crowd, of(condition("Ann")), exactly=False)
    assert found.about
    assert 200 <= found.people <= 360
    assert len(found.sample) == 10
    assert segments.found(crowd, of(condition("Ann")), exactly=False) == found
    none = segments.found(crowd, of(condition("Nobody")), exactly=False)
    assert (none.people, none.about, none.sample) == (0, True, [])
    assert none.under > 0


def test_an_estimate_asks_the_ledger_last_and_finds_the_same(crowd, large):
    ledger = {"about": "activity:delivered", "op": "never"}
    inner = Segment.objects.create(organization=crowd, name="Inner", definition=of(condition("Ann"), ledger))
    for rules in (of(ledger, condition("Ann")), of({"about": "segment", "op": "in", "value": inner.public_id})):
        assert segments.found(crowd, rules, exactly=False) == segments.found(crowd, of(condition("Ann")), exactly=False)
    known = catalogue.of(crowd)
    first, then = segments._dear_last(
        tree.parse(of(of(ledger, condition("Ann")), condition("B", "starts")), known), known
    )
    assert [one.about for one in first.rules] == ["field:first_name"] * 2
    assert [one.about for one in then.rules] == ["activity:delivered"]
    whole = tree.parse(of(ledger, condition("Ann"), match="any"), known)
    assert segments._dear_last(whole, known) == (tree.Group("all", ()), tree.Group("all", (whole,)))


def test_a_small_organization_is_counted_exactly_at_once(crowd):
    assert not segments.found(crowd, of(condition("Ann")), exactly=False).about


@pytest.mark.parametrize(("number", "said"), [(0, 0), (7, 7), (99, 99), (1234, 1200), (98765, 99000), (996, 1000)])
def test_an_estimate_has_two_digits(number, said):
    assert segments._rounded(number) == said


def test_each_condition_is_counted_alone_and_left_out_in_turn(crowd):
    definition = of(condition("Ann"), of(condition("Bob"), condition("Cid"), match="any"), condition("B", "starts"))
    counts = segments.each(crowd, definition, catalogue.of(crowd))
    assert {path: own.people for path, own in counts.items()} == {
        (): 0,
        (0,): 280,
        (1,): 80,
        (1, 0): 80,
        (1, 1): 0,
        (2,): 80,
    }
    assert [counts[path].without for path in ((0,), (1,), (2,), (1, 0))] == [80, 0, 0, None]
    alone = segments.each(crowd, of(condition("Ann")), catalogue.of(crowd))
    assert alone[(0,)] == segments.Own(280, None)
    assert segments.each(crowd, of(), catalogue.of(crowd))[()].people == 360


def test_an_exact_count_that_takes_too_long_is_given_up_and_leaves_the_transaction_whole(crowd, monkeypatch):
    monkeypatch.setattr(segments, "PATIENCE", 1)
    slow = of(*[condition("x" * 400 + str(n), "contains") for n in range(90)], match="any")

    def again_and_again():
        for _ in range(50):
            segments.found(crowd, slow)

    with pytest.raises(segments.TooSlow):
        again_and_again()
    monkeypatch.setattr(segments, "PATIENCE", 20_000)
    assert segments.found(crowd, of()).people == 360


def test_what_cannot_be_understood_is_refused(crowd):
    for asked in (segments.found, lambda org, definition: segments.each(org, definition, catalogue.of(org))):
        with pytest.raises(BadDefinition):
            asked(crowd, of({"about": "field:gone", "op": "empty"}))


def test_where_a_segment_is_used(scoped):
    inner = Segment.objects.create(organization=scoped, name="Inner", definition=of())
    contains = of(of({"about": "segment", "op": "not_in", "value": inner.public_id}, match="any"))
    outer = Segment.objects.create(organization=scoped, name="Outer", definition=contains)
    Segment.objects.create(organization=scoped, name="Old", definition=contains, archived_at=timezone.now())
    brand = Brand.objects.get()
    for name, given in (("With", {"segment": inner}), ("Without", {"excluded_segment": inner}), ("Else", {})):
        campaigns.create(organization=scoped, brand=brand, name=name, actor=None, **given)
    assert [(use.what, use.name) for use in segments.uses(inner)] == [
        ("segment", "Outer"),
        ("campaign without them", "Without"),
        ("campaign", "With"),
    ]
    assert segments.uses(outer) == []


def test_the_catalogue_loads_what_is_mentioned(scoped, django_assert_num_queries):
    with django_assert_num_queries(0):
        catalogue.of(scoped, of({"about": "address", "op": "empty"}))
    with django_assert_num_queries(1):  # fields
        catalogue.of(scoped, of(condition("x")))
    with django_assert_num_queries(1):  # campaigns
        catalogue.of(scoped, of({"about": "activity:opened", "op": "never"}))
    with django_assert_num_queries(8):
        catalogue.of(scoped)
