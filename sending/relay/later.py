"""Lanes of which something may leave only later, in the order of their moments: so that a launch leaves to the second."""

from collections.abc import Iterable, Iterator

from sending.relay.ports import Lane

TO_BE_SURE = 0.005  # seconds: the ledger's clock decides, and must not find us early


class Later:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Lane]] = []  # the next one last

    def keep(self, lanes: Iterable[Lane], *, now: float) -> dict[int, Lane]:
        """Look at all lanes anew; gives those that may leave at once, by id."""
        ready: dict[int, Lane] = {}
        self._waiting.clear()
        for lane in lanes:
            if lane.wait or lane.in_undo:
                self._waiting.append((now + lane.wait + TO_BE_SURE, lane))
            else:
                ready[lane.id] = lane
        self._waiting.sort(key=lambda one: one[0], reverse=True)
        return ready

    def come_due(self, now: float) -> list[Lane]:
        """Those whose moment has come; they are here no longer."""
        due = []
        while self._waiting and self._waiting[-1][0] <= now:
            due.append(self._waiting.pop()[1])
        return due

    def until(self, moment: float) -> Iterator[Lane]:
        """Those whose moment comes before `moment`, the next one first."""
        for at, lane in reversed(self._waiting):
            if at > moment:
                return
            yield lane

    def next_at(self) -> float:
        """The next moment; infinity when nothing waits."""
        return self._waiting[-1][0] if self._waiting else float("inf")

    def drop_mailing(self, mailing_id: int) -> None:
        self._waiting = [one for one in self._waiting if one[1].mailing_id != mailing_id]
