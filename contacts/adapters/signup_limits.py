"""How often one may sign up: counters in Valkey, one window each. Nobody's mailbox is filled by somebody else's robots.

Policy: when Valkey is away everybody may, because a form that turns people away is worse; the limit of mails to one address
of one organization is counted in rows (actions/signups.py) and stands in any case.
"""

import hashlib
import logging
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache

log = logging.getLogger(__name__)

WINDOW = 600  # seconds
A_VISITOR = 30  # posts of one network address to one form in a window; a stand at a fair has one address
A_FORM = 600  # posts to one form in a window
AN_ADDRESS = 10  # mails to one address in a day, from all organizations together
DAY = 86_400


def visitor_may_post(*, form_id: int, ip: str | None) -> bool:
    """Count one post to a form; False when its sender, or everybody together, posts too often."""
    return _allows(f"form:{form_id}", A_FORM, WINDOW) and (
        ip is None or _allows(f"visitor:{form_id}:{_network(ip)}", A_VISITOR, WINDOW)
    )


def address_may_get_mail(*, address_key: str) -> bool:
    """Count one mail to an address, whoever causes it; False when it had enough of them today."""
    return _allows(f"address:{hashlib.sha256(address_key.encode()).hexdigest()}", AN_ADDRESS, DAY)


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
