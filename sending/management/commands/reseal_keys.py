"""Seals DKIM keys, those of ESPs and passwords of proxies anew after a change of SECRET_KEY: `manage.py reseal_keys`.

The old one stays a fallback, for links in mail.
"""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.actions import domains, egress, esp_accounts


class Command(BaseCommand):
    help = "Seal DKIM keys, those of ESPs and passwords of proxies anew with the newest SECRET_KEY."

    def handle(self, **options: Any) -> None:
        with cross_tenant("seal the keys of all organizations anew"):
            organizations = list(Organization.objects.order_by("pk"))
        resealed = egress.reseal()
        for organization in organizations:
            with tenant_scope(organization):
                resealed += domains.reseal_keys(organization=organization)
                resealed += esp_accounts.reseal(organization=organization)
        self.stdout.write(
            f"{resealed} keys were sealed anew. Unsubscribe links in mail that went out before still need the old SECRET_KEY "
            "among SECRET_KEY_FALLBACKS: keep it there."
        )
