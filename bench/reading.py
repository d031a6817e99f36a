"""How long a marketer waits for the pages about a send to a million people, and for the list of ten thousand campaigns.

`report.page_p95_ms`: the report and its live part, by turns, through the product's own views as the web's role. The send is on
its way: some wait for their servers, some tallies are not folded yet, people have opened and clicked for days.
`campaigns.list_p95_ms`: the first and the last page, a search by words, a filter by tag.
"""

import contextlib
import os

from bench import crowd
from bench import report as default_report
from bench.house import CHECKOUT, House

PEOPLE = int(os.environ.get("BENCH_READING_PEOPLE", str(crowd.PEOPLE)))
CAMPAIGNS = int(os.environ.get("BENCH_READING_CAMPAIGNS", "10000"))
ROUNDS = int(os.environ.get("BENCH_READING_ROUNDS", "40"))
P95 = 200
ASKING = CHECKOUT / "bench" / "reading_asking.py"

# The crowd's one send as it would be in the middle: retried messages, hits of people by link, and by the time of day.
ON_ITS_WAY = (
    """
    UPDATE sending_delivery SET state = 3, reason = (ARRAY['rate_limit','mailbox_full','greylisted'])[1 + id %% 3],
           code = '451 4.7.1', due_at = now() + interval '1 hour', attempts = 1
    WHERE mailing_id = %(mailing)s AND state = 10 AND id %% 25 = 0
      AND NOT EXISTS (SELECT FROM sending_engagement e WHERE e.delivery_id = sending_delivery.id)
    """,
    "UPDATE sending_lane SET open = true WHERE mailing_id = %(mailing)s",
    "UPDATE sending_mailing SET finished_at = NULL WHERE id = %(mailing)s",
    "UPDATE campaigns_campaign SET state = 'sending', finished_at = NULL WHERE mailing_id = %(mailing)s",
)
LAST_TALLIES = """
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT %(organization)s, %(mailing)s, 0, (ARRAY['Gmail','Yahoo','Other'])[1 + n %% 3], k.kind, -1, k.one, now()
    FROM generate_series(1, 2000) n CROSS JOIN (VALUES (1, 1), (130, 1)) k(kind, one)
"""
MANY = """
    INSERT INTO campaigns_campaign (organization_id, public_id, brand_id, name, state, subject, preheader, from_name, from_local,
        reply_to, kind, parent_people, utm, tags, notes, is_public, in_their_zone, spread_minutes, undo_minutes, canary, test,
        accepted_warnings, created_at, updated_at, problem)
    SELECT organization_id, 'b' || n, brand_id, 'Letter ' || n || ' about ' || (ARRAY['kettles','tea','beans'])[1 + n %% 3],
           'draft', 'News of week ' || n, '', '', '', '', 'regular', '[]', '{}',
           jsonb_build_array((ARRAY['spring','members','offers','press'])[1 + n %% 4], 'y' || n / 500), repeat('A note. ', 20),
           false, false, 0, 5, '{}', '{}', '[]', now(), now(), ''
    FROM campaigns_campaign, generate_series(1, %(campaigns)s) n WHERE mailing_id = %(mailing)s
"""


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    home = House(CHECKOUT / "var" / "bench-reading")
    with contextlib.closing(home.open()):
        made = crowd.fill(home, people=PEOPLE, deliveries=PEOPLE, mailings=1)
        values = {"mailing": made.mailings[0], "organization": made.organization, "campaigns": CAMPAIGNS}
        with home.connect() as connection:
            connection.autocommit = True
            for statement in (*ON_ITS_WAY, MANY):
                connection.execute(statement, values)
        home.manage("rebuild_totals")
        with home.connect() as connection:
            connection.autocommit = True
            connection.execute(LAST_TALLIES, values)
            connection.execute("VACUUM ANALYZE")
        asked = home.script(ASKING, made.public_id, str(ROUNDS))
    size = f"{made.deliveries:,} recipients, {made.engagements:,} of whom did something, {asked['retrying']:,} retried"
    for name, what in (("report.page_p95_ms", "report"), ("campaigns.list_p95_ms", "list")):
        found = asked[what]
        report.emit(
            name,
            found["p95"],
            "ms",
            f"{found['requests']} requests, median {found['median']:.0f} ms, slowest {found['slowest']:.0f} ms; "
            + (size if what == "report" else f"{CAMPAIGNS:,} campaigns"),
            P95,
            "lower",
        )
    return 0
