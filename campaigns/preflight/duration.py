"""How long it will take, by mailbox provider: each lets us have so many connections at once, whoever else waits.

An estimate: a connection carries about `A_SECOND` messages a second, and nothing else is being sent.
"""

from campaigns.preflight.facts import Done, Facts, Load
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
    parts = ", ".join(f"{_name(load)} {words(each)} ({load.people:,})" for each, load in times[:MOST_NAMED])
    spread = f" It is spread over {words(facts.spread_minutes * 60)}." if facts.spread_minutes else ""
    done = facts.done
    if done is not None and done.is_warming:
        return _by_budget(done)
    end = f" Sent now, it is done {done.words} ({done.zone})." if done is not None else ""
    said = f"About {words(whole)} if nobody slows us down: {parts}.{spread}{end}"
    if times[0][0] > LONG:
        return Result(
            NAME, TITLE, "warn", said, "What is said of today is out of date by then. Send it in parts.", "audience"
        )
    return Result(NAME, TITLE, "pass", said, place="audience")


def _by_budget(done: Done) -> Result:
    """The addresses that it leaves from are new to a provider, so only so many may leave in a day."""
    to = done.provider if done.provider.startswith("all ") else _other(done.provider)
    said = (
        f"It will be done {done.words} ({done.zone}), if every day goes well and nothing else is sent: the addresses that it "
        f"leaves from are being warmed up, and may send {done.a_day:,} a day to {to} for now ({done.today or 0:,} still today). "
        "Who reads and clicks most gets it first."
    )
    if not done.days:
        return Result(NAME, TITLE, "pass", said, place="audience")
    fix = "Send it in parts, or to fewer people first."
    if done.may_overflow:
        fix = "Send it in parts, or let the rest go by the shared addresses (Deliverability, Addresses, Warm-up)."
    return Result(NAME, TITLE, "warn", said, fix, "audience")


def _name(load: Load) -> str:
    return load.provider if load.is_known else "the largest other domain"


def _other(provider: str) -> str:
    return "all other providers together" if provider == "Other" else provider


def a_second(load: Load, *, together: bool = False) -> float:
    """Messages a second that a provider is guessed to take; of unknown ones the largest, or all of them `together`."""
    pace = max(1, load.connections) * A_SECOND
    return pace * (load.together / max(1, load.people)) if together and load.together else pace


def seconds(load: Load) -> float:
    """How long one provider takes."""
    return load.people / a_second(load)


def words(amount: float) -> str:
    """A length of time as one says it."""
    if amount < 90:
        return "a minute" if amount > 20 else "a few seconds"
    if amount < 5400:
        return f"{round(amount / 60)} minutes"
    if amount < 36 * 3600:
        return f"{round(amount / 3600)} hours"
    return f"{round(amount / 86400)} days"
