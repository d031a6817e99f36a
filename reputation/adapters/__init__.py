"""Answers of reputation to the ports of lower floors."""
