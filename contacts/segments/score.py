"""The engagement score of a person, 0 to 100, from what people (not machines) did with the last year's campaigns.

Each campaign that they opened gives points, and each that they clicked in gives three times as many. The younger, the
more: 10 and 30 points within the last 30 days, 5 and 15 within 90, 2 and 6 within 365, none after. The sum is cut at 100:
who opened the four weekly letters of a month and clicked in two of them has it.
"""

from datetime import timedelta

from contacts.segments.clock import Clock
from contacts.segments.sql import Sql

FULL = 100
WEIGHTS = ((30, 10, 30), (90, 5, 15), (365, 2, 6))  # within so many days: points of an open, of a click
DAYS = WEIGHTS[-1][0]


def since(clock: Clock, days: int = DAYS) -> object:
    """The moment from which on a deed counts."""
    return clock.start_of(clock.today - timedelta(days=days))


def of_rows(opened: str, clicked: str, clock: Clock) -> Sql:
    """The score as an aggregate over a person's rows with these two columns of times."""
    text, params = [], []
    for column, which in ((opened, 1), (clicked, 2)):
        cases = []
        for weight in WEIGHTS:
            cases.append(f"WHEN {column} >= %s THEN {weight[which]}")
            params.append(since(clock, weight[0]))
        text.append(f"CASE {' '.join(cases)} ELSE 0 END")
    return Sql(f"least({FULL}, coalesce(sum({' + '.join(text)}), 0))", tuple(params))
