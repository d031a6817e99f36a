"""A crowd to measure lists, search and segments on: one organization's people, and what they were sent and did with it.

1,000,000 people and 10,000,000 deliveries in a few minutes, by INSERT ... SELECT inside of the server as its superuser,
without the big tables' indexes and foreign keys, which are made and hold afterwards. Everything is arithmetic on the
person's number: the same crowd each time. It stays under var/bench-crowd for the next benchmark.

    with crowd.house(people=1_000_000, deliveries=10_000_000) as (house, facts): ...

By hand: `python -m bench.crowd PEOPLE DELIVERIES`.
"""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bench import report
from bench.house import CHECKOUT, House

if TYPE_CHECKING:
    import psycopg

PEOPLE, DELIVERIES, MAILINGS = 1_000_000, 10_000_000, 40
NAME = "bench-crowd"
STALE = 3  # days after which "within the last 30 days" would be about too few
VERSION = 2  # of the SQL below
BIG = (
    *(
        "contacts_contact",
        "contacts_subscription",
        "contacts_consentrecord",
        "contacts_tagging",
        "contacts_suppression",
    ),
    *("sending_lane", "sending_delivery", "sending_engagement", "sending_tally"),
)
HOMES = (  # domain, provider as providers.toml calls it, share of the people in percent
    ("gmail.com", "Gmail", 38),
    ("outlook.com", "Outlook.com", 9),
    ("hotmail.com", "Outlook.com", 7),
    ("yahoo.com", "Yahoo", 8),
    ("icloud.com", "iCloud", 6),
    ("gmx.de", "GMX and WEB.DE", 4),
    ("web.de", "GMX and WEB.DE", 3),
    ("orange.fr", "Orange", 3),
)
SMALL_HOMES = 1_000  # companies' own domains: a third of them at Microsoft 365, the others elsewhere


@dataclass(frozen=True)
class Crowd:
    """What is there: counts, and the ids that a benchmark asks about. `first` is the id of the first person."""

    people: int
    deliveries: int
    engagements: int
    organization: int
    public_id: str
    owner: int
    first: int
    topics: list[int]
    tags: list[int]
    mailings: list[int]


@contextlib.contextmanager
def house(
    *, people: int = PEOPLE, deliveries: int = DELIVERIES, mailings: int = MAILINGS
) -> Iterator[tuple[House, Crowd]]:
    """An open house with a crowd of that size, made anew when the kept one is another or old. Leave it as you found it."""
    wanted = [VERSION, people, deliveries, mailings]
    home = House(CHECKOUT / "var" / NAME)
    with contextlib.closing(home.open(fresh=False)):
        found = _kept(home, wanted)
        if found is None:
            home.empty()
            found = fill(home, people=people, deliveries=deliveries, mailings=mailings)
            with home.connect() as connection:
                connection.execute("CREATE TABLE bench_crowd (wanted jsonb, made_on date, facts jsonb)")
                connection.execute(
                    "INSERT INTO bench_crowd VALUES (%s, current_date, %s)",
                    [json.dumps(wanted), json.dumps(asdict(found))],
                )
        yield home, found


def fill(home: House, *, people: int, deliveries: int, mailings: int = MAILINGS) -> Crowd:
    """Put the crowd into an empty database."""
    began = time.monotonic()
    report.say(f"a crowd of {people:,} people and about {deliveries:,} deliveries ...")
    frame = home.script(CHECKOUT / "bench" / "crowd_seeding.py", str(mailings))
    with home.connect() as connection:
        connection.autocommit = True
        for setting in ("maintenance_work_mem = '1GB'", "work_mem = '256MB'", "synchronous_commit = off"):
            connection.execute(f"SET {setting}")
        connection.execute("SET session_replication_role = replica")  # foreign keys hold by arithmetic
        taken = connection.execute("SELECT coalesce(max(id), 0) FROM contacts_contact").fetchone()
        params = {
            "organization": frame["organization"],
            "base": int(str(taken[0])) if taken else 0,
            "people": people,
            "share": round(1_000_000 * deliveries / (people * mailings)),
            "domains": [home for home, _, _ in HOMES],
            "providers": [provider for _, provider, _ in HOMES],
            "upto": [sum(share for _, _, share in HOMES[: n + 1]) for n in range(len(HOMES))],
            "small": SMALL_HOMES,
            "topics": frame["topics"],
            "tags": frame["tags"],
        }
        indexes = _without_indexes(connection)
        for statement in PERSON_SQL:
            connection.execute(statement, params)
        report.say(f"  people after {time.monotonic() - began:.0f} s")
        sent: list[int] = list(frame["mailings"])  # type: ignore[call-overload]
        for mailing in sent:
            connection.execute(LANES, params | {"mailing": mailing})
            connection.execute(DELIVERED, params | {"mailing": mailing})
        report.say(f"  deliveries after {time.monotonic() - began:.0f} s")
        for mailing in sent:
            connection.execute(ENGAGED, params | {"mailing": mailing})
        for statement in SUMS:
            connection.execute(statement, params)
        report.say(f"  what they did after {time.monotonic() - began:.0f} s")
        for statement in indexes:
            connection.execute(statement)
        connection.execute("DROP TABLE bench_person")
        connection.execute("VACUUM ANALYZE")
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM sending_delivery), (SELECT count(*) FROM sending_engagement)"
        ).fetchone()
        assert counts is not None
    report.say(f"  {counts[0]:,} deliveries, {counts[1]:,} of them seen; made in {time.monotonic() - began:.0f} s")
    return Crowd(
        people=people,
        deliveries=int(str(counts[0])),
        engagements=int(str(counts[1])),
        organization=int(str(frame["organization"])),
        public_id=str(frame["public_id"]),
        owner=int(str(frame["owner"])),
        first=int(str(params["base"])) + 1,
        topics=list(frame["topics"]),  # type: ignore[call-overload]
        tags=list(frame["tags"]),  # type: ignore[call-overload]
        mailings=sent,
    )


def _kept(home: House, wanted: list[int]) -> Crowd | None:
    with home.connect() as connection:
        there = connection.execute("SELECT to_regclass('bench_crowd')").fetchone()
        if there is None or there[0] is None:
            return None
        row = connection.execute(
            "SELECT facts FROM bench_crowd WHERE wanted = %s AND made_on > current_date - %s",
            [json.dumps(wanted), STALE],
        ).fetchone()
    return Crowd(**row[0]) if row else None  # type: ignore[arg-type]


def _without_indexes(connection: "psycopg.Connection[tuple[object, ...]]") -> list[str]:
    """Drop every index of the big tables but the primary keys; the statements that make them again."""
    again: list[str] = []
    for table in BIG:
        for name, definition in connection.execute(
            """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid = %s::regclass AND contype = 'u'""",
            [table],
        ).fetchall():
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for name, definition in connection.execute(
            """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
               WHERE i.indrelid = %s::regclass AND NOT i.indisprimary""",
            [table],
        ).fetchall():
            connection.execute(f"DROP INDEX {name}")
            again.append(str(definition))
    return again


# Chance by arithmetic: h(n, k) is a number below 1,000 that looks random, for each person n and question k.
H = "(abs(hashint8({n} * 64 + {k})::bigint) %% 1000)"


def _h(k: int, n: str = "n") -> str:
    return H.format(n=n, k=k)


PERSON_SQL = (
    f"""
    CREATE UNLOGGED TABLE bench_person AS
    SELECT n, %(base)s + n AS id, home.no AS home_no, home.domain,
           lower(first.name) || '.' || lower(translate(last.name, 'üößéñŁł', 'uosenLl')) || n || '@' || home.domain AS address,
           first.name AS first_name, last.name AS last_name, home.provider,
           {_h(1)} / 10 AS eager, {_h(2)} < 20 AS is_suppressed,
           now() - make_interval(hours => (26280 * (1 - n::float8 / %(people)s))::int) AS created_at
    FROM generate_series(1, %(people)s::bigint) n
    CROSS JOIN LATERAL (SELECT (ARRAY['Ann','Zoe','Jose','Lukas','Mia','Soren','Chloe','Ben','Ayse','Tom','Ida','Noe','Eva',
                                      'Max','Lea','Ole'])[1 + {_h(3)} %% 16] AS name) first
    CROSS JOIN LATERAL (SELECT (ARRAY['Lee','Müller','García','Nowak','Smith','Jensen','Dubois','OHara','Yilmaz','Fox','Berg',
                                      'Łuczak','Groß','Peña','Martin','Silva'])[1 + {_h(4)} %% 16] AS name) last
    CROSS JOIN LATERAL (SELECT width_bucket({_h(5)} / 10, %(upto)s::int[]) AS big) b
    CROSS JOIN LATERAL (SELECT big AS no, (%(domains)s::text[])[big + 1] AS domain,
                               (%(providers)s::text[])[big + 1] AS provider WHERE big < cardinality(%(upto)s::int[])
                        UNION ALL
                        SELECT big + small, 'firm' || small || '.example',
                               CASE WHEN small %% 3 = 0 THEN 'Microsoft 365' ELSE 'Other' END
                        FROM (SELECT abs(hashint8(n * 64 + 6)::bigint) %% %(small)s AS small) s
                        WHERE big = cardinality(%(upto)s::int[])) home
    """,
    f"""
    INSERT INTO contacts_contact (id, organization_id, address, address_key, domain, values, locale, source, archived_at,
                                  created_at, updated_at)
    SELECT id, %(organization)s, address, address, domain,
           jsonb_strip_nulls(jsonb_build_object(
               'first_name', first_name, 'last_name', last_name,
               'city', (ARRAY['Oslo','Köln','Málaga','Łódź','Lyon','Bergen','Graz','Porto','Cork','Bath'])[1 + {_h(7)} %% 10],
               'country', (ARRAY['Norway','Germany','Spain','Poland','France'])[1 + {_h(7)} %% 5],
               'birthday', CASE WHEN {_h(8)} < 600 THEN (date '1950-01-01' + (n * 7919 %% 20000)::int)::text END,
               'visits', CASE WHEN {_h(9)} < 800 THEN {_h(10)} / 20 END,
               'vip', CASE WHEN {_h(11)} < 50 THEN true END,
               'last_order', CASE WHEN {_h(12)} < 400 THEN to_char(now() AT TIME ZONE 'UTC'
                                  - make_interval(hours => (n * 31 %% 9000)::int), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END,
               'interests', CASE WHEN {_h(13)} < 500 THEN to_jsonb((ARRAY['Beans','Brewing','Tea','Chocolate','Travel'])
                                  [1 + {_h(14)} %% 3 : 1 + {_h(14)} %% 3 + {_h(15)} %% 3]) END)),
           (ARRAY['en','de','es','pl','fr'])[1 + {_h(7)} %% 5],
           (ARRAY['import','import','import','form','manual','api'])[1 + {_h(16)} %% 6],
           CASE WHEN {_h(17)} < 20 THEN now() END, created_at, created_at
    FROM bench_person ORDER BY n
    """,
    "SELECT setval(pg_get_serial_sequence('contacts_contact', 'id'), (SELECT max(id) FROM contacts_contact))",
    f"""
    INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
    SELECT %(organization)s, id, topic, CASE WHEN {_h(18)} < 40 THEN 3 WHEN {_h(19)} < 10 THEN 2 ELSE 1 END, created_at
    FROM (SELECT *, (%(topics)s::bigint[])[1] AS topic FROM bench_person WHERE {_h(20)} < 850
          UNION ALL SELECT *, (%(topics)s::bigint[])[2] FROM bench_person WHERE {_h(21)} < 350
          UNION ALL SELECT *, (%(topics)s::bigint[])[3] FROM bench_person WHERE {_h(22)} < 50) p
    """,
    f"""
    INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent, about)
    SELECT s.organization_id, s.contact_id, s.topic_id,
           CASE WHEN {_h(23, "s.contact_id")} < 200 THEN 'confirmed' ELSE 'subscribed' END,
           s.changed_at, CASE WHEN {_h(23, "s.contact_id")} < 200 THEN 'form' ELSE 'import' END, 'They asked for it.', '', ''
    FROM contacts_subscription s WHERE s.organization_id = %(organization)s
    """,
    """
    INSERT INTO contacts_tagging (organization_id, tag_id, contact_id)
    SELECT %(organization)s, tag, %(base)s + n
    FROM unnest(%(tags)s::bigint[]) WITH ORDINALITY t(tag, no)
    JOIN generate_series(1, %(people)s::bigint) n ON abs(hashint8(n * 64 + 24 + no)::bigint) %% 1000 < 200 / no
    """,
    """
    INSERT INTO contacts_suppression (organization_id, address_key, reason, marketing_only, source, evidence, about,
                                      created_at, lifted_why)
    SELECT %(organization)s, address, (ARRAY['unsubscribed','invalid','bounced','complained'])[1 + n %% 4], n %% 4 IN (0, 3),
           'relay', '', '', created_at, ''
    FROM bench_person WHERE is_suppressed
    """,
)
LANES = """
    INSERT INTO sending_lane (id, organization_id, mailing_id, domain, priority, open)
    SELECT DISTINCT ON (home_no) %(mailing)s * 10000 + home_no, %(organization)s, %(mailing)s, domain, 0, false FROM bench_person
"""
PICK = "abs(hashint8(p.n * 64 + %(mailing)s * 1000003)::bigint)"
DELIVERED = f"""
    INSERT INTO sending_delivery (organization_id, mailing_id, contact_id, occasion, lane_id, address, state, variant, attempts,
                                  due_at, reason, code, provider, created_at, changed_at)
    SELECT %(organization)s, %(mailing)s, p.id, 0, %(mailing)s * 10000 + p.home_no, p.address, o.state, 0,
           CASE WHEN o.state = 20 THEN 0 ELSE 1 END, m.sealed_at,
           CASE o.state WHEN 20 THEN 'unsubscribed' WHEN 11 THEN 'invalid' ELSE '' END,
           CASE o.state WHEN 10 THEN '250 2.0.0' WHEN 11 THEN '550 5.1.1' WHEN 12 THEN '452 4.2.2' ELSE '' END,
           CASE WHEN o.state = 20 THEN '' ELSE p.provider END, m.sealed_at,
           m.sealed_at + make_interval(secs => {PICK} %% 9000)
    FROM bench_person p JOIN sending_mailing m ON m.id = %(mailing)s
    CROSS JOIN LATERAL (SELECT CASE WHEN p.is_suppressed THEN 20 WHEN {PICK} / 7 %% 1000 < 12 THEN 11
                                    WHEN {PICK} / 7 %% 1000 < 15 THEN 12 ELSE 10 END AS state) o
    WHERE {PICK} %% 1000000 < %(share)s
"""
ENGAGED = """
    INSERT INTO sending_engagement (delivery_id, organization_id, mailing_id, contact_id, opened_at, machine_opened_at,
                                    clicked_at, unsubscribed_at, links)
    SELECT d.id, d.organization_id, d.mailing_id, d.contact_id, CASE WHEN o.opened THEN d.changed_at + o.after END,
           CASE WHEN o.machine THEN d.changed_at END,
           CASE WHEN o.opened AND o.h / 7 %% 1000 < 150 THEN d.changed_at + o.after + interval '2 minutes' END,
           CASE WHEN o.opened AND o.h / 11 %% 1000 < 4 THEN d.changed_at + o.after + interval '3 minutes' END,
           CASE WHEN o.opened AND o.h / 7 %% 1000 < 150 THEN '[0]'::jsonb ELSE '[]'::jsonb END
    FROM sending_delivery d JOIN bench_person p ON p.id = d.contact_id
    CROSS JOIN LATERAL (SELECT abs(hashint8(d.id * 64 + 63)::bigint) AS h) x
    CROSS JOIN LATERAL (SELECT x.h, p.eager >= 30 AND x.h %% 100 < p.eager * 0.6 AS opened,
                               d.provider IN ('Gmail', 'iCloud') AND x.h / 3 %% 100 < 30 AS machine,
                               make_interval(mins => (x.h / 5 %% 4000)::int) AS after) o
    WHERE d.mailing_id = %(mailing)s AND d.state = 10 AND (o.opened OR o.machine)
"""
SUMS = (
    "INSERT INTO sending_domainprovider SELECT DISTINCT domain, provider, now() FROM bench_person",
    """
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider,
           CASE state WHEN 10 THEN 3 WHEN 11 THEN 4 WHEN 12 THEN 5 ELSE 6 END, -1, count(*), now()
    FROM sending_delivery GROUP BY organization_id, mailing_id, variant, provider, state
    """,
    """
    UPDATE sending_mailing m SET audience_size = d.n
    FROM (SELECT mailing_id, count(*) AS n FROM sending_delivery GROUP BY mailing_id) d WHERE d.mailing_id = m.id
    """,
)


if __name__ == "__main__":
    with house(people=int(sys.argv[1]), deliveries=int(sys.argv[2])) as (_, made):
        print(json.dumps(asdict(made)))
