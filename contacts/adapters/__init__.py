"""Ports over the tables of contacts: SQL for bulk work."""
