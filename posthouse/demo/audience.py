"""The demo's people in the database: contacts, fields, topics, subscriptions with their proof, segments, the do-not-send list."""

# ruff: noqa: E501  (statements)

import datetime
import json
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from accounts.models import Brand, Organization, User
from contacts.actions import segments, signup_forms, suppressions
from contacts.actions.signup_forms import Facts
from contacts.enums import ConsentAction, ConsentSource, FieldKind, SubscriptionState, SuppressionReason
from contacts.models import Field, Topic
from posthouse.demo import people

PEOPLE = 20_000
LEFT = 350  # who were here once and left the weekly letter
YOU = "you@inbox.example"
BASIS = "Ticked “Send me the weekly letter” at the till or on copperkettle.example"

FIELDS: tuple[tuple[str, str, FieldKind, list[str]], ...] = (
    ("first_name", "First name", FieldKind.TEXT, []),
    ("last_name", "Last name", FieldKind.TEXT, []),
    ("city", "City", FieldKind.TEXT, []),
    ("favourite", "Favourite drink", FieldKind.CHOICE, list(people.DRINKS)),
    ("visits", "Visits", FieldKind.NUMBER, []),
    ("member_since", "Here since", FieldKind.DATE, []),
    ("loyalty_card", "Loyalty card", FieldKind.BOOLEAN, []),
)
SEGMENTS = (
    ("Espresso people", {"match": "all", "rules": [{"about": "field:favourite", "op": "is", "value": "espresso"}]}),
    (
        "Regulars with a card",
        {
            "match": "all",
            "rules": [
                {"about": "field:loyalty_card", "op": "yes"},
                {"about": "field:visits", "op": "ge", "value": "5"},
            ],
        },
    ),
    (
        "German or French speakers",
        {
            "match": "any",
            "rules": [
                {"about": "language", "op": "is", "value": "de"},
                {"about": "language", "op": "is", "value": "fr"},
            ],
        },
    ),
    (
        "Opened something lately",
        {
            "match": "all",
            "rules": [{"about": "activity:opened", "op": "at_least", "times": 1, "when": "within", "days": 60}],
        },
    ),
    (
        "Got ten letters, opened none",
        {
            "match": "all",
            "rules": [
                {"about": "activity:delivered", "op": "at_least", "times": 10},
                {"about": "activity:opened", "op": "never", "when": "within", "days": 90},
            ],
        },
    ),
)


@dataclass(frozen=True)
class Topics:
    """The topics of the two brands."""

    weekly: Topic
    offers: Topic
    tea: Topic


def write(*, organization: Organization, coffee: Brand, tea: Brand, actor: User) -> Topics:
    """Everybody, in the organization's scope."""
    for position, (key, label, kind, choices) in enumerate(FIELDS):
        Field.objects.get_or_create(
            organization=organization,
            key=key,
            defaults={"label": label, "kind": kind, "choices": choices, "position": position},
        )
    topics = Topics(
        weekly=Topic.objects.create(
            organization=organization,
            brand=coffee,
            name="Weekly letter",
            description="On Sundays: beans, brewing, news from the shop.",
            double_opt_in=True,
        ),
        offers=Topic.objects.create(
            organization=organization, brand=coffee, name="Offers", description="At most twice a month."
        ),
        tea=Topic.objects.create(
            organization=organization, brand=tea, name="Tea post", description="Four times a year, with each harvest."
        ),
    )
    for name, definition in SEGMENTS:
        segments.save(organization=organization, segment=None, name=name, definition=definition, actor=actor)
    _form(organization, coffee, topics, actor)
    _copy_contacts(organization)
    _subscribe(organization, topics)
    _suppress(organization, actor)
    return topics


def _form(organization: Organization, brand: Brand, topics: Topics, actor: User) -> None:
    """On the shop's site and, as a QR code, beside the till."""
    signup_forms.create(
        organization=organization,
        brand=brand,
        facts=Facts(
            name="Website and till",
            topic_ids=[topics.weekly.pk, topics.offers.pk],
            lets_choose=True,
            title="Good coffee by mail",
            intro="A letter on Sundays: what is fresh, how to brew it, and what goes on in the shop.",
            fields=[{"key": "first_name", "required": False}, {"key": "favourite", "required": False}],
        ),
        actor=actor,
    )


def _copy_contacts(organization: Organization) -> None:
    """By way of a temporary table: COPY does not write to tables with row-level security."""
    everybody = list(people.invent(PEOPLE + LEFT - 1))
    you = people.Person(
        YOU, "inbox.example", "en", {"first_name": "You", "city": "Here", "favourite": "espresso"}, people.TODAY
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE demo_person (n int, address text, domain text, values jsonb, locale text, at timestamptz) ON COMMIT DROP"
        )
        with cursor.copy("COPY demo_person FROM STDIN") as copy:
            for n, person in enumerate((*everybody[: PEOPLE - 1], you, *everybody[PEOPLE - 1 :])):
                at = datetime.datetime.combine(person.joined, datetime.time(9, 30), datetime.UTC)
                copy.write_row((n, person.address, person.domain, json.dumps(person.values), person.locale, at))
        cursor.execute(
            """
            INSERT INTO contacts_contact (organization_id, address, address_key, domain, values, locale, source, created_at, updated_at)
            SELECT %s, address, address, domain, values, locale, 'import', at, at FROM demo_person ORDER BY n
            """,
            [organization.pk],
        )


def _subscribe(organization: Organization, topics: Topics) -> None:
    """Everybody to the weekly letter (the last LEFT of them have left it), a third to the offers, a tenth to the tea."""
    subscribed, left = SubscriptionState.SUBSCRIBED, SubscriptionState.UNSUBSCRIBED
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMPORARY TABLE demo_subscription ON COMMIT DROP AS
            WITH c AS (
                SELECT id, created_at, row_number() OVER (ORDER BY id) AS n FROM contacts_contact WHERE organization_id = %(org)s
            )
            SELECT c.id AS contact_id, t.topic_id, c.created_at AS joined_at,
                   CASE WHEN t.topic_id = %(weekly)s AND c.n > %(people)s THEN c.created_at + (%(now)s - c.created_at) * 0.6 END AS left_at
            FROM c CROSS JOIN LATERAL (
                VALUES (%(weekly)s::bigint, true), (%(offers)s, c.n %% 3 = 0), (%(tea)s, c.n %% 10 = 0)
            ) t (topic_id, wanted)
            WHERE t.wanted
            """,
            {
                "org": organization.pk,
                "weekly": topics.weekly.pk,
                "offers": topics.offers.pk,
                "tea": topics.tea.pk,
                "people": PEOPLE,
                "now": now,
            },
        )
        cursor.execute(
            """
            INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
            SELECT %s, contact_id, topic_id, CASE WHEN left_at IS NULL THEN %s ELSE %s END, coalesce(left_at, joined_at)
            FROM demo_subscription
            """,
            [organization.pk, subscribed, left],
        )
        cursor.execute(
            """
            INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent, about)
            SELECT %(org)s, contact_id, topic_id, %(joined)s, joined_at, %(till)s, %(basis)s, '', '' FROM demo_subscription
            UNION ALL
            SELECT %(org)s, contact_id, topic_id, %(left)s, left_at, %(page)s, 'Unsubscribed from the weekly letter', '', ''
            FROM demo_subscription WHERE left_at IS NOT NULL
            """,
            {
                "org": organization.pk,
                "joined": ConsentAction.SUBSCRIBED,
                "left": ConsentAction.UNSUBSCRIBED,
                "till": ConsentSource.IMPORT,
                "page": ConsentSource.PAGE,
                "basis": BASIS,
            },
        )


def _suppress(organization: Organization, actor: User) -> None:
    """Some of the twenty thousand may not get marketing mail, each for a reason of another kind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address_key FROM contacts_contact WHERE organization_id = %s ORDER BY md5(address_key) LIMIT 240",
            [organization.pk],
        )
        keys = [key for (key,) in cursor.fetchall() if key != YOU]
    for reason, source, evidence, chosen in (
        (SuppressionReason.UNSUBSCRIBED, "one_click", "One-click unsubscribe", keys[:120]),
        (SuppressionReason.COMPLAINED, "complaint", "abuse report by PosthouseSandbox/1", keys[120:140]),
        (SuppressionReason.INVALID, "relay", "550 5.1.1 there is no such person here", keys[140:200]),
        (SuppressionReason.IMPORTED, "import", "The do-not-send list of the earlier service", keys[200:]),
    ):
        suppressions.suppress_many(
            organization=organization, keys=chosen, reason=reason, source=source, evidence=evidence
        )
    suppressions.suppress(
        organization=organization, address="landlord@plainfield.example", reason=SuppressionReason.MANUAL, source="member",
        evidence="Asked by phone never to be written to.", actor=actor,
    )  # fmt: skip
