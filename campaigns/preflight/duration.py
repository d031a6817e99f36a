"""How long it will take, by mailbox provider: each lets us have so many connections at once, whoever else waits.

An estimate: a connection carries about `A_SECOND` messages a second, and nothing else is being sent.
"""

from campaigns.preflight.facts import Facts, Load
from campaigns.preflight.results import Result

NAME, TITLE = "duration", "How long it takes"
A_SECOND = 2.0
LONG = 24 * 3600
MOST_NAMED = 4


def check(facts: Facts) -> Result:
    if facts.audience is None or facts.loads is None:
        return Result(
            NAME, TITLE, "unknown", "The audience could not be counted.", "Look again later.", "audience", optional=True
        )
    times = sorted(((seconds(load), load) for load in facts.loads if load.people), key=lambda each: -each[0])
    if not times:
        return Result(
            NAME, TITLE, "unknown", "There is nobody to send it to.", "Choose other people.", "audience", optional=True
        )
    whole = max(times[0][0], facts.spread_minutes * 60)
    parts = ", ".join(f"{load.provider} {words(each)} ({load.people:,})" for each, load in times[:MOST_NAMED])
    spread = f" It is spread over {words(facts.spread_minutes * 60)}." if facts.spread_minutes else ""
    said = f"About {words(whole)} if nobody slows us down: {parts}.{spread}"
    if times[0][0] > LONG:
        return Result(
            NAME, TITLE, "warn", said, "What is said of today is out of date by then. Send it in parts.", "audience"
        )
    return Result(NAME, TITLE, "pass", said, place="audience")


def seconds(load: Load) -> float:
    """How long one provider takes."""
    return load.people / (max(1, load.connections) * A_SECOND)


def words(amount: float) -> str:
    """A length of time as one says it."""
    if amount < 90:
        return "a minute" if amount > 20 else "a few seconds"
    if amount < 5400:
        return f"{round(amount / 60)} minutes"
    if amount < 36 * 3600:
        return f"{round(amount / 3600)} hours"
    return f"{round(amount / 86400)} days"
