"""Search through the database's own function, and lists: both plans find whom a plain loop finds, page by page."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts.enums import SubscriptionState
from contacts.models import Contact, Import, Segment, SignupForm, Subscription, Suppression, Tag, Tagging, Topic
from contacts.queries import filters, people


def person(organization, key, **values):
    return Contact.objects.create(
        organization=organization, address=key, address_key=key, domain=key.rpartition("@")[2], values=values
    )


def test_it_sees_one_organization_only(organization, other_organization):
    with tenant_scope(organization):
        ours = person(organization, "ann@example.org")
    with tenant_scope(other_organization):
        person(other_organization, "ann.other@example.org")
    with tenant_scope(organization):
        assert people.search("ann") == [ours.pk]


def test_without_an_organization_it_finds_nothing(organization):
    with tenant_scope(organization):
        person(organization, "ann@example.org")
    assert people.search("ann") == []


def test_the_daemons_role_is_lent_to_the_function_only(scoped):
    person(scoped, "ann@example.org")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT prosecdef FROM pg_proc WHERE proname = 'few'"
            " AND pronamespace = 'contacts_search'::regnamespace)"
        )
        assert cursor.fetchone() == ("posthouse_app", True)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION contacts_search.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'")


@pytest.mark.parametrize(
    "needle", ["'; DROP TABLE contacts_contact; --", "%", "_", "\\", "$query$", "a'b%c_d\\e", "😀😀😀"]
)
def test_needles_are_words_and_nothing_else(scoped, needle):
    person(scoped, "bob@example.org")
    odd = person(scoped, "odd@example.org", first_name=f"x{needle}x")
    found = people.search(needle)
    assert found == ([odd.pk] if len(needle) >= 3 else [])


def test_a_common_needle_finds_the_newest(scoped):
    made = [person(scoped, f"p{i}@example.org", first_name="Müller") for i in range(60)]
    assert people.search("müll", most=50) == [contact.pk for contact in reversed(made)][:50]
    assert people.search("p59@") == [made[-1].pk]
    assert set(people.search("p1")) == {contact.pk for contact in made if contact.address.startswith("p1")}


def test_the_count_stops_where_it_has_seen_enough(scoped, monkeypatch):
    monkeypatch.setattr(people, "COUNT_MOST", 2)
    for i in range(5):
        person(scoped, f"p{i}@example.org")
    assert people.count(scoped) == 3


DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def crowd(scoped):
    """Forty people with everything that filters ask for, by dice that fall the same each time."""
    dice = random.Random(7)
    topic = Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")
    tag, other_tag = (Tag.objects.create(organization=scoped, name=name) for name in ("VIP", "Fair"))
    import_ = Import.objects.create(organization=scoped, file_name="p.csv", file_size=1, fingerprint="x")
    form = SignupForm.objects.create(organization=scoped, brand=Brand.objects.get(), name="F", title="F", wording="W")
    segment = Segment.objects.create(
        organization=scoped,
        name="A to M",
        definition={"match": "any", "rules": [{"about": "address", "op": "contains", "value": "a"}]},
    )
    facts = {}
    for i in range(40):
        name = "".join(dice.choice("abmz") for _ in range(3)) + str(i)
        domain = dice.choice(("acme.example", "acme.example.com", "xn--mnchen-3ya.example"))
        made = Contact.objects.create(
            organization=scoped,
            address=f"{name}@{domain}",
            address_key=f"{name}@{domain}",
            domain=domain,
            values={"first_name": dice.choice(("Zoë", "Bob", "Ann"))},
            source=dice.choice(("import", "form", "manual")),
            import_id=dice.choice((None, import_.pk)),
            form_id=dice.choice((None, form.pk)),
            archived_at=dice.choice((None, None, None, timezone.now())),
            erased_at=dice.choice((None,) * 9 + (timezone.now(),)),
        )
        Contact.objects.filter(pk=made.pk).update(created_at=DAY + timedelta(days=i))
        stands = dice.choice((None, *SubscriptionState))
        if stands:
            Subscription.objects.create(
                organization=scoped, contact=made, topic=topic, state=stands, changed_at=timezone.now()
            )
        for one in (tag, other_tag):
            if dice.random() < 0.4:
                Tagging.objects.create(organization=scoped, tag=one, contact=made)
        suppressed = dice.choice((None, None, "all", "topic", "lifted"))
        if suppressed:
            Suppression.objects.create(
                organization=scoped,
                address_key=made.address_key,
                reason="manual",
                source="x",
                topic=topic if suppressed == "topic" else None,
                lifted_at=timezone.now() if suppressed == "lifted" else None,
            )
        facts[made.pk] = SimpleNamespace(
            contact=made,
            day=(DAY + timedelta(days=i)).date(),
            stands=stands,
            tags=set(Tagging.objects.filter(contact=made).values_list("tag_id", flat=True)),
            suppressed=suppressed,
        )
    return SimpleNamespace(
        organization=scoped, topic=topic, tag=tag, import_=import_, form=form, segment=segment, facts=facts
    )


def fits(crowd, query, fact):
    """What a list should hold, said in Python."""
    person = fact.contact
    if person.erased_at or bool(person.archived_at) != (query.get("state") == "archived"):
        return False
    text = query.get("q", "").lower()
    words = f"{person.address_key} {person.values['first_name']} ".lower()
    states = {"": 1, "pending": 2, "unsubscribed": 3}
    return all(
        (
            person.address_key.startswith(text) if len(text) < 3 else text in words,
            "topic" not in query or fact.stands == states[query.get("stands", "")],
            "tag" not in query or crowd.tag.pk in fact.tags,
            "segment" not in query or "a" in person.address_key,
            "source" not in query or person.source == query["source"],
            "import" not in query or person.import_id,
            "form" not in query or person.form_id,
            "domain" not in query or person.domain == query["domain"],
            "from" not in query or str(fact.day) >= query["from"],
            "to" not in query or str(fact.day) <= query["to"],
            query.get("state") != "suppressed" or fact.suppressed in ("all", "topic"),
            query.get("state") != "mailable" or fact.suppressed != "all",
        )
    )


def some_query(crowd, dice):
    possible = {
        "q": ("a", "ab", "exam", "ZOË", "b_", "acme.example ann", "nobody at all"),
        "topic": (crowd.topic.public_id,),
        "segment": (crowd.segment.public_id,),
        "tag": (str(crowd.tag.pk),),
        "source": ("import", "form", "manual", "api"),
        "import": (crowd.import_.public_id,),
        "form": (crowd.form.public_id,),
        "domain": ("acme.example", "xn--mnchen-3ya.example", "nowhere.example"),
        "state": ("mailable", "suppressed", "archived"),
        "from": ("2026-05-10", "2027-01-01"),
        "to": ("2026-05-30",),
    }
    query = {name: dice.choice(values) for name, values in possible.items() if dice.random() < 0.2}
    if "topic" in query and dice.random() < 0.5:
        query["stands"] = dice.choice(("pending", "unsubscribed"))
    return query


def walked(organization, wanted, sort, step):
    """All pages in one direction, then all the way back; both must agree."""
    there, cursor = [], {}
    for _ in range(200):
        page = people.page(organization, wanted, sort=sort, **cursor)
        there += [row.contact.pk for row in page.rows]
        if page.next is None:
            break
        cursor = {"after": page.next}
    else:
        raise AssertionError("It never ends.")
    return there, page


@pytest.mark.parametrize(("few", "look"), [(2_000, 10_000), (0, 3), (4, 7)])
def test_both_plans_find_whom_a_plain_loop_finds(crowd, monkeypatch, few, look):
    for name, value in {"PAGE": 4, "FEW": few, "LOOK": look, "LOOK_SECONDS": 0}.items():
        monkeypatch.setattr(people, name, value)
    dice = random.Random(few)
    for turn in range(25):
        query = some_query(crowd, dice)
        wanted = filters.read(crowd.organization, query)
        assert not wanted.lost
        sort = dice.choice(list(people.SORTS))
        expected = [pk for pk, fact in crowd.facts.items() if fits(crowd, query, fact)]
        key = {"address": lambda pk: crowd.facts[pk].contact.address_key}.get(sort.lstrip("-"), lambda pk: pk)
        expected.sort(key=key, reverse=sort in ("", "-address"))
        found, last = walked(crowd.organization, wanted, sort, 1)
        assert found == expected, (turn, query, sort)
        assert people.how_many(crowd.organization, wanted) == len(expected)
        if few == 2_000 and wanted.is_on and last.total is not None:
            assert last.total == len(expected)
        before = last.rows[0].contact.pk if last.rows else None
        back = []
        while before is not None:
            page = people.page(crowd.organization, wanted, sort=sort, before=before)
            back = [row.contact.pk for row in page.rows] + back
            before = page.previous
        assert back + [row.contact.pk for row in last.rows] == (expected if last.rows else back)


def test_a_list_says_how_far_it_looked_and_goes_on_from_there(crowd, monkeypatch):
    for name, value in {"FEW": 0, "LOOK": 5, "LOOK_SECONDS": 0}.items():
        monkeypatch.setattr(people, name, value)
    oldest = min(pk for pk, fact in crowd.facts.items() if not fact.contact.archived_at and not fact.contact.erased_at)
    wanted = filters.Filter(text=crowd.facts[oldest].contact.address_key)
    page = people.page(crowd.organization, wanted)
    assert (page.rows, page.looked, page.total) == ([], 5, None)
    assert page.next is not None
    found, _ = walked(crowd.organization, wanted, "", 1)
    assert found == [oldest]


def test_what_goes_on_by_itself_looks_longer_at_a_time(crowd, monkeypatch):
    for name, value in {"FEW": 0, "LOOK": 5, "LOOK_SECONDS": 1e-9, "FURTHER": 1e12}.items():
        monkeypatch.setattr(people, name, value)
    oldest = min(pk for pk, fact in crowd.facts.items() if not fact.contact.archived_at and not fact.contact.erased_at)
    wanted = filters.Filter(text=crowd.facts[oldest].contact.address_key)
    first = people.page(crowd.organization, wanted)
    assert (first.rows, first.looked) == ([], 5)
    rest = people.page(crowd.organization, wanted, after=first.next, is_further=True)
    assert ([row.contact.pk for row in rest.rows], rest.looked, rest.next) == ([oldest], 0, None)


def test_what_is_gone_finds_nobody(crowd):
    for query in (
        {"topic": "gone"},
        {"tag": "99999999999999999999"},
        {"tag": "x"},
        {"from": "yesterday"},
        {"state": "?"},
    ):
        wanted = filters.read(crowd.organization, query)
        assert wanted.lost
        assert people.page(crowd.organization, wanted).rows == []
        assert people.how_many(crowd.organization, wanted) == 0


def test_queries_of_strangers_are_read_without_harm(crowd):
    for text in (
        "q=%00&domain=%00&tag=%00",
        "q=" + "x" * 5_000,
        "domain=" + "ü" * 300,
        "from=9999-12-31&to=0001-01-01",
    ):
        wanted = filters.read(crowd.organization, QueryDict(text))
        people.page(crowd.organization, wanted)
        filters.in_words(wanted)
    assert filters.read(crowd.organization, {"domain": "@München.Example."}).domain == "xn--mnchen-3ya.example"


def test_it_is_said_in_words(crowd):
    query = {
        "q": "Ann",
        "topic": crowd.topic.public_id,
        "stands": "unsubscribed",
        "tag": str(crowd.tag.pk),
        "to": "2026-05-30",
    }
    words = filters.in_words(filters.read(crowd.organization, query))
    assert words == "found by “ann”, unsubscribed from News, tagged VIP, added until 30 May 2026"
