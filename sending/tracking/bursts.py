"""Remembers for some seconds which links of a message were asked for: opening all of them at once is a machine's way.

In the memory of one process and bounded; a burst that is spread over several processes is seen by parts.
"""

from collections import OrderedDict

from sending.tracking.people_or_machines import BURST_SECONDS

MAX_MESSAGES = 20_000
MAX_LINKS = 64


class Bursts:
    """Which links of which message were hit lately."""

    def __init__(self, *, max_messages: int = MAX_MESSAGES) -> None:
        self._recent: OrderedDict[int, dict[int, float]] = OrderedDict()
        self._max_messages = max_messages

    def seen(self, *, delivery_id: int, link: int, at: float) -> int:
        """Note a hit (`at`: seconds); how many different links of the message were hit within BURST_SECONDS.

        Noting the same hit again changes nothing, so a batch may be tried again.
        """
        links = self._recent.pop(delivery_id, {})
        links = {known: when for known, when in links.items() if at - when <= BURST_SECONDS}
        if link in links or len(links) < MAX_LINKS:
            links[link] = max(at, links.get(link, at))
        self._recent[delivery_id] = links
        while len(self._recent) > self._max_messages:
            self._recent.popitem(last=False)
        return len(links)
