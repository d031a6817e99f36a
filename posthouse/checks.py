"""`manage.py check --deploy`: what an installation for real mail must have, and what to type when it is missing."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def real_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Outside of the sandbox mail needs a domain of the house and links that the world can reach by https."""
    if settings.SANDBOX:
        return [Warning("The sandbox is on: nothing leaves this computer.", hint="Set SANDBOX=0.", id="posthouse.W001")]
    found: list[CheckMessage] = []
    if not settings.HOUSE_DOMAIN:
        found.append(
            Error(
                "HOUSE_DOMAIN is not set: bounces have no way back, so no sending domain can become verified.",
                hint="Set HOUSE_DOMAIN to a domain of yours, with an MX record that leads to the mailroom.",
                id="posthouse.E001",
            )
        )
    for name in ("BASE_URL", "LINK_URL"):
        address = urlsplit(getattr(settings, name))
        if address.scheme != "https" or address.hostname in {"localhost", "127.0.0.1"}:
            found.append(
                Error(
                    f"{name}={address.geturl()} cannot be reached from people's mail programs.",
                    hint=f"Set {name} to an https address; one-click unsubscribe needs it (RFC 8058, section 3.1).",
                    id=f"posthouse.E00{2 if name == 'BASE_URL' else 3}",
                )
            )
    return found
