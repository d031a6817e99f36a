"""Tables of sending."""

from sending.models.bounces import Bookmark, BounceWave, HeldBounce
from sending.models.budget import Budget
from sending.models.domain import SendingDomain
from sending.models.egress import EgressIP, Pool, PoolAddress, SourceCount
from sending.models.engagement import Engagement
from sending.models.esp import EspAccount
from sending.models.event import Event, Tally
from sending.models.ledger import Delivery, Lane, Mailing, MailingVariant, StoredMessage
from sending.models.letter import Letter
from sending.models.link_change import LinkChange
from sending.models.provider import DomainProvider
from sending.models.relay import Intent, Relay
from sending.models.retry import Retry
from sending.models.ruling import Ruling
from sending.models.stream import Stream
from sending.models.tls import StsPolicy, TlsCount, TlsReport

__all__ = [
    "Bookmark",
    "BounceWave",
    "Budget",
    "Delivery",
    "DomainProvider",
    "EgressIP",
    "Engagement",
    "EspAccount",
    "Event",
    "HeldBounce",
    "Intent",
    "Lane",
    "Letter",
    "LinkChange",
    "Mailing",
    "MailingVariant",
    "Pool",
    "PoolAddress",
    "Relay",
    "Retry",
    "Ruling",
    "SendingDomain",
    "SourceCount",
    "StoredMessage",
    "Stream",
    "StsPolicy",
    "Tally",
    "TlsCount",
    "TlsReport",
]
