"""The three streams of an organization; made when first needed."""

from datetime import timedelta

from django.db import transaction

from accounts.actions import audit
from accounts.models import Organization, User
from sending.enums import StreamKind
from sending.models import Stream

# App mail is asked for (a reset, a receipt): late is useless and twice is harmless. Marketing: late is fine, twice is not.
DEFAULTS = {
    StreamKind.MARKETING: {"give_up_after": timedelta(hours=48), "retry_in_doubt": False, "priority": 0},
    StreamKind.APP: {"give_up_after": timedelta(hours=24), "retry_in_doubt": True, "priority": 10},
    StreamKind.TEST: {"give_up_after": timedelta(hours=2), "retry_in_doubt": True, "priority": 5},
}


def ensure(*, organization: Organization, kind: StreamKind) -> Stream:
    """The organization's stream of that kind. Call inside of its scope (or of cross_tenant)."""
    stream, _ = Stream.objects.get_or_create(organization=organization, kind=kind, defaults=DEFAULTS[kind])
    return stream


@transaction.atomic
def set_overflow(*, organization: Organization, overflows: bool, actor: User) -> None:
    """Whether marketing mail that is above the day's budgets of its own addresses goes by the shared ones, or waits."""
    stream = ensure(organization=organization, kind=StreamKind.MARKETING)
    if stream.overflow != overflows:
        stream.overflow = overflows
        stream.save(update_fields=["overflow"])
        audit.record(
            organization=organization,
            actor=actor,
            verb="sending.overflow_chosen",
            target=stream,
            data={"goes": "by shared addresses" if overflows else "waits"},
        )
