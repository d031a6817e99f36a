"""Who got marketing mail lately: the "at most one a week" of recipients, as SQL for the launch and for the relay's last check."""

from contacts.enums import CAP_DAYS
from sending.enums import DeliveryState, StreamKind

_ARRIVED = f"{DeliveryState.DELIVERED:d}, {DeliveryState.IN_DOUBT:d}, {DeliveryState.HANDED_OVER:d}"
_ON_ITS_WAY = f"{DeliveryState.QUEUED:d}, {DeliveryState.SENDING:d}, {DeliveryState.DEFERRED:d}"
_SPAN = " ".join(f"WHEN '{cap}' THEN interval '{days} days'" for cap, days in CAP_DAYS.items())

# Two messages to one person in motion at once: the older one goes, unless the younger one has leave already.
_GOES_FIRST = f"""
    AND (o.id < {{but}} OR (o.state = {DeliveryState.SENDING:d} AND EXISTS (
        SELECT 1 FROM sending_intent i WHERE i.relay_id = o.relay_id AND o.id = ANY(i.ids))))"""


def has_had_enough(*, contact: str, cap: str, but: str = "") -> str:
    """A condition: within the span of `cap` a marketing message reached that contact, may have, or is on its way.

    `contact`, `cap` and `but` are SQL; `but` is the id of the delivery that is asked about, if there is one yet. What is on
    its way in a held mailing does not count: it may never go.
    """
    others = f"AND o.id <> {but}" if but else ""
    return f"""EXISTS (
        SELECT 1 FROM sending_delivery o
        JOIN sending_mailing om ON om.id = o.mailing_id
        JOIN sending_stream os ON os.id = om.stream_id AND os.kind = '{StreamKind.MARKETING}'
        WHERE o.contact_id = {contact} {others}
          AND (o.state IN ({_ARRIVED}) AND o.changed_at > now() - CASE {cap} {_SPAN} END
               OR o.state IN ({_ON_ITS_WAY}) AND om.hold IS NULL{_GOES_FIRST.format(but=but) if but else ""}))"""
