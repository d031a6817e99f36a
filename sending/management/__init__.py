"""Processes and chores of sending."""
