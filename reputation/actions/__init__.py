"""Verbs of reputation: one noun a file, one transaction a call."""
