"""Verbs of accounts: one noun a file, one transaction a call."""
