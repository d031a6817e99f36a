"""Random segments as JSON, over a fixed catalogue, and random people to ask them of."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from contacts.segments import tree
from contacts.segments.knowledge import Catalogue, Inner, Send, Thing
from sending.adapters.behaviour import FACTS
from tests.contacts.segments.evaluator import Agreement, Message, Person

ZONE = ZoneInfo("America/New_York")
TODAY = date(2026, 3, 10)  # two days after the clocks there went forward
WORDS = [
    "",
    "Oslo",
    "oslo",
    "São Paulo",
    "são",
    "Łódź",
    "50%",
    "a_b",
    "back\\slash",
    "O'Hara",
    "日本",
    "%",
    "o",
    "'; --",
]
TEXTS = st.sampled_from(WORDS[1:]) | st.text("abOÉé%_'\\ ", min_size=1, max_size=4).map(str.strip).filter(bool)
DAYS = st.dates(TODAY - timedelta(days=9), TODAY + timedelta(days=3)) | st.sampled_from(
    [date(2000, 2, 29), date(1999, 2, 28), date(1980, 3, 10), date(1981, 3, 12), date(1979, 12, 31)]
)
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -1.25, 1e6])
LOCALES = ["", "en", "EN", "en-GB", "pt_BR", "pt", "eng"]
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 12), timezones=st.just(ZoneInfo("UTC"))).map(
    lambda at: at.replace(microsecond=0)
)
LONG_AGO = st.sampled_from([29, 30, 31, 32, 89, 90, 91, 92, 364, 365, 366, 367, 400]).map(
    lambda days: datetime(2026, 3, 10, 3, tzinfo=UTC) - timedelta(days=days)
)
DEEDS_AT = st.none() | MOMENTS | LONG_AGO
DOMAINS = ["gmail.com", "b.example", "sub.a.example", "xn--mller-kva.example", "learned.example"]
FLAVOURS = ["mint", "Mint", "chalk & cheese", "日本", 'say "ah"']
SENT = {  # newest first
    "c4": datetime(2026, 3, 10, 12, tzinfo=UTC),
    "c3": datetime(2026, 3, 8, 4, 30, tzinfo=UTC),  # the evening of the 7th in New York
    "c2": datetime(2026, 2, 8, 12, tzinfo=UTC),
    "c1": datetime(2025, 1, 1, 12, tzinfo=UTC),
}
HOMES = {"learned.example": "Gmail", "b.example": "Posteo"}
KNOWN = {"Gmail": ("gmail.com",), "Posteo": (), "Other": ()}
FIELDS = {
    "city": "text",
    "visits": "number",
    "vip": "boolean",
    "joined": "date",
    "seen": "datetime",
    "likes": "multi",
}
INNER = {
    "s1": {
        "match": "any",
        "rules": [{"about": "tag", "op": "any_of", "value": ["1"]}, {"about": "field:vip", "op": "yes"}],
    },
    "s2": {
        "match": "all",
        "rules": [
            {"about": "segment", "op": "not_in", "value": "s1"},
            {"about": "activity:opened", "op": "at_least", "times": 1},
        ],
    },
}

PEOPLE = st.builds(
    Person,
    address=st.sampled_from(["ann@a.example", "bob@b.example", "cid@sub.a.example"]),
    domain=st.sampled_from(DOMAINS),
    locale=st.sampled_from(LOCALES),
    values=st.fixed_dictionaries(
        {},
        optional={
            "city": TEXTS,
            "visits": NUMBERS,
            "vip": st.booleans(),
            "joined": DAYS.map(date.isoformat),
            "seen": MOMENTS.map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            "likes": st.lists(st.sampled_from(FLAVOURS), unique=True, max_size=3),
        },
    ),
    created_at=MOMENTS,
    topics=st.dictionaries(st.sampled_from(["news", "shop"]), st.sampled_from([1, 2, 3])),
    tags=st.sets(st.sampled_from(["1", "2", "3"])),
    source=st.sampled_from(["", "import", "form", "manual"]),
    came_with=st.sampled_from(["", "i1", "i2"]),
    came_by=st.sampled_from(["", "f1"]),
    reasons=st.sets(st.sampled_from(["unsubscribed", "invalid", "house"]), max_size=2),
    agreements=st.lists(
        st.builds(
            Agreement,
            action=st.sampled_from(
                ["subscribed", "confirmed", "unsubscribed", "resubscribed", "requested", "reverted"]
            ),
            topic=st.sampled_from(["news", "shop"]),
            source=st.sampled_from(["import", "form", "manual"]),
            at=MOMENTS,
        ),
        max_size=3,
    ),
    messages=st.lists(
        st.builds(
            Message,
            campaign=st.sampled_from(list(SENT)),
            state=st.sampled_from([1, 4, 10, 10, 11, 12, 20, 21, 30, 31]),
            opened=DEEDS_AT,
            clicked=DEEDS_AT,
            unsubscribed=DEEDS_AT,
            complained=st.none(),
        ),
        max_size=4,
        unique_by=lambda message: message.campaign,
    ),
)


def catalogue(*, organization=0, topics=None, tags=None, imports=None, forms=None, campaigns=None) -> Catalogue:
    """With the ids of rows that were made for it, or any."""

    def things(given, names):
        return {name: Thing((given or {}).get(name, n), f"The {name}") for n, name in enumerate(names, 1)}

    return Catalogue(
        organization=organization,
        kinds=FIELDS,
        labels={key: key.title() for key in FIELDS},
        topics=things(topics, ["news", "shop"]),
        tags=things(tags, ["1", "2", "3"]),
        imports=things(imports, ["i1", "i2"]),
        forms=things(forms, ["f1"]),
        campaigns={
            name: Send((campaigns or {}).get(name, n), name, at) for n, (name, at) in enumerate(SENT.items(), 1)
        },
        segments={name: Inner(f"Segment {name}", definition) for name, definition in INNER.items()},
        providers=KNOWN,
        mail=FACTS,
    )


def value_for(kind, op):
    if op in tree.NO_VALUE:
        return st.none()
    named = {
        "topic": ["news", "shop"],
        "import": ["i1", "i2"],
        "form": ["f1"],
        "segment": list(INNER),
        "provider": list(KNOWN),
    }
    if kind in named:
        return st.sampled_from(named[kind])
    if kind == "source":
        return st.sampled_from(tree.SOURCES)
    if kind == "tag":
        return st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=3)
    if kind == "suppressed":
        return st.lists(st.sampled_from(tree.REASONS), min_size=1, max_size=3)
    if kind == "score":
        return st.sampled_from([0, 1, 2, 5, 10, 15, 30, 40, 99, 100]) | st.integers(0, 100)
    if op in tree.DAYS_VALUE:
        return st.integers(1, 12) | st.sampled_from(["7", 364, 400])
    if kind == "number":
        return NUMBERS | NUMBERS.map(str)
    if kind in ("day", "moment", "created"):
        if op == "between":
            return st.tuples(DAYS, DAYS).map(lambda two: [day.isoformat() for day in sorted(two)])
        return DAYS.map(date.isoformat)
    if kind == "multi":
        return st.lists(st.sampled_from(FLAVOURS), min_size=1, max_size=3)
    one = st.sampled_from(LOCALES[1:]) if kind == "language" else TEXTS
    if kind == "domain":
        one = st.sampled_from(["gmail.com", "B.example", "xn--mller-kva.example", "a", "."])
    return st.lists(one, min_size=1, max_size=3) if op == "one_of" else one


WHEN = st.one_of(
    st.just({}),
    st.just({"when": "ever"}),
    st.builds(
        lambda how, days: {"when": how, "days": days},
        st.sampled_from(["within", "ago"]),
        st.sampled_from([1, 2, 30, "90"]),
    ),
    st.tuples(DAYS, DAYS).map(
        lambda two: {"when": "between", "from": min(two).isoformat(), "to": max(two).isoformat()}
    ),
)
ACTIVITIES = st.builds(
    lambda deed, op, times, which, when: (
        {"about": f"activity:{deed}", "op": op}
        | ({} if op == "never" else {"times": max(times, int(op == "at_least"))})
        | which
        | when
    ),
    st.sampled_from(tree.DEEDS),
    st.sampled_from(tree.OPS["activity"]),
    st.integers(0, 3),
    st.one_of(
        st.just({}),
        st.sampled_from(list(SENT)).map(lambda name: {"campaign": name}),
        st.integers(1, 3).map(lambda n: {"latest": n}),
    ),
    WHEN,
)
CONSENTS = st.builds(
    lambda op, topic, source, when: {"about": "consent", "op": op} | topic | source | when,
    st.sampled_from(tree.OPS["consent"]),
    st.just({}) | st.sampled_from(["news", "shop"]).map(lambda name: {"topic": name}),
    st.just({})
    | st.lists(st.sampled_from(tree.CONSENT_SOURCES), min_size=1, max_size=2).map(lambda names: {"source": names}),
    WHEN,
)
ABOUT = {f"field:{key}": tree.KIND_OF_FIELD[kind] for key, kind in FIELDS.items()} | tree.BUILT_IN
CONDITIONS = st.one_of(
    ACTIVITIES,
    CONSENTS,
    *(
        value_for(kind, op).map(
            lambda value, about=about, op=op: {"about": about, "op": op} | ({} if value is None else {"value": value})
        )
        for about, kind in ABOUT.items()
        if kind != "consent"
        for op in tree.OPS[kind]
    ),
)
GROUPS = st.recursive(
    CONDITIONS,
    lambda rules: st.builds(
        lambda match, rules: {"match": match, "rules": rules},
        st.sampled_from(tree.MATCHES),
        st.lists(rules, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def _depth(node) -> int:
    return 1 + max(map(_depth, node.get("rules", ())), default=0)


DEFINITIONS = GROUPS.map(lambda node: node if "rules" in node else {"match": "all", "rules": [node]}).filter(
    lambda node: _depth(node) <= tree.MAX_DEPTH
)
