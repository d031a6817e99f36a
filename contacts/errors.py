"""What contacts refuses to do, by name. str() is a sentence for the person who asked."""


class Refused(Exception):
    """Base of all refusals of this app."""


class BadAddress(Refused):
    """The text is no mail address."""


class AlreadyThere(Refused):
    """Something of that name or address exists."""


class NotThisWay(Refused):
    """The deed exists, but not from this state or for this reason."""


class BadSegment(Refused):
    """The definition of a segment cannot be understood or is too large. `path` leads to the rule, as in (0, 2)."""

    def __init__(self, why: str, path: tuple[int, ...] = ()) -> None:
        super().__init__(why)
        self.path = path


class BadImport(Refused):
    """The file, its mapping or its consent statement cannot be accepted."""
