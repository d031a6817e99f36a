"""What sending refuses to do, by name. str() is a sentence for the person who asked."""


class Refused(Exception):
    """Base of all refusals of this app."""


class DomainRefused(Refused):
    """The domain cannot be added, verified or removed."""
