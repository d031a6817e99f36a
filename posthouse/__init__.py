"""The roof: settings, addresses, processes, the sandbox and the demo. Imports every app; no app imports it."""

from posthouse.celery import app as celery_app

__all__ = ["celery_app"]
