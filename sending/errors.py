"""What sending refuses to do, by name. str() is a sentence for the person who asked."""


class Refused(Exception):
    """Base of all refusals of this app."""


class DomainRefused(Refused):
    """The domain cannot be added, verified or removed."""


class AddressRefused(Refused):
    """What was asked of our addresses or pools cannot be done."""


class RulingRefused(Refused):
    """What was asked of the relays is no ruling: no reason, no end, nothing that is meant."""


class NoSuchRuling(Refused):
    """It is over, or never was."""
