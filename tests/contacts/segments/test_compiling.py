"""The SQL of a segment finds exactly the people whom a plain reading of its tree finds."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Brand
from contacts.enums import SubscriptionState
from contacts.models import Contact, Subscription, Topic
from contacts.segments import compiling, tree
from contacts.segments.compiling import Clock
from contacts.segments.tree import Catalogue, Condition, Group
from tests.contacts.segments.plain import Person, fits

ZONE = ZoneInfo("America/New_York")
TODAY = date(2026, 3, 10)  # two days after the clocks there went forward
CLOCK = Clock(TODAY, ZONE)
WORDS = ["", "Oslo", "oslo", "São Paulo", "são", "Łódź", "50%", "a_b", "back\\slash", "O'Hara", "日本", "%", "o"]
TEXTS = st.sampled_from(WORDS[1:]) | st.text("abOÉé%_'\\ ", min_size=1, max_size=4).map(str.strip).filter(bool)
DAYS = st.dates(TODAY - timedelta(days=9), TODAY + timedelta(days=3))
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -1.25, 1e6])
LOCALES = ["", "en", "EN", "en-GB", "pt_BR", "pt", "eng"]
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 12), timezones=st.just(ZoneInfo("UTC"))).map(
    lambda at: at.replace(microsecond=0)
)

VALUES = st.fixed_dictionaries(
    {},
    optional={
        "city": TEXTS,
        "visits": NUMBERS,
        "vip": st.booleans(),
        "joined": DAYS.map(date.isoformat),
        "seen": MOMENTS.map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")),
    },
)
PEOPLE = st.builds(
    Person,
    address=st.sampled_from(["ann@a.example", "bob@b.example", "cid@sub.a.example"]),
    domain=st.sampled_from(["a.example", "b.example", "sub.a.example", "xn--mller-kva.example"]),
    locale=st.sampled_from(LOCALES),
    values=VALUES,
    created_at=MOMENTS,
    topics=st.dictionaries(st.sampled_from(["news", "shop"]), st.sampled_from([1, 2, 3])),
)


def value_for(kind, op):
    if op in tree.NO_VALUE:
        return st.none()
    if kind == "topic":
        return st.sampled_from(["news", "shop"])
    if op in tree.DAYS_VALUE:
        return st.integers(1, 12)
    if kind == "number":
        return NUMBERS.map(lambda number: Decimal(str(number)))
    if kind in ("day", "moment", "created"):
        return DAYS
    one = st.sampled_from(LOCALES[1:]) if kind == "language" else TEXTS
    if kind == "domain":
        one = st.sampled_from(["a.example", "B.example", "xn--mller-kva.example", "a", "."])
    return st.lists(one, min_size=1, max_size=3).map(tuple) if op == "one_of" else one


ABOUT = {"field:city": "text", "field:visits": "number", "field:vip": "boolean", "field:joined": "day",
         "field:seen": "moment"} | tree.BUILT_IN  # fmt: skip
CONDITIONS = st.one_of(
    *(
        value_for(kind, op).map(
            lambda value, about=about, kind=kind, op=op: Condition(about, kind, about.partition(":")[2], op, value)
        )
        for about, kind in ABOUT.items()
        for op in tree.OPS[kind]
    )
)
TREES = st.recursive(
    CONDITIONS,
    lambda rules: st.builds(Group, st.sampled_from(["all", "any"]), st.lists(rules, min_size=1, max_size=3).map(tuple)),
    max_leaves=6,
)


@pytest.fixture
def topics(scoped):
    brand = Brand.objects.get()
    return {
        name: Topic.objects.create(organization=scoped, brand=brand, name=name, public_id=name)
        for name in ("news", "shop")
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(people=st.lists(PEOPLE, min_size=1, max_size=6), rules=st.lists(TREES, min_size=1, max_size=5))
def test_sql_and_plain_reading_agree(scoped, topics, people, rules):
    Subscription.objects.all().delete()
    Contact.objects.all().delete()
    rows = Contact.objects.bulk_create(
        Contact(
            organization=scoped,
            address=f"p{i}@x.example",
            address_key=f"{i}.{person.address}",
            domain=person.domain,
            locale=person.locale,
            values=person.values,
        )
        for i, person in enumerate(people)
    )
    subscriptions = []
    for i, (row, person) in enumerate(zip(rows, people, strict=True)):
        Contact.objects.filter(pk=row.pk).update(created_at=person.created_at)
        person.address = f"{i}.{person.address}"
        subscriptions += [
            Subscription(organization=scoped, contact=row, topic=topics[name], state=state, changed_at=timezone.now())
            for name, state in person.topics.items()
        ]
    Subscription.objects.bulk_create(subscriptions)
    for rule in rules:
        sql = compiling.compile_tree(rule, CLOCK)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT c.id FROM contacts_contact c WHERE ({sql.text})", sql.params)
            found = {row[0] for row in cursor.fetchall()}
            cursor.execute(f"SELECT count(*) FROM contacts_contact c WHERE ({sql.text}) IS NULL", sql.params)
            assert cursor.fetchone() == (0,), "a condition is true or false, never unknown"
        expected = {row.pk for row, person in zip(rows, people, strict=True) if fits(rule, person, TODAY, ZONE)}
        assert found == expected, rule


def test_the_states_are_those_of_the_tables():
    assert (compiling.SUBSCRIBED, compiling.UNSUBSCRIBED) == (
        SubscriptionState.SUBSCRIBED,
        SubscriptionState.UNSUBSCRIBED,
    )


def test_a_domain_may_be_written_in_its_own_letters():
    catalogue = Catalogue()
    rule = tree.parse(
        {"match": "all", "rules": [{"about": "domain", "op": "is", "value": "Müller.example"}]}, catalogue
    )
    assert compiling.compile_tree(rule, CLOCK).params == ("xn--mller-kva.example",)
