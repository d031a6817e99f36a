"""The roof's chores: start everything, examine everything."""
