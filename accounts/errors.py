"""What accounts refuses, by name. The text is for people: what happened, and what to do."""


class Refused(Exception):
    """Base of what accounts refuses."""


class LastOwner(Refused):
    """An organization keeps at least one owner."""

    def __init__(self) -> None:
        super().__init__("An organization needs an owner. Make somebody else owner first.")


class RoleTooHigh(Refused):
    """Nobody gives, changes or takes a role above their own."""

    def __init__(self) -> None:
        super().__init__("Only an owner may change an owner, or make one.")
