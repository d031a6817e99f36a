"""An account with an ESP for tests, and a stream that goes by it. Made with the verbs."""

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from sending.actions import esp_accounts
from sending.actions.esp_accounts import Way
from sending.enums import EspKind, StreamKind
from sending.models import EspAccount

KEYS = {
    EspKind.MAILGUN: {"api_key": "good", "webhook_signing_key": "signs"},
    EspKind.POSTMARK: {"server_token": "good"},
}


def connect(
    organization: Organization,
    *,
    kind: EspKind = EspKind.POSTMARK,
    given: dict[str, str] | None = None,
    goes: bool = True,
    failover: Way | None = None,
) -> EspAccount:
    """With `goes`, marketing mail goes by it."""
    with tenant_scope(organization):
        account = esp_accounts.connect(
            organization=organization,
            kind=kind,
            name=f"Our {kind.label}",
            region="",
            given=given or KEYS.get(kind, {"api_key": "good"}),
            actor=None,
        )
        if goes:
            esp_accounts.choose(
                organization=organization, kind=StreamKind.MARKETING, first=Way(account), failover=failover, actor=None
            )
    return account


def password(account: EspAccount) -> str:
    return esp_accounts.report_secrets_of(account)["password"]
