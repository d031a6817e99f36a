"""How long a site's mail was kept back by our own throttle, and for which kind of trouble: so that a message can tell it.

Waits of our own are no tries and write nothing; what a message then tells of them is told with its next try.
"""

from dataclasses import dataclass

MOST = 50  # holds that one site remembers
LEAST = 5.0  # seconds that are worth telling


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds between the moment at which a message might have left and its try; how many of them its site was held, and why."""

    seconds: float = 0.0
    held: float = 0.0
    cause: str = ""

    def facts(self) -> dict[str, float | str]:
        """As the event keeps it; nothing when it is not worth telling."""
        if self.seconds < LEAST:
            return {}
        waited: dict[str, float | str] = {"waited": round(self.seconds)}
        return waited | {"held": round(self.held), "held_for": self.cause} if self.held >= 1.0 else waited


class Waits:
    """The last holds of one site. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._holds: list[tuple[float, float, str]] = []  # there is one of these for each site: small while it is empty

    def __len__(self) -> int:
        return len(self._holds)

    def note(self, since: float, until: float, cause: str) -> None:
        """Held from `since` to `until`; a hold that is made longer while it lasts goes on as one."""
        if self._holds and self._holds[-1][1] >= since:
            began, ended, first = self._holds.pop()
            self._holds.append((began, max(ended, until), first))
        else:
            self._holds.append((since, until, cause))
            del self._holds[:-MOST]

    def cut(self, now: float) -> None:
        """The hold that lasts ends now."""
        if self._holds and self._holds[-1][1] > now:
            began, _, cause = self._holds.pop()
            self._holds.append((began, now, cause))

    def with_those_of(self, other: "Waits") -> "Waits":
        """Both together."""
        if not other._holds:
            return self
        both = Waits()
        for since, until, cause in sorted([*self._holds, *other._holds]):
            both.note(since, until, cause)
        return both

    def between(self, since: float, until: float) -> Wait:
        """What was waited from `since` to `until`. The cause is that of the longest hold of it."""
        held, longest, cause = 0.0, 0.0, ""
        for began, ended, why in reversed(self._holds):
            if ended <= since:
                break
            part = min(ended, until) - max(began, since)
            if part <= 0:
                continue
            held += part
            if part > longest:
                longest, cause = part, why
        return Wait(max(0.0, until - since), held, cause)
