"""The three streams of an organization; made when first needed."""

from datetime import timedelta

from accounts.models import Organization
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
