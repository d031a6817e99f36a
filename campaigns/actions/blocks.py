"""Verbs of saved blocks: keep one, rename it, put it away, bring it back."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from campaigns.designs import guard, sections
from campaigns.designs import kit as kits
from campaigns.designs.findings import DesignError
from campaigns.designs.kit import Kit
from campaigns.errors import BadDesign, Refused
from campaigns.models import Block


def save(*, organization: Organization, name: str, mjml: str, actor: User) -> Block:
    """Keep sections for other designs. They must compile by themselves. Raises Refused."""
    mjml = mjml.replace("\x00", "").encode("utf-8", "replace").decode()
    try:
        mjml = sections.block_of(mjml)
        guard.compile_design(kits.dress(sections.wrapped(mjml), Kit(), base=settings.LINK_URL))
    except DesignError as error:
        raise BadDesign(f"This cannot be kept as a block: {error.findings[0].message}") from error
    try:
        with transaction.atomic():
            block = Block.objects.create(organization=organization, name=_name(name), mjml=mjml, saved_by=actor)
            audit.record(organization=organization, actor=actor, verb="campaigns.block_saved", target=block)
    except IntegrityError as error:
        raise _taken(name) from error
    return block


def rename(*, block: Block, name: str, actor: User) -> None:
    """Give it another name. Raises Refused."""
    block.name = _name(name)
    try:
        with transaction.atomic():
            block.save(update_fields=["name", "updated_at"])
            audit.record(organization=block.organization, actor=actor, verb="campaigns.block_renamed", target=block)
    except IntegrityError as error:
        raise _taken(name) from error


@transaction.atomic
def put_away(*, block: Block, actor: User) -> None:
    """Take it out of the list. Designs that have its sections keep them."""
    if Block.objects.filter(pk=block.pk, archived_at=None).update(archived_at=timezone.now()):
        audit.record(organization=block.organization, actor=actor, verb="campaigns.block_archived", target=block)


def bring_back(*, block: Block, actor: User) -> None:
    """Undo `put_away`. Raises Refused when another block took its name meanwhile."""
    try:
        with transaction.atomic():
            if Block.objects.filter(pk=block.pk).exclude(archived_at=None).update(archived_at=None):
                audit.record(
                    organization=block.organization, actor=actor, verb="campaigns.block_restored", target=block
                )
    except IntegrityError as error:
        raise _taken(block.name) from error


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())[:120]
    if not name:
        raise Refused("Give the block a name.")
    return name


def _taken(name: str) -> Refused:
    return Refused(f"There is a block called “{_name(name)}” already. Choose another name.")
