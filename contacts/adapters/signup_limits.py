"""How often one may sign up: counters in Valkey, one window each. Nobody's mailbox is filled by somebody else's robots.

Policy: when Valkey is away everybody may, because a form that turns people away is worse; the limit of mails to one address
of one organization is counted in rows (actions/signups.py) and stands in any case.
"""

import hashlib
import logging
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache

from contacts import addresses

log = logging.getLogger(__name__)

WINDOW = 600  # seconds
A_VISITOR = 30  # posts of one network address to one form in a window; a stand at a fair has one address
A_FORM = 600  # posts to one form in a window
AN_ADDRESS = 10  # mails to one address in a day, from all organizations together
DAY = 86_400


def visitor_may_post(*, form_id: int, ip: str | None) -> bool:
    """Count one post to a form; False when its sender, or everybody together, posts too often.

    What is refused to a visitor does not count for the form: one robot must not close it for everybody.
    """
    if ip is not None and not _allows(f"visitor:{form_id}:{_network(ip)}", A_VISITOR, WINDOW):
        return False
    return _allows(f"form:{form_id}", A_FORM, WINDOW)


def address_may_get_mail(*, address_key: str) -> bool:
    """Count one mail to an address, whoever causes it; False when its mailbox had enough of them today.

    jo+1@, jo+2@ and, at Gmail, j.o@ are one mailbox: whoever wants to fill it knows a thousand spellings.
    """
    mailbox = addresses.canonical(address_key)
    return _allows(f"address:{hashlib.sha256(mailbox.encode()).hexdigest()}", AN_ADDRESS, DAY)


def _allows(name: str, most: int, seconds: int) -> bool:
    key = f"signups:{name}"
    try:
        cache.add(key, 0, timeout=seconds)
        return int(cache.incr(key)) <= most
    except ValueError:  # it ended between the two
        return True
    except Exception:
        log.exception("The counters of sign-ups cannot be reached")
        return True


def _network(ip: str) -> str:
    """IPv6 neighbours of one /64 are one visitor."""
    address = ip_address(ip)
    return ":".join(address.exploded.split(":")[:4]) if isinstance(address, IPv6Address) else ip
