"""How fast a list comes in: a file of a million people with ten columns, from upload to applied, against bare SQL.

The bare side is what no import can do without: COPY of the same file into a plain table, and one INSERT ... SELECT into
every table that the import writes (staged rows, people, subscriptions, proofs of consent), with their indexes. The
product reads, judges, types, plans, and applies in batches that survive a kill. Each round begins with empty tables.
"""

import os
import time
from pathlib import Path
from statistics import median

from bench import house as houses
from bench import report as default_report
from bench.house import CHECKOUT, House

PEOPLE = int(os.environ.get("BENCH_IMPORT_PEOPLE", "1000000"))
ROUNDS = int(os.environ.get("BENCH_IMPORT_ROUNDS", "1"))
TARGET = 4.0
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
       SELECT 1, 1, row_number() OVER (), email, lower(email), split_part(lower(email), '@', 2), language, facts, 1, '', ''
       FROM bench_list""",
    """INSERT INTO contacts_contact (organization_id, address, address_key, domain, locale, "values", source, import_id,
                                    created_at, updated_at)
       SELECT 1, address, address_key, domain, locale, "values", 'import', 1, now(), now() FROM contacts_importrow""",
    """INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
       SELECT 1, id, (SELECT min(id) FROM contacts_topic), 1, now() FROM contacts_contact""",
    """INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent,
                                          about)
       SELECT 1, contact_id, topic_id, 'subscribed', now(), 'import', 'They asked for it (consent). Shop: Yes.', '', 'import'
       FROM contacts_subscription""",
)
FACTS = """jsonb_build_object('first_name', "First name", 'last_name', "Last name", 'city', "City", 'visits', "Visits"::int,
           'joined', "Joined", 'vip', "VIP" = 'yes', 'shoe_size', "Shoe size"::numeric, 'member', "Member")"""


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    with houses.private("bench-import") as house:
        path = house.here.var / f"people-{PEOPLE}.csv"
        write_list(path)
        imported, bare = [], []
        for number in range(1, ROUNDS + 1):
            house.empty()
            bare.append(run_bare(house, path))
            report.say(f"round {number}: bare {bare[-1]:.1f} s")
            house.empty()
            answer = house.script(HERE / "import_running.py", str(path))
            if int(str(answer["people"])) != PEOPLE or int(str(answer["proofs"])) != PEOPLE:
                raise RuntimeError(f"{answer['people']} of {PEOPLE} people came in, with {answer['proofs']} proofs.")
            imported.append(float(str(answer["seconds"])))
            report.say(f"round {number}: imported in {imported[-1]:.1f} s ({answer['phases']})")
        report.emit(
            "import.copy_ratio",
            median(imported) / median(bare),
            "times",
            f"bare COPY + INSERT ... SELECT of {PEOPLE:,} rows into the four tables: {median(bare):.1f} s; "
            f"imported in {median(imported):.1f} s ({PEOPLE / median(imported):,.0f} rows/s)",
            TARGET,
            "lower",
        )
    return 0


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


def run_bare(house: House, path: Path) -> float:
    """Seconds of the bare side: one transaction."""
    house.script(HERE / "import_running.py")
    columns = ", ".join(f'"{name}" text' for name in HEADER)
    with house.connect() as connection:
        connection.autocommit = False
        connection.execute("DROP TABLE IF EXISTS bench_list")
        connection.execute(f"CREATE TABLE bench_list ({columns})")
        organization = connection.execute("SELECT min(organization_id) FROM contacts_topic").fetchone()
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
            ours = statement.replace("SELECT 1,", f"SELECT {organization[0]},", 1)  # type: ignore[index]
            connection.execute(ours.replace("FROM bench_list", f"FROM {source}"))
        connection.commit()
        seconds = time.monotonic() - began
        connection.execute("DROP TABLE bench_list")
        connection.commit()
    return seconds
