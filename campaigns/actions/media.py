"""Verbs of the media library: take a picture in, describe it, put it away, bring it back.

The file's name is the hash of what was stored, so an address never shows another picture, and the same one is kept once.
Putting away hides it from the library only: mail that was sent goes on showing it.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from campaigns import pictures
from campaigns.errors import Refused
from campaigns.models import Media
from campaigns.pictures import Picture

_LOCK = 0x6D656469  # "medi": one upload at a time counts an organization's storage


@dataclass(frozen=True, slots=True)
class Added:
    """`is_new`: False when this very picture was in the library before."""

    media: Media
    is_new: bool


def add(*, organization: Organization, name: str, data: bytes, actor: User | None, alt: str = "") -> Added:
    """Take a picture into the library. Raises Refused with what to do."""
    try:
        picture = pictures.make(data)
    except pictures.Unusable as error:
        raise Refused(f"{_name(name)}: {error}") from error
    return _keep(organization=organization, name=name, picture=picture, actor=actor, alt=alt)


@transaction.atomic
def _keep(*, organization: Organization, name: str, picture: Picture, actor: User | None, alt: str) -> Added:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, organization.pk % 2_147_483_647])
    known = Media.objects.filter(organization=organization, sha256=picture.sha256).first()
    if known is not None:
        if known.archived_at is not None:
            known.archived_at = None
            known.save(update_fields=["archived_at"])
        return Added(known, is_new=False)
    used = Media.objects.filter(organization=organization).aggregate(n=Sum("size"))["n"] or 0
    room = settings.MEDIA_QUOTA_MB * 1024 * 1024
    if used + len(picture.data) > room:
        raise Refused(
            f"{_name(name)}: There is no room for it. {used / 1048576:.1f} of {settings.MEDIA_QUOTA_MB} MB are used. "
            "Ask whoever runs this installation for more."
        )
    stem = f"{organization.public_id}/{picture.sha256[:32]}"
    for suffix, content in (("", picture.data), *((f"-{width}", copy) for width, copy in picture.copies)):
        _store(f"{stem}{suffix}.{picture.suffix}", content)
    media = Media.objects.create(
        organization=organization,
        name=_name(name),
        alt=_words(alt),
        file=f"{stem}.{picture.suffix}",
        content_type=picture.content_type,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        size=len(picture.data),
        uploaded_by=actor,
    )
    audit.record(organization=organization, actor=actor, verb="campaigns.picture_added", target=media)
    return Added(media, is_new=True)


def _store(name: str, content: bytes) -> None:
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(content))


@transaction.atomic
def describe(*, media: Media, name: str, alt: str, actor: User) -> None:
    """Its name in the library, and the words for those who do not see it."""
    media.name, media.alt = _name(name), _words(alt)
    media.save(update_fields=["name", "alt"])
    audit.record(organization=media.organization, actor=actor, verb="campaigns.picture_described", target=media)


@transaction.atomic
def put_away(*, media: Media, actor: User) -> None:
    """Hide it from the library. Designs and mails that show it go on doing so."""
    if Media.objects.filter(pk=media.pk, archived_at=None).update(archived_at=timezone.now()):
        audit.record(organization=media.organization, actor=actor, verb="campaigns.picture_archived", target=media)


@transaction.atomic
def bring_back(*, media: Media, actor: User) -> None:
    """Undo `put_away`."""
    if Media.objects.filter(pk=media.pk).exclude(archived_at=None).update(archived_at=None):
        audit.record(organization=media.organization, actor=actor, verb="campaigns.picture_restored", target=media)


def _words(text: str) -> str:
    return " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode().split())[:300]


def _name(name: str) -> str:
    return _words(name.replace("\\", "/").rpartition("/")[2])[:200] or "Picture"
