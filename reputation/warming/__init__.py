"""Warming up addresses: how much an address may send to a mailbox provider on a day, and when a send will be done by that.

Pure: frozen data in, frozen data out. Days are days of UTC.
"""
