"""Chores of contacts."""
