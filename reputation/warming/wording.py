"""What was decided for a day, in words: for the people whose addresses are warmed up."""

from collections.abc import Mapping

from reputation.warming.tracks import IDLE_DAYS

MOVES = {
    "started": "The first day.",
    "restarted": f"Nothing had left for {IDLE_DAYS} days, so providers have forgotten this address: it begins again.",
    "graduated": "The whole volume went well: no limit any more.",
    "free": "No limit.",
}


def why(move: str, cause: str, seen: Mapping[str, int]) -> str:
    """One sentence or two. `seen`: what the day before had, as WarmupDay keeps it."""
    if move in MOVES:
        return MOVES[move]
    tried = sum(seen.get(name, 0) for name in ("delivered", "deferred", "bounced", "blocked"))
    if move == "advanced":
        return f"The day before went well: {seen.get('delivered', 0):,} of {tried:,} were taken."
    end = " Half of it now." if move == "halved" else " It stays as it is."
    return _because(cause, seen, tried) + end


def _because(cause: str, seen: Mapping[str, int], tried: int) -> str:
    count = seen.get(cause, 0)
    match cause:
        case "unused":
            return (
                f"Only {tried:,} left the day before, which is too few to tell."
                if tried
                else "Nothing left the day before."
            )
        case "blocked":
            return f"{_messages(count)} refused the day before because of who we are or what was written."
        case "complained":
            return f"{count:,} {'person' if count == 1 else 'people'} complained the day before."
        case "bounced":
            return f"{count:,} of {tried:,} bounced the day before ({_share(count, tried)})."
        case "deferred":
            return f"{count:,} of {tried:,} {'was' if count == 1 else 'were'} put off the day before ({_share(count, tried)})."
    return ""


def _messages(count: int) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'}"


def _share(count: int, of: int) -> str:
    share = 100 * count / max(1, of)
    return f"{share:.1f}%" if share < 10 else f"{share:.0f}%"
