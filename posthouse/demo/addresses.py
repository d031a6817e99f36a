"""The demo's addresses to send from: one that everybody shares, and two of the coffee roasters' own.

Only those that this computer has: elsewhere than on Linux there may be one loopback address only, and then mail leaves from that.
"""

from django.conf import settings

from accounts.models import Organization
from sending.actions import egress, pools
from sending.relay.addresses import Reach
from sending.relay.sources import Source, can_use

SHARED, OWN = (2,), (3, 4)  # the last octets; the sandbox's DNS knows their names


def write(organization: Organization) -> None:
    """Add them and put them into pools. Opens its own scopes."""
    for name, owner, numbers in (("shared", None, SHARED), ("copper-kettle", organization, OWN)):
        if not all(can_use(Source(address=f"127.0.0.{number}"), Reach.LOOPBACK) for number in numbers):
            continue
        pool = pools.make(name=name, organization=owner, by="the demo")
        for number in numbers:
            address = egress.add(
                address=f"127.0.0.{number}", name=f"relay{number}.{settings.HOUSE_DOMAIN}", by="the demo"
            )
            pools.put(pool=pool, address=address, by="the demo")
