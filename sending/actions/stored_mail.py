"""Mail whose content is kept whole before we promise anything: app mail and tests. One row of the ledger each.

Stored mail goes to one mailing a stream, which is never sealed and has no letter.
"""

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organization
from sending.actions import mailings, streams
from sending.enums import TLS_REPORTS, Bucket, DeliveryState, StreamKind
from sending.models import Delivery, Lane, Mailing, SendingDomain, StoredMessage, Stream, Tally


@transaction.atomic
def keep(
    *,
    organization: Organization,
    kind: StreamKind,
    to: str,
    raw: bytes,
    domain: SendingDomain | None,
    from_address: str,
    subject: str,
    message_id: str,
    mailing_name: str = "",
) -> Delivery:
    """Store a message and queue it for one address (normalised, as contacts.addresses.key_of gives it).

    `raw`: RFC 5322 with CRLF, without Bcc, DKIM-Signature and Return-Path. `message_id`: without brackets.
    `mailing_name`: for what goes with a mailing of its own.
    """
    now = timezone.now()
    mailing = mailing_of(organization=organization, kind=kind, name=mailing_name)
    lane, _ = Lane.objects.get_or_create(
        mailing=mailing,
        domain=to.rpartition("@")[2],
        defaults={"organization": organization, "priority": mailing.stream.priority},
    )
    _keep_open(lane)
    delivery = Delivery.objects.create(
        organization=organization,
        mailing=mailing,
        lane=lane,
        address=to,
        state=DeliveryState.QUEUED,
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    StoredMessage.objects.create(
        organization=organization,
        delivery=delivery,
        domain=domain,
        from_address=from_address,
        subject=subject[:998],
        message_id=message_id[:255],
        raw=raw,
    )
    Tally.objects.create(organization=organization, mailing_id=mailing.pk, kind=Bucket.ON_ITS_WAY, n=1, at=now)
    mailings.tell_relays()
    return delivery


def mailing_of(*, organization: Organization, kind: StreamKind, name: str = "") -> Mailing:
    """The stream's one mailing for stored mail, or that of this name; made when first needed, once."""
    stream = streams.ensure(organization=organization, kind=kind)
    standing = Mailing.objects.select_related("stream").filter(stream=stream, letter=None)
    standing = standing.filter(name=name) if name else standing.exclude(name=TLS_REPORTS)
    mailing = standing.order_by("id").first()
    if mailing is None:
        Stream.objects.select_for_update().get(pk=stream.pk)
        mailing = standing.order_by("id").first() or Mailing.objects.create(
            organization=organization, stream=stream, name=name or stream.get_kind_display()
        )
    return mailing


def _keep_open(lane: Lane) -> None:
    """Open the lane and hold it open until this transaction ends; the relay closes lanes that it finds empty."""
    while True:
        Lane.objects.filter(pk=lane.pk, open=False).update(open=True)
        with connection.cursor() as cursor:  # shared: mails to one domain do not wait for each other
            cursor.execute("SELECT open FROM sending_lane WHERE id = %s FOR SHARE", [lane.pk])
            if cursor.fetchone()[0]:
                return
