"""Chores of contacts, one a file."""
