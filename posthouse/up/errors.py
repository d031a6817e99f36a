"""What can keep Posthouse from starting."""


class CannotStart(Exception):
    """One clear line for the person at the terminal: what is wrong, and what to do about it."""
