"""Reads of the roof."""
