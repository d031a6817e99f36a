"""What is done to many people at once: the handlers of jobs, one batch of ids a call, each by set.

Policy: adding to a topic reaches those who never stood to it; whoever left it, or never confirmed, stays as they are, for
only a person brings themselves back. So does whom an import would not subscribe either: who is on the do-not-send list by a
wish of theirs or of a member. Whoever has mail in the ledger is never deleted, only archived: its sums stay.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from contacts import ports
from contacts.actions import imports, removal, suppressions, tags
from contacts.adapters.import_applying import REFUSALS
from contacts.enums import ConsentAction, ConsentSource, JobKind, SubscriptionState, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import ConsentRecord, Contact, Job, Suppression, Topic
from contacts.queries import suppressions as listed

HAD_LEFT = "They had left this topic, or never confirmed. Only they can change that."
IS_LISTED = "They are on the do-not-send list, by their own wish or a member's. Only they can change that, or an admin."


def statement(*, basis: str, source: str, wording: str) -> str:
    """The words that a record of consent keeps of what a member states for many people."""
    return f"{imports.BASES[basis]}. {source.strip()}: {wording.strip()}"


def subscribe(job: Job, ids: Sequence[int]) -> list[int]:
    """what = {"topic": id, "wording": the statement, "date": "2026-05-12"}; adds `left` and `listed`: how many stayed out, who
    had left the topic or never confirmed, and who is on the do-not-send list."""
    topic = Topic.objects.filter(organization_id=job.organization_id, pk=job.what["topic"], archived_at=None).first()
    if topic is None:
        raise NotThisWay("The topic is archived or gone.")
    now = timezone.now()
    given = datetime.combine(date.fromisoformat(job.what["date"]), datetime.min.time(), UTC)
    people = Contact.objects.select_for_update(no_key=True).filter(pk__in=ids, organization_id=job.organization_id)
    there = list(people.filter(erased_at=None).order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        # After the lock, so that it sees what they said until then.
        cursor.execute(
            """
            INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
            SELECT c.organization_id, c.id, %s, %s, %s FROM contacts_contact c
            WHERE c.id = ANY(%s) AND NOT EXISTS (
                SELECT 1 FROM contacts_suppression s
                WHERE s.organization_id = c.organization_id AND s.address_key = c.address_key AND s.lifted_at IS NULL
                  AND (s.topic_id = %s OR (s.topic_id IS NULL AND s.reason = ANY(%s))))
            ORDER BY c.id ON CONFLICT (topic_id, contact_id) DO NOTHING RETURNING contact_id
            """,
            [topic.pk, int(SubscriptionState.SUBSCRIBED), now, there, topic.pk, [str(reason) for reason in REFUSALS]],
        )
        joined = sorted(row[0] for row in cursor.fetchall())
        ConsentRecord.objects.bulk_create(
            [
                ConsentRecord(
                    organization_id=job.organization_id,
                    contact_id=pk,
                    topic_id=topic.pk,
                    action=ConsentAction.SUBSCRIBED,
                    at=min(given, now),
                    source=ConsentSource.MANUAL,
                    wording=job.what["wording"],
                    about=_about(job),
                    actor_id=job.created_by_id,
                )
                for pk in joined
            ],
            batch_size=1_000,
        )
        cursor.execute(
            """SELECT these.id, s.id IS NOT NULL FROM unnest(%s::bigint[]) AS these(id)
               LEFT JOIN contacts_subscription s ON s.contact_id = these.id AND s.topic_id = %s
               WHERE s.state IS DISTINCT FROM %s ORDER BY these.id""",
            [there, topic.pk, int(SubscriptionState.SUBSCRIBED)],
        )
        stayed = cursor.fetchall()
    left = sum(had_stood for _, had_stood in stayed)
    job.what = {
        **job.what,
        "left": job.what.get("left", 0) + left,
        "listed": job.what.get("listed", 0) + len(stayed) - left,
    }
    job.problems += [{"id": pk, "why": HAD_LEFT if had_stood else IS_LISTED} for pk, had_stood in stayed]
    return joined


def suppress(job: Job, ids: Sequence[int]) -> list[int]:
    """what = {"reason": a SuppressionReason, "evidence": words}."""
    reason = SuppressionReason(job.what["reason"])
    people = dict(
        Contact.objects.filter(organization_id=job.organization_id, pk__in=ids)
        .order_by("pk")
        .values_list("pk", "address_key")
    )
    standing = listed.standing(job.organization, list(people.values()), reason, None)
    new = {pk: key for pk, key in people.items() if key not in standing}
    suppressions.suppress_many(
        organization=job.organization,
        keys=list(new.values()),
        reason=reason,
        source="member",
        evidence=job.what["evidence"],
        about=_about(job),
        actor=job.created_by,
    )
    return list(new)


def archive(job: Job, ids: Sequence[int]) -> list[int]:
    """Out of lists, segments and sends; nothing is lost."""
    return _set_archived(job, ids, archived=True)


def restore(job: Job, ids: Sequence[int]) -> list[int]:
    """Back, with subscriptions and do-not-send entries as they were."""
    return _set_archived(job, ids, archived=False)


def delete(job: Job, ids: Sequence[int]) -> int:
    """Remove whoever was never mailed; archive the others."""
    removed = removal.remove_never_mailed(organization_id=job.organization_id, ids=ids)
    others = _set_archived(job, [pk for pk in ids if pk not in removed], archived=True)
    job.what = {
        **job.what,
        "deleted": job.what.get("deleted", 0) + len(removed),
        "archived": job.what.get("archived", 0) + len(others),
    }
    return len(removed) + len(others)


def undo(job: Job, ids: Sequence[int]) -> int:
    """what = {"job": id}: take back what that job did to these people. What they did themselves since stays."""
    of = Job.objects.get(organization_id=job.organization_id, pk=job.what["job"])
    match JobKind(of.kind):
        case JobKind.TAG:
            return len(tags.batch_off(of, ids))
        case JobKind.UNTAG:
            return len(tags.batch_on(of, ids))
        case JobKind.ARCHIVE:
            return len(_set_archived(of, ids, archived=False))
        case JobKind.RESTORE:
            return len(_set_archived(of, ids, archived=True))
        case JobKind.SUPPRESS:
            return _lift(job, of, ids)
        case JobKind.SUBSCRIBE:
            return _revert(job, of, ids)
    raise NotThisWay("This kind of work cannot be taken back.")


def _set_archived(job: Job, ids: Sequence[int], *, archived: bool) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE contacts_contact c SET archived_at = %s, updated_at = now() FROM (
                SELECT id FROM contacts_contact WHERE organization_id = %s AND id = ANY(%s) AND erased_at IS NULL
                  AND archived_at IS {"NULL" if archived else "NOT NULL"} ORDER BY id FOR NO KEY UPDATE
            ) o WHERE c.id = o.id RETURNING c.id
            """,
            [timezone.now() if archived else None, job.organization_id, list(ids)],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _lift(job: Job, of: Job, ids: Sequence[int]) -> int:
    """Lift what that job put on the list, unless a server or the person has said the same since: the entry that this would
    have made was not, because the job's stood."""
    keys = dict(Contact.objects.filter(pk__in=ids).order_by().values_list("pk", "address_key"))
    bounced, complained = ports.mail.refused(ids=list(keys), since=of.created_at)
    entries = Suppression.objects.filter(
        organization_id=of.organization_id, address_key__in=list(keys.values()), about=_about(of), lifted_at=None
    ).exclude(
        Q(reason=SuppressionReason.INVALID, address_key__in=[keys[pk] for pk in bounced])
        | Q(reason=SuppressionReason.COMPLAINED, address_key__in=[keys[pk] for pk in complained])
    )
    return entries.update(lifted_at=timezone.now(), lifted_why=f"{job.title}"[:300])


def _revert(job: Job, of: Job, ids: Sequence[int]) -> int:
    with connection.cursor() as cursor:
        # Only where nothing was said since: the newest word on the topic is still that job's.
        cursor.execute(
            """
            DELETE FROM contacts_subscription s USING (
                SELECT id FROM contacts_contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
            ) c WHERE s.contact_id = c.id AND s.topic_id = %s AND s.state = %s AND %s = (
                SELECT r.about FROM contacts_consentrecord r
                WHERE r.contact_id = c.id AND r.topic_id = s.topic_id ORDER BY r.id DESC LIMIT 1
            ) RETURNING s.contact_id
            """,
            [list(ids), of.what["topic"], int(SubscriptionState.SUBSCRIBED), _about(of)],
        )
        left = sorted(row[0] for row in cursor.fetchall())
    now = timezone.now()
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                organization_id=job.organization_id,
                contact_id=pk,
                topic_id=of.what["topic"],
                action=ConsentAction.REVERTED,
                at=now,
                source=ConsentSource.MANUAL,
                wording=job.title,
                about=_about(job),
                actor_id=job.created_by_id,
            )
            for pk in left
        ],
        batch_size=1_000,
    )
    return len(left)


def _about(job: Job) -> str:
    return f"job {job.public_id}"
