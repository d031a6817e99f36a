"""What reputation refuses to do, by name. str() is a sentence for the person who asked."""


class Refused(Exception):
    """Base of all refusals of this app."""
