"""Untrusted to clean."""
