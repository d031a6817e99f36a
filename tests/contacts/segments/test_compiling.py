"""The SQL of a segment finds exactly the people whom a plain reading of its tree finds, in both of its forms."""

from datetime import date

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Brand
from contacts.enums import ConsentAction, ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Contact, HouseSuppression, Subscription, Suppression, Tag, Tagging, Topic
from contacts.queries import segments
from contacts.segments import behaviour, compiling, dates, tree
from contacts.segments.clock import Clock
from contacts.segments.knowledge import Catalogue
from sending.adapters.behaviour import FACTS
from sending.enums import DeliveryState
from sending.models import Delivery, DomainProvider, Engagement
from tests.contacts.segments import trees
from tests.contacts.segments.evaluator import STATES, World, fits
from tests.database import as_owner

CLOCK = Clock(trees.TODAY, trees.ZONE)


@pytest.fixture
def known(scoped) -> Catalogue:
    """The rows that definitions name, and the catalogue that knows them."""
    brand = Brand.objects.get()
    with as_owner():
        DomainProvider.objects.bulk_create(
            DomainProvider(domain=domain, provider=provider, learned_at=timezone.now())
            for domain, provider in trees.HOMES.items()
        )
    return trees.catalogue(
        organization=scoped.pk,
        topics={
            name: Topic.objects.create(organization=scoped, brand=brand, name=name, public_id=name).pk
            for name in ("news", "shop")
        },
        tags={name: Tag.objects.create(organization=scoped, name=f"tag {name}").pk for name in "123"},
        imports={"i1": 901, "i2": 902},
        forms={"f1": 903},
        campaigns={name: 9_000 + n for n, name in enumerate(trees.SENT)},
    )


def settle(organization, people, known):
    """The people as rows; gives their ids in the same order."""
    rows = Contact.objects.bulk_create(
        Contact(
            organization=organization,
            address=f"{i}.{person.address}",
            address_key=f"{i}.{person.address}",
            domain=person.domain,
            locale=person.locale,
            values=person.values,
            source=person.source,
            import_id=known.imports[person.came_with].id if person.came_with else None,
            form_id=known.forms[person.came_by].id if person.came_by else None,
        )
        for i, person in enumerate(people)
    )
    made = {model: [] for model in (Subscription, Tagging, Suppression, ConsentRecord, Delivery, Engagement)}
    house = []
    for i, (row, person) in enumerate(zip(rows, people, strict=True)):
        Contact.objects.filter(pk=row.pk).update(created_at=person.created_at)
        person.address = f"{i}.{person.address}"
        ours = {"organization": organization}
        made[Subscription] += [
            Subscription(**ours, contact=row, topic_id=known.topics[name].id, state=state, changed_at=timezone.now())
            for name, state in person.topics.items()
        ]
        made[Tagging] += [Tagging(**ours, contact=row, tag_id=known.tags[name].id) for name in person.tags]
        made[Suppression] += [
            Suppression(**ours, address_key=row.address_key, reason=reason, source="relay")
            for reason in person.reasons - {"house"}
        ]
        house += [HouseSuppression(address_key=row.address_key, why="trap")] if "house" in person.reasons else []
        made[ConsentRecord] += [
            ConsentRecord(
                **ours,
                contact=row,
                topic_id=known.topics[one.topic].id,
                action=one.action,
                at=one.at,
                source=one.source,
            )
            for one in person.agreements
        ]
        for message in person.messages:
            mailing = known.campaigns[message.campaign].id
            delivery = Delivery(
                id=row.pk * 10 + mailing % 10,
                **ours,
                mailing_id=mailing,
                contact=row,
                lane_id=1,
                address=row.address_key,
                state=message.state,
            )
            made[Delivery].append(delivery)
            made[Engagement].append(
                Engagement(
                    delivery_id=delivery.id,
                    **ours,
                    mailing_id=mailing,
                    contact_id=row.pk,
                    opened_at=message.opened,
                    clicked_at=message.clicked,
                    unsubscribed_at=message.unsubscribed,
                    complained_at=message.complained,
                )
            )
    for model, instances in made.items():
        model.objects.bulk_create(instances)
    with as_owner():
        HouseSuppression.objects.bulk_create(house)
    return [row.pk for row in rows]


def ids(sql, params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]


def both_ways(rule, known):
    """Ids of who fits, found one by one and all at once; never NULL, and nobody twice."""
    one = compiling.compile_tree(rule, CLOCK, known)
    assert not ids(f"SELECT c.id FROM contacts_contact c WHERE ({one.text}) IS NULL", one.params)
    whole = compiling.compile_whole(rule, CLOCK, known)
    everybody = f"SELECT c.id FROM contacts_contact c {whole.joins.text} WHERE (({whole.fits.text}) IS NULL OR TRUE)"
    unknown = f"SELECT c.id FROM contacts_contact c {whole.joins.text} WHERE ({whole.fits.text}) IS NULL"
    assert not ids(unknown, whole.params)
    found = ids(everybody, whole.params)
    assert len(found) == len(set(found)) == Contact.objects.count(), "the joins add no row and lose none"
    return (
        set(ids(f"SELECT c.id FROM contacts_contact c WHERE {one.text}", one.params)),
        set(ids(f"SELECT c.id FROM contacts_contact c {whole.joins.text} WHERE {whole.fits.text}", whole.params)),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    people=st.lists(trees.PEOPLE, min_size=1, max_size=6),
    definitions=st.lists(trees.DEFINITIONS, min_size=1, max_size=6),
)
def test_sql_and_plain_reading_agree(scoped, known, people, definitions):
    world = World(
        today=trees.TODAY,
        zone=trees.ZONE,
        sent=trees.SENT,
        homes=trees.HOMES,
        known=trees.KNOWN,
        segments={name: tree.parse(definition, known) for name, definition in trees.INNER.items()},
    )
    before = transaction.savepoint()
    try:
        rows = settle(scoped, people, known)
        for definition in definitions:
            rule = tree.parse(definition, known)
            expected = {pk for pk, person in zip(rows, people, strict=True) if fits(rule, person, world)}
            one_by_one, at_once = both_ways(rule, known)
            assert one_by_one == expected, definition
            assert at_once == expected, definition
            parts = segments._dear_last(rule, known)
            in_two = {pk for pk, one in zip(rows, people, strict=True) if all(fits(part, one, world) for part in parts)}
            assert in_two == expected, definition
    finally:
        transaction.savepoint_rollback(before)  # the consent ledger lets nobody delete


def test_the_words_are_those_of_the_tables():
    assert (compiling.SUBSCRIBED, compiling.PENDING, compiling.UNSUBSCRIBED) == (
        SubscriptionState.SUBSCRIBED,
        SubscriptionState.PENDING,
        SubscriptionState.UNSUBSCRIBED,
    )
    assert set(behaviour.AGREED) <= set(ConsentAction.values)
    assert set(tree.CONSENT_SOURCES) <= set(ConsentSource.values)
    assert set(tree.REASONS) == {*SuppressionReason.values, "house"}
    assert set(tree.DEEDS) == set(FACTS.deeds)
    skipped = {DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.FAILED}
    assert STATES["sent"] == {int(state) for state in DeliveryState if state not in skipped}


def only(**condition):
    return {"match": "all", "rules": [condition]}


def test_a_domain_may_be_written_in_its_own_letters():
    rule = tree.parse(only(about="domain", op="is", value="Müller.example"), Catalogue())
    assert compiling.compile_tree(rule, CLOCK).params == ("xn--mller-kva.example",)


@pytest.mark.parametrize(
    ("today", "days", "includes"),
    [
        (date(2026, 2, 28), 0, True),  # no leap year: on the 28th
        (date(2026, 3, 1), 0, False),
        (date(2028, 2, 28), 0, False),  # a leap year: on the 29th itself
        (date(2028, 2, 29), 0, True),
        (date(2026, 2, 20), 7, False),
        (date(2026, 2, 20), 8, True),
        (date(2025, 12, 30), 60, True),
        (date(2026, 3, 2), 400, True),
    ],
)
def test_who_was_born_on_29_february_is_congratulated_every_year(today, days, includes):
    assert ("02-29" in dates.anniversaries(today, days)) == includes


def test_a_set_that_is_asked_twice_is_made_once():
    known = trees.catalogue()
    twice = tree.parse(
        {
            "match": "any",
            "rules": [
                {"about": "tag", "op": "any_of", "value": ["1", "2"]},
                {"match": "none", "rules": [{"about": "tag", "op": "any_of", "value": ["2", "1"]}]},
                {"about": "tag", "op": "none_of", "value": ["1", "2"]},
            ],
        },
        known,
    )
    assert compiling.compile_whole(twice, CLOCK, known).joins.text.count("LEFT JOIN") == 1


def test_campaigns_outside_of_the_window_are_not_read():
    known = trees.catalogue()
    rule = tree.parse(only(about="activity:delivered", op="at_least", times=1, when="within", days=30), known)
    assert compiling.compile_tree(rule, CLOCK, known).params == ([1, 2, 3],)
    rule = tree.parse(only(about="activity:sent", op="at_least", times=1, when="within", days=1), known)
    assert compiling.compile_tree(rule, CLOCK, known).params == ([1],)
    early = {"when": "between", "from": "2020-01-01", "to": "2020-02-01"}
    rule = tree.parse(only(about="activity:clicked", op="at_least", **early), known)
    assert compiling.compile_tree(rule, CLOCK, known).text == "FALSE", "nothing had been sent by then"


STRANGE = [
    "'; DROP TABLE contacts_contact; --",
    "%s %(x)s %%",
    "\\",
    "${jndi}",
    "<script>",
    "\u202e",
    "{}",
    "\ud7ff",
    "x" * 500,
]


@pytest.mark.parametrize("word", STRANGE)
def test_sql_in_a_string_is_a_string(scoped, known, word):
    Contact.objects.create(
        organization=scoped, address="a@b.c", address_key="a@b.c", domain="b.c", values={"city": word, "likes": [word]}
    )
    for condition in (
        {"about": "field:city", "op": "is", "value": word},
        {"about": "field:city", "op": "contains", "value": word},
        {"about": "field:city", "op": "one_of", "value": [word, "x"]},
        {"about": "field:likes", "op": "all_of", "value": [word]},
    ):
        assert len(both_ways(tree.parse(only(**condition), known), known)[1]) == 1
    for about, op in (("domain", "is"), ("language", "is"), ("address", "starts"), ("field:city", "starts")):
        one_by_one, at_once = both_ways(tree.parse(only(about=about, op=op, value=word), known), known)
        assert one_by_one == at_once


def test_values_of_another_kind_than_their_field_do_no_harm(scoped, known):
    """A field was converted, or something else wrote there: nobody is lost to an error."""
    for n, value in enumerate(["2026-13-45", "", [], {}, "mint", 7, True, None, ["a", 1], "NaN", 1e300]):
        Contact.objects.create(
            organization=scoped,
            address=f"{n}@b.c",
            address_key=f"{n}@b.c",
            domain="b.c",
            values=dict.fromkeys(trees.FIELDS, value),
        )
    for kind, about in (
        ("day", "joined"),
        ("moment", "seen"),
        ("number", "visits"),
        ("boolean", "vip"),
        ("multi", "likes"),
        ("text", "city"),
    ):
        for op in tree.OPS[kind]:
            value = {
                "between": ["2026-01-01", "2026-02-01"],
                "one_of": ["a"],
                "any_of": ["a"],
                "all_of": ["a"],
                "none_of": ["a"],
            }.get(op, 3 if op in tree.DAYS_VALUE or kind == "number" else "2026-01-01")
            one_by_one, at_once = both_ways(tree.parse(only(about=f"field:{about}", op=op, value=value), known), known)
            assert one_by_one == at_once


def test_the_largest_segment_is_asked(scoped, known):
    """A hundred conditions, each with another set of people, containing segments that contain segments."""
    rules = [
        {"about": "activity:opened", "op": "at_least", "times": 1 + n, "when": "within", "days": n + 1}
        for n in range(97)
    ]
    rules.append({"about": "segment", "op": "not_in", "value": "s2"})
    Contact.objects.create(organization=scoped, address="a@b.c", address_key="a@b.c", domain="b.c")
    assert both_ways(tree.parse({"match": "any", "rules": rules}, known), known) == (
        (everybody := {Contact.objects.get().pk}),
        everybody,
    )
