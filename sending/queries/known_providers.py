"""The mailbox providers that the relays tell apart here: the shipped ones, with those of the installation's own file."""

import logging
from pathlib import Path

from django.conf import settings

from sending.relay import sites
from sending.relay.sites import Directory

log = logging.getLogger(__name__)


def directory() -> Directory:
    """As the relays read it; the shipped one where the installation's file cannot be read."""
    try:
        own = Path(settings.RELAY_PROVIDERS).read_text(encoding="utf-8") if settings.RELAY_PROVIDERS else ""
        return sites.directory(own=own)
    except (OSError, ValueError) as error:
        log.warning("RELAY_PROVIDERS: %s cannot be read: %s", settings.RELAY_PROVIDERS, error)
        return sites.directory()


def names() -> list[str]:
    """All of them, and the name of the rest of the world."""
    return [*dict.fromkeys(provider.name for provider in directory().providers), sites.OTHER]
