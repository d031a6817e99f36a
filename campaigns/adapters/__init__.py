"""Answers to what lower floors ask of campaigns."""
