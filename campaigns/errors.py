"""What campaigns refuse to do, by name. str() is a sentence for the person who asked."""

from typing import Any

from campaigns.preflight.results import Result


class Refused(Exception):
    """Base of all refusals of this app."""


class Unlawful(Refused):
    """The campaign is in a state in which this cannot be done."""


class NotReady(Refused):
    """The checklist has findings that stop the send: `results` are those."""

    def __init__(self, results: list[Result]) -> None:
        self.results = results
        super().__init__("Not ready: " + "; ".join(result.title for result in results) + ".")


class AudienceChanged(Refused):
    """The audience is another one than the page told: it was `before` people and is `now`."""

    def __init__(self, before: int, now: int) -> None:
        self.before, self.now = before, now
        super().__init__(
            f"Not sent: when this page was opened it was for {before:,} people, and now it is for {now:,}. "
            "Look at the audience, then send it."
        )


class StaleDesign(Refused):
    """Somebody else saved a newer version meanwhile: `design`, as it is now."""

    def __init__(self, design: Any) -> None:
        self.design = design
        super().__init__("Not saved: somebody saved a newer version meanwhile.")


class BadDesign(Refused):
    """The design cannot be compiled."""
