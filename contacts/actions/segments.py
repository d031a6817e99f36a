"""Segments: saving a question under a name. Whether it can be understood is decided before it is kept."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.errors import AlreadyThere, BadSegment
from contacts.models import Segment
from contacts.queries import catalogue
from contacts.segments import tree


def save(
    *, organization: Organization, segment: Segment | None, name: str, definition: dict[str, Any], actor: User | None
) -> Segment:
    """Keep a new segment, or the next version of an existing one. Raises BadSegment, AlreadyThere."""
    try:
        tree.parse(definition, catalogue.of(organization))
    except tree.BadDefinition as bad:
        raise BadSegment(bad.why) from bad
    is_new = segment is None
    segment = segment or Segment(organization=organization, version=0)
    if segment.definition != definition or is_new:
        segment.version += 1
    segment.name, segment.definition = name, definition
    try:
        with transaction.atomic():
            segment.save()
            audit.record(
                organization=organization,
                actor=actor,
                verb="contacts.segment_created" if is_new else "contacts.segment_edited",
                target=segment,
                data={"version": segment.version},
            )
    except IntegrityError as taken:
        raise AlreadyThere(f"There is a segment called {name} already.") from taken
    return segment


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
