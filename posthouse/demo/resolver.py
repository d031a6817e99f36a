"""DNS for the demo's own checks: asks the sandbox's zone directly, so that seeding needs no running name server."""

from posthouse.sandbox.zone import Zone
from reputation.dns_checks.resolver import Answer, Outcome


class ZoneResolver:
    """A `reputation.dns_checks.resolver.Resolver` over a Zone."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    async def lookup(self, name: str, rdtype: str) -> Answer:
        shown = name.rstrip(".").lower()
        answer = self._zone.look_up(shown, rdtype)
        values = tuple(
            r.value if r.kind == "TXT" else r.value.rstrip(".").lower() for r in answer.records if r.kind == rdtype
        )
        if answer.code == "SERVFAIL":
            return Answer(shown, rdtype, Outcome.UNKNOWN, why="SERVFAIL")
        return Answer(shown, rdtype, Outcome.FOUND if values else Outcome.NONE, values)
