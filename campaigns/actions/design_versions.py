"""Versions of a design: what it was each time that it was saved.

Autosaves of one person within `TOGETHER` make one version, so that the list says what people did and not how they type.
A version with a note (begun, restored, imported) stays as it is.
"""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from campaigns.models import Design, DesignVersion

TOGETHER = timedelta(minutes=10)
KEPT = 200  # a design; the oldest go


def begin(*, design: Design, note: str) -> None:
    """Keep the first version of a design, or of one that was saved before there were versions."""
    if not DesignVersion.objects.filter(design=design).exists():
        _add(design, design.saved_by, note)


def keep(*, design: Design, actor: User | None, note: str = "") -> None:
    """Keep the design as it was just saved. Its row is locked by the caller."""
    last = DesignVersion.objects.filter(design=design).order_by("-version").first()
    if (
        last is not None
        and not note
        and not last.note
        and last.saved_by_id == (actor.pk if actor else None)
        and timezone.now() - last.created_at < TOGETHER
    ):
        last.version, last.mjml = design.version, design.mjml
        last.save(update_fields=["version", "mjml"])
        return
    _add(design, actor, note)
    old = DesignVersion.objects.filter(design=design).order_by("-version").values_list("pk", flat=True)[KEPT:]
    DesignVersion.objects.filter(pk__in=list(old)).delete()


def _add(design: Design, actor: User | None, note: str) -> None:
    DesignVersion.objects.create(
        organization=design.organization,
        design=design,
        version=design.version,
        mjml=design.mjml,
        saved_by=actor,
        note=note[:200],
    )
