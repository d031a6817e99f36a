"""Forms of reputation."""
