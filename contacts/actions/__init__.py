"""Verbs of contacts: one noun a file, one transaction a call."""
