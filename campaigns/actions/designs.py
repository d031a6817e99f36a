"""Verbs of designs: make one, save it, copy it, put it away.

Policy: what somebody typed is kept even when it does not compile; and nobody overwrites what he has not seen.
"""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Brand, Organization, User
from campaigns.actions import design_versions
from campaigns.designs.source import MAX_BYTES
from campaigns.errors import Refused, StaleDesign
from campaigns.models import Campaign, Design, DesignVersion


@transaction.atomic
def create(
    *,
    organization: Organization,
    brand: Brand,
    name: str,
    mjml: str,
    actor: User | None,
    origin: Design | None = None,
    note: str = "",
) -> Design:
    """A template in the gallery. `note` says in its list of versions how it began."""
    design = Design.objects.create(
        organization=organization,
        brand=brand,
        name=_name(name),
        is_template=True,
        mjml=_text(mjml),
        origin=origin,
        saved_by=actor,
    )
    design_versions.begin(design=design, note=note or "Begun")
    audit.record(organization=organization, actor=actor, verb="campaigns.design_created", target=design)
    return design


def copy_for_campaign(
    *, design_name: str, mjml: str, campaign: Campaign, actor: User | None, origin: Design | None = None
) -> Design:
    """The content of one campaign: a copy, so that editing the template never changes a draft."""
    design = Design.objects.create(
        organization=campaign.organization,
        brand=campaign.brand,
        name=_name(design_name),
        is_template=False,
        mjml=_text(mjml),
        origin=origin,
        saved_by=actor,
    )
    design_versions.begin(design=design, note="Picked")
    return design


@transaction.atomic
def save(*, design: Design, mjml: str, version: int, actor: User, note: str = "") -> Design:
    """Save what was typed on top of `version`. Raises StaleDesign when somebody saved another text meanwhile.

    With a `note` it becomes a version of its own, so that what it replaces stays in the list.
    """
    mjml = _text(mjml)
    current = Design.objects.select_for_update().get(pk=design.pk)
    if current.mjml == mjml:
        return current
    if current.version != version and not _was(current, version):
        raise StaleDesign(current)
    return _change(current, mjml, actor, note)


@transaction.atomic
def set_aside(*, design: Design, mjml: str, actor: User) -> Design:
    """Somebody else's newer text stays; `mjml` is kept in the list of versions for whoever wants it back."""
    mjml = _text(mjml)
    current = Design.objects.select_for_update().get(pk=design.pk)
    stays, by = current.mjml, current.saved_by
    if stays == mjml:
        return current
    _change(current, mjml, actor, note="Set aside for a newer version")
    return _change(current, stays, by, note="Went on over what was set aside")


def _was(current: Design, version: int) -> bool:
    """Whether the design was in that version what it is now: something was set aside since, and nothing changed."""
    return DesignVersion.objects.filter(design=current, version=version, mjml=current.mjml).exists()


@transaction.atomic
def restore(*, design: Design, version: int, actor: User) -> Design:
    """Make what the design was in `version` the newest version. Nothing is lost: what it is now stays in the list."""
    current = Design.objects.select_for_update().get(pk=design.pk)
    old = DesignVersion.objects.filter(design=current, version=version).first()
    if old is None:
        raise Refused("There is no such version any more.")
    if old.mjml == current.mjml:
        return current
    restored = _change(current, old.mjml, actor, note=f"Version {version} brought back")
    audit.record(
        organization=design.organization,
        actor=actor,
        verb="campaigns.design_version_restored",
        target=design,
        data={"version": version},
    )
    return restored


def _change(current: Design, mjml: str, actor: User | None, note: str = "") -> Design:
    design_versions.begin(design=current, note="As it was")
    current.mjml, current.saved_by, current.version = mjml, actor, current.version + 1
    current.save(update_fields=["mjml", "saved_by", "version", "updated_at"])
    design_versions.keep(design=current, actor=actor, note=note)
    return current


@transaction.atomic
def rename(*, design: Design, name: str, actor: User) -> None:
    """Give it another name."""
    design.name = _name(name)
    design.save(update_fields=["name", "updated_at"])
    audit.record(organization=design.organization, actor=actor, verb="campaigns.design_renamed", target=design)


@transaction.atomic
def put_away(*, design: Design, actor: User) -> None:
    """Take it out of the gallery. Campaigns made from it keep their copies."""
    if Design.objects.filter(pk=design.pk, archived_at=None).update(archived_at=timezone.now(), version=F("version")):
        audit.record(organization=design.organization, actor=actor, verb="campaigns.design_archived", target=design)


@transaction.atomic
def bring_back(*, design: Design, actor: User) -> None:
    """Undo `put_away`."""
    if Design.objects.filter(pk=design.pk).exclude(archived_at=None).update(archived_at=None):
        audit.record(organization=design.organization, actor=actor, verb="campaigns.design_restored", target=design)


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())[:200]
    if not name:
        raise Refused("Give the template a name.")
    return name


def _text(mjml: str) -> str:
    if len(mjml.encode("utf-8", "replace")) > MAX_BYTES:
        raise Refused(
            f"The design is larger than {MAX_BYTES // 1024} kB, so it was not saved. Move text to a web page and link to it."
        )
    # PostgreSQL keeps no NUL, and UTF-8 no lone surrogates.
    return mjml.replace("\x00", "").encode("utf-8", "replace").decode().replace("\r\n", "\n")
