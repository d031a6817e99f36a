"""Pages of reputation."""
