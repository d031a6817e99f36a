"""Chores of campaigns."""
