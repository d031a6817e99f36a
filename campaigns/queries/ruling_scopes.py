"""What an operator means when ruling: addresses, providers, sites, organizations and campaigns by the names that people know."""

from dataclasses import dataclass

from accounts.models import Organization
from campaigns.models import Campaign
from sending.enums import AddressState
from sending.models import EgressIP, Mailing
from sending.relay import sites


class Unknown(Exception):
    """There is no such thing; str() says what to do."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was meant, as sending.actions.rulings.Scope takes it."""

    source_id: int
    provider: str
    organization: Organization | None
    mailing: Mailing | None


def providers() -> list[str]:
    """The mailbox providers that we know by name, and the word for all others."""
    return [*sorted(provider.name for provider in sites.directory().providers), sites.OTHER]


def addresses() -> list[str]:
    """Our own that mail may leave from. Inside of cross_tenant."""
    return list(EgressIP.objects.exclude(state=AddressState.RETIRED).order_by("pk").values_list("address", flat=True))


def find(*, source: str = "", provider: str = "", organization: str = "", campaign: str = "") -> Found:
    """By an IP address, a provider's name in any case, the ids in pages' addresses. Inside of cross_tenant. Raises Unknown."""
    return Found(_source(source), _provider(provider), _organization(organization), _mailing(campaign))


def _source(address: str) -> int:
    if not address:
        return 0
    known = dict(EgressIP.objects.values_list("address", "pk"))
    if address not in known:
        raise Unknown(f"{address} is none of our addresses: {', '.join(sorted(known)) or 'there are none'}.")
    return int(known[address])


def _provider(name: str) -> str:
    known = {provider.casefold(): provider for provider in providers()}
    if name and name.casefold() not in known:
        raise Unknown(f"No provider is called {name[:40]}. There are {', '.join(known.values())}.")
    return known[name.casefold()] if name else ""


def _organization(public_id: str) -> Organization | None:
    if not public_id:
        return None
    found = Organization.objects.filter(public_id=public_id).first()
    if found is None:
        raise Unknown(f"There is no organization {public_id[:40]}. Its id is in its addresses: /o/<id>/.")
    return found


def _mailing(public_id: str) -> Mailing | None:
    """Of a campaign, by its id; mail without a campaign by the id of its mailing."""
    if not public_id:
        return None
    campaign = Campaign.objects.filter(public_id=public_id).first()
    if campaign is None:
        found = Mailing.objects.filter(public_id=public_id).first()
    elif campaign.mailing_id is None:
        raise Unknown("That campaign has not been launched: there is no mail of it.")
    else:
        found = Mailing.objects.filter(pk=campaign.mailing_id).first()
    if found is None:
        raise Unknown(f"There is no campaign {public_id[:40]}. Its id is in its addresses: /campaigns/<id>/.")
    return found
