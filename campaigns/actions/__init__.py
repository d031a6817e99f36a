"""Verbs of campaigns: one noun a file, one transaction a call."""
