"""Commands of reputation."""
