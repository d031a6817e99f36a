"""Verbs of sending: one noun a file, one transaction a call."""
