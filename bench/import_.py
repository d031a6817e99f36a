"""How fast a list comes in: a file of a million people with ten columns, from upload to applied, against bare SQL.

It comes into an organization that has a million people already, a tenth of the file among them with another city. The bare
side is what no import can do without: COPY of the same file into a plain table, and one INSERT ... SELECT into every table
that the import writes (staged rows, people, how changed ones were, subscriptions, proofs of consent), with their indexes.
The product reads, judges, types, plans, and applies in batches that survive a kill. Each round begins with the same tables.
"""

import os
import time
from pathlib import Path
from statistics import median

from bench import house as houses
from bench import report as default_report
from bench.house import CHECKOUT, House
from posthouse.up.postgres import DATABASE, LOGIN_ROLE

PEOPLE = int(os.environ.get("BENCH_IMPORT_PEOPLE", "1000000"))
THERE = int(os.environ.get("BENCH_IMPORT_THERE", str(PEOPLE)))  # before the file comes
KNOWN = PEOPLE // 10  # of the file
ROUNDS = int(os.environ.get("BENCH_IMPORT_ROUNDS", "1"))
TARGET = 2.5
MOST_MB = 300
SEEDED = "posthouse_bench_import"
HERE = CHECKOUT / "bench"
HEADER = ("Email", "First name", "Last name", "Language", "City", "Visits", "Joined", "VIP", "Shoe size", "Member")
FIRST = ("Ann", "Zoë", "José", "Łukasz", "Mia", "Søren", "Chloé", "Ben", "Ayşe", "Tom", "Ida", "Noé")
LAST = ("Lee", "Müller", "García", "Nowak", "Smith", "Jensen", "Dubois", "O'Hara", "Yılmaz", "Fox", "Berg")
CITIES = (
    "Oslo",
    "Köln",
    "Málaga",
    "Łódź",
    "Leeds",
    "Århus",
    "Lyon",
    "Cork",
    "İzmir",
    "Bath",
    "Bergen",
    "Graz",
    "Porto",
)
DOMAINS = ("gmail.com", "outlook.com", "yahoo.com", "gmx.example", "web.example", "icloud.com", "post.example")

BARE = (
    """INSERT INTO contacts_importrow (organization_id, source_id, line, address, address_key, domain, locale, "values",
                                      verdict, problem, raw)
       SELECT {org}, 1, row_number() OVER (), email, lower(email), split_part(lower(email), '@', 2), language, facts, 1, '', ''
       FROM {list}""",
    """INSERT INTO contacts_importchange (organization_id, source_id, contact_id, before, after, locale_before, locale_after)
       SELECT {org}, 1, c.id, jsonb_build_object('city', c."values" -> 'city'), jsonb_build_object('city', r."values" -> 'city'),
              c.locale, r.locale
       FROM contacts_importrow r JOIN contacts_contact c ON c.organization_id = {org} AND c.address_key = r.address_key""",
    """INSERT INTO contacts_contact AS c (organization_id, address, address_key, domain, locale, "values", source, import_id,
                                         created_at, updated_at)
       SELECT {org}, address, address_key, domain, locale, "values", 'import', 1, now(), now() FROM contacts_importrow
       ON CONFLICT (organization_id, address_key) DO UPDATE
       SET "values" = c."values" || excluded."values", updated_at = now()""",
    """INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
       SELECT {org}, c.id, (SELECT min(id) FROM contacts_topic), 1, now()
       FROM contacts_importrow r JOIN contacts_contact c ON c.organization_id = {org} AND c.address_key = r.address_key""",
    """INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent,
                                          about)
       SELECT {org}, contact_id, topic_id, 'subscribed', now(), 'import', 'They asked for it (consent). Shop: Yes.', '', 'import'
       FROM contacts_subscription""",
)
FACTS = """jsonb_build_object('first_name', "First name", 'last_name', "Last name", 'city', "City", 'visits', "Visits"::int,
           'joined', "Joined", 'vip', "VIP" = 'yes', 'shoe_size', "Shoe size"::numeric, 'member', "Member")"""
SEED = """
    INSERT INTO contacts_contact (organization_id, address, address_key, domain, locale, "values", source, created_at, updated_at)
    SELECT %(org)s, a, a, split_part(a, '@', 2), 'en',
           jsonb_build_object('first_name', (%(first)s::text[])[1 + i %% 12], 'last_name', (%(last)s::text[])[1 + i %% 11],
                              'city', 'Elsewhere', 'visits', i %% 997, 'member', 'M' || lpad(i::text, 8, '0')),
           'import', now(), now()
    FROM (SELECT i, 'person.' || (i * 7919 %% 100000007) || '@' || (%(domains)s::text[])[1 + i %% 7] AS a
          FROM generate_series(%(begin)s::bigint, %(end)s::bigint - 1) i) listed"""


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    with houses.private("bench-import") as house:
        path = house.here.var / f"people-{PEOPLE}.csv"
        write_list(path)
        organization = seed(house)
        imported, bare, memory = [], [], []
        for number in range(1, ROUNDS + 1):
            restore(house)
            bare.append(run_bare(house, path, organization))
            report.say(f"round {number}: bare {bare[-1]:.1f} s")
            restore(house)
            answer = house.script(HERE / "import_running.py", str(path), str(organization))
            due = {"people": PEOPLE + THERE - KNOWN, "proofs": PEOPLE, "changes": KNOWN}
            if any(int(str(answer[name])) != n for name, n in due.items()):
                raise RuntimeError(f"{due} were due, and this came: {answer}")
            imported.append(float(str(answer["seconds"])))
            memory.append(float(str(answer["megabytes"])))
            report.say(f"round {number}: imported in {imported[-1]:.1f} s ({answer['phases']}), {memory[-1]:.0f} MB")
        what = f"{PEOPLE:,} rows of 10 columns into an organization of {THERE:,}, {KNOWN:,} of them known"
        report.emit(
            "import.copy_ratio",
            median(imported) / median(bare),
            "times",
            f"bare COPY + INSERT ... SELECT into the five tables: {median(bare):.1f} s; {what}: "
            f"{median(imported):.1f} s ({PEOPLE / median(imported):,.0f} rows/s)",
            TARGET,
            "lower",
        )
        report.emit("import.worker_mb", max(memory), "MB", f"most that the worker held, {what}", MOST_MB, "lower")
    return 0


def seed(house: House) -> int:
    """A database with an organization that has people already, kept as a copy to begin each round from; its id."""
    house.empty()
    organization = int(str(house.script(HERE / "import_running.py")["organization"]))
    begin = PEOPLE - KNOWN
    with house.connect() as connection:
        connection.execute(
            SEED,
            {
                "org": organization,
                "first": list(FIRST),
                "last": list(LAST),
                "domains": list(DOMAINS),
                "begin": begin,
                "end": begin + THERE,
            },
        )
        connection.execute("VACUUM ANALYZE contacts_contact")
    _copy(house, DATABASE, SEEDED)
    return organization


def restore(house: House) -> None:
    _copy(house, SEEDED, DATABASE)


def _copy(house: House, source: str, target: str) -> None:
    with house.postgres.connect("postgres") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [source],
        )
        connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {target} OWNER {LOGIN_ROLE} TEMPLATE {source}")
        connection.execute("CHECKPOINT")


def write_list(path: Path) -> None:
    """The file, the same each time; made once."""
    if path.exists():
        return
    half = path.with_suffix(".half")
    with half.open("w", encoding="utf-8", newline="\r\n") as file:
        file.write(",".join(HEADER) + "\n")
        for i in range(PEOPLE):
            first, last, city = FIRST[i % 12], LAST[i % 11], CITIES[i % 13]
            address = f"person.{i * 7919 % 100_000_007}@{DOMAINS[i % 7]}"
            day = f"20{10 + i % 16}-{1 + i % 12:02d}-{1 + i % 28:02d}"
            vip, size = ("yes" if i % 9 == 0 else "no"), f"{36 + i % 11}.5"
            file.write(
                f"{address},{first},{last},{'en' if i % 3 else 'de'},{city},{i % 997},{day},{vip},{size},M{i:08d}\n"
            )
    half.rename(path)


def run_bare(house: House, path: Path, organization: int) -> float:
    """Seconds of the bare side: one transaction."""
    columns = ", ".join(f'"{name}" text' for name in HEADER)
    with house.connect() as connection:
        connection.autocommit = False
        connection.execute(f"CREATE TABLE bench_list ({columns})")
        connection.commit()
        began = time.monotonic()
        with (
            connection.cursor().copy("COPY bench_list FROM STDIN (FORMAT csv, HEADER)") as copy,
            path.open("rb") as file,
        ):
            while piece := file.read(1 << 20):
                copy.write(piece)
        source = f'(SELECT "Email" AS email, "Language" AS language, {FACTS} AS facts FROM bench_list) listed'
        for statement in BARE:
            connection.execute(statement.format(org=organization, list=source))
        connection.commit()
        return time.monotonic() - began
