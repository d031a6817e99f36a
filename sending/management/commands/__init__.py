"""Processes and chores of sending, one a file."""
