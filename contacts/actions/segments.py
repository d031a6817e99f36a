"""Segments: saving a question under a name, version by version. Whether it can be understood is decided before it is kept."""

import dataclasses
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.errors import AlreadyThere, BadSegment
from contacts.models import Segment, SegmentVersion
from contacts.queries import catalogue
from contacts.segments import nesting, tree
from contacts.segments.knowledge import Catalogue, Inner
from contacts.segments.reading import BadDefinition

_LOCK = 7_308_114  # of this verb's advisory locks: two savers could close a ring that neither sees


@transaction.atomic
def save(
    *, organization: Organization, segment: Segment | None, name: str, definition: dict[str, Any], actor: User | None
) -> Segment:
    """Keep a new segment, or the next version of an existing one. Raises BadSegment, AlreadyThere.

    Refused, too, when a segment that contains this one would become a ring or too large.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, organization.pk])
    is_new = segment is None
    segment = segment or Segment(organization=organization, version=0)
    known = catalogue.of(organization)
    _judge(segment, name, definition, known)
    if segment.definition != definition or is_new:
        segment.version += 1
    segment.name, segment.definition = name, definition
    try:
        with transaction.atomic():
            segment.save()
            _, is_new_version = SegmentVersion.objects.get_or_create(
                organization=organization,
                segment=segment,
                version=segment.version,
                defaults={"definition": definition, "made_by": actor},
            )
            audit.record(
                organization=organization,
                actor=actor,
                verb="contacts.segment_created" if is_new else "contacts.segment_edited",
                target=segment,
                data={"version": segment.version, "changed": is_new_version},
            )
    except IntegrityError as taken:
        raise AlreadyThere(f"There is a segment called {name} already.") from taken
    return segment


def go_back(*, segment: Segment, version: int, actor: User | None) -> Segment:
    """Ask again what an earlier version asked, as the newest version. Raises BadSegment."""
    earlier = SegmentVersion.objects.get(segment=segment, version=version)
    return save(
        organization=segment.organization,
        segment=segment,
        name=segment.name,
        definition=earlier.definition,
        actor=actor,
    )


@transaction.atomic
def archive(*, segment: Segment, actor: User | None) -> None:
    if segment.archived_at is None:
        segment.archived_at = timezone.now()
        segment.save(update_fields=["archived_at"])
        audit.record(organization=segment.organization, actor=actor, verb="contacts.segment_archived", target=segment)


def restore(*, segment: Segment, actor: User | None) -> None:
    """Raises AlreadyThere if another segment has taken the name."""
    if segment.archived_at is None:
        return
    segment.archived_at = None
    try:
        with transaction.atomic():
            segment.save(update_fields=["archived_at"])
            audit.record(
                organization=segment.organization, actor=actor, verb="contacts.segment_restored", target=segment
            )
    except IntegrityError as taken:
        raise AlreadyThere(f"There is another segment called {segment.name} by now.") from taken


def _judge(segment: Segment, name: str, definition: dict[str, Any], known: Catalogue) -> None:
    """Raises BadSegment, with the path of what is wrong."""
    public_id = segment.public_id
    try:
        nesting.expand(tree.parse(definition, known), known, me=public_id, name=name)
    except BadDefinition as bad:
        raise BadSegment(bad.why, bad.path) from bad
    segments = dict(known.segments) | {public_id: Inner(name, definition)}
    with_it = dataclasses.replace(known, segments=segments)
    for outer in nesting.containing(public_id, {one: inner.definition for one, inner in segments.items()}):
        before, after = known.segments[outer], with_it.segments[outer]
        try:
            nesting.expand(tree.parse(after.definition, with_it), with_it, me=outer, name=after.name)
        except BadDefinition as bad:
            if _is_sound(outer, before.definition, known):
                raise BadSegment(
                    f"“{before.name}” contains this segment and could not be asked any more: {bad.why}"
                ) from bad


def _is_sound(public_id: str, definition: object, known: Catalogue) -> bool:
    try:
        nesting.expand(tree.parse(definition, known), known, me=public_id)
    except BadDefinition:
        return False
    return True
