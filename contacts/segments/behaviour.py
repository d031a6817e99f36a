"""Conditions about mail and consent as memberships: what people were sent and did, how they agreed, how engaged they are.

For speed, campaigns come first: which of them can matter is known before a row is read, from the catalogue (the given
one, the latest few, those sent in the window), so that their rows are found by the campaign's index and nobody else's
are touched. Things that happen with a message (sent, delivered, bounced) are dated by the send; what people do has its own
time, and a campaign that was sent after the window cannot have been opened in it.
"""

from datetime import datetime, timedelta

from contacts.segments import score
from contacts.segments.clock import Clock, day_after
from contacts.segments.knowledge import Catalogue, Send
from contacts.segments.memberships import Membership
from contacts.segments.sql import Sql, both
from contacts.segments.tree import Activity, Condition, Consent, When

AGREED = ("subscribed", "confirmed", "resubscribed")  # contacts.enums.ConsentAction; a test holds them
CONFIRMED = ("confirmed",)
# Beside each agreement that an import brought, the later record that its undoing took it back.
_AGREEMENTS = (
    "contacts_consentrecord k LEFT JOIN contacts_consentrecord r ON k.source = 'import' AND r.action = 'reverted'"
    " AND r.contact_id = k.contact_id AND r.topic_id = k.topic_id AND r.id > k.id"
)


def bounds(when: When, clock: Clock) -> tuple[datetime | None, datetime | None]:
    """From and until (not included), None where there is no bound."""
    match when.how:
        case "within":
            return clock.start_of(clock.today - timedelta(days=when.days)), clock.start_of(day_after(clock.today))
        case "ago":
            return None, clock.start_of(clock.today - timedelta(days=when.days))
        case "between" if when.first is not None and when.last is not None:
            return clock.start_of(when.first), clock.start_of(day_after(when.last))
    return None, None


def activity(condition: Condition, wanted: Activity, clock: Clock, known: Catalogue) -> Membership | None:
    """Those who did it at least once; or, where a number matters, more often than (at_most), just (exactly) or at least
    so often. The caller negates. None: nobody can have done it.
    """
    deed = known.mail.deeds.get(condition.key)
    since, until = bounds(wanted.when, clock)
    sends = _campaigns(wanted, known)
    if deed is None:
        return None
    if deed.at:
        sends = [send for send in sends if until is None or send.at < until]
    else:
        sends = [send for send in sends if (since is None or send.at >= since) and (until is None or send.at < until)]
    if not sends:
        return None
    parts = [Sql(f"{deed.mailing} = ANY(%s::bigint[])", (tuple(sorted(send.id for send in sends)),)), Sql(deed.holds)]
    if deed.at:
        parts += _within(deed.at, since, until)
    having = None
    if condition.op == "at_most":
        having = Sql("count(*) > %s", (wanted.times,)) if wanted.times else None
    elif condition.op == "exactly" and wanted.times:
        having = Sql("count(*) = %s", (wanted.times,))
    elif wanted.times > 1:
        having = Sql("count(*) >= %s", (wanted.times,))
    return Membership(deed.source, deed.contact, both(*parts), having)


def consent(condition: Condition, wanted: Consent, clock: Clock, known: Catalogue) -> Membership:
    """Those who agreed. What an import brought and its undoing took back is no agreement."""
    actions = CONFIRMED if condition.op in ("confirmed", "not_confirmed") else AGREED
    parts = [Sql("k.organization_id = %s AND k.action = ANY(%s)", (known.organization, actions))]
    if wanted.topic:
        parts.append(Sql("k.topic_id = %s", (known.topics[wanted.topic].id,)))
    if wanted.sources:
        parts.append(Sql("k.source = ANY(%s)", (wanted.sources,)))
    parts += _within("k.at", *bounds(wanted.when, clock))
    parts.append(Sql("r.id IS NULL"))
    return Membership(_AGREEMENTS, "k.contact_id", both(*parts))


def engaged(op: str, points: int, clock: Clock, known: Catalogue) -> Membership | None:
    """Those whose score compares so with `points`, as far as they have a row at all; None where nobody can have any."""
    mail = known.mail
    sends = tuple(sorted(send.id for send in known.campaigns.values()))
    if not mail.hits or not sends:
        return None
    since = score.since(clock)
    total = score.of_rows(mail.opened, mail.clicked, clock)
    return Membership(
        mail.hits,
        mail.contact,
        Sql(
            f"{mail.mailing} = ANY(%s::bigint[]) AND ({mail.opened} >= %s OR {mail.clicked} >= %s)",
            (sends, since, since),
        ),
        Sql(f"{total.text} {op} %s", (*total.params, points)),
    )


def _campaigns(wanted: Activity, known: Catalogue) -> list[Send]:
    if wanted.campaign:
        return [known.campaigns[wanted.campaign]]
    every = list(known.campaigns.values())
    return every[: wanted.latest] if wanted.latest else every


def _within(column: str, since: datetime | None, until: datetime | None) -> list[Sql]:
    parts = []
    if since is not None:
        parts.append(Sql(f"{column} >= %s", (since,)))
    if until is not None:
        parts.append(Sql(f"{column} < %s", (until,)))
    return parts
