"""Starts everything: the private PostgreSQL and Valkey, the migrations, and every process of Posthouse, and watches them.

Nothing in this package loads Django: `doctor` must be able to speak when Django cannot be loaded, and `up` must not
spend a second on it before the servers are on their way.
"""
