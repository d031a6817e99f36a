"""Proves the promise by force: processes are killed at random moments, and every recipient is counted afterwards."""
