"""Chores of campaigns, one a file."""
