"""Who goes first: the order of a send's rows by what people did with the last sends, for addresses that are warmed up.

Policy: a click says more than an open, a late one more than an early one; machines' do not count. A relay takes what is due at
the same time in the order of the rows' ids, so the order of the INSERT is enough.
"""

from typing import Any

from sending.models import Mailing

LAST_SENDS = 10
CLICK_IS_WORTH = "60 days"  # a click then is as good as an open now


def ordered(mailing: Mailing) -> tuple[str, str, list[Any]]:
    """SQL for the INSERT ... SELECT over the audience `a`: a join, an ORDER BY, and the join's parameters.

    Costs one pass over the engagements of the last sends by their index, and a sort.
    """
    before = list(
        Mailing.objects.filter(organization_id=mailing.organization_id, pk__lt=mailing.pk, sealed_at__isnull=False)
        .exclude(letter=None)
        .order_by("-pk")
        .values_list("pk", flat=True)[:LAST_SENDS]
    )
    if not before:
        return "", "", []
    join = """LEFT JOIN (
                SELECT contact_id, max(greatest(opened_at, clicked_at + %s::interval)) AS at FROM sending_engagement
                WHERE mailing_id = ANY(%s) AND contact_id IS NOT NULL AND (opened_at IS NOT NULL OR clicked_at IS NOT NULL)
                GROUP BY contact_id
            ) keen ON keen.contact_id = a.contact_id"""
    return join, "ORDER BY keen.at DESC NULLS LAST", [CLICK_IS_WORTH, before]
