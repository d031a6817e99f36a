"""Tracking engines: the tokens in links and pixels, and who is behind a hit."""
