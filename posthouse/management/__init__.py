"""The roof's chores."""
