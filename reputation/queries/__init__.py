"""Reads of reputation."""
