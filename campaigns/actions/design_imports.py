"""Bringing a design in from elsewhere: a page, or a ZIP of a page and its pictures. What was left out is said."""

import base64
import binascii
from dataclasses import dataclass

from accounts.models import Brand, Organization, User
from campaigns.actions import designs, media
from campaigns.designs import bundles, guard
from campaigns.designs.bundles import Bundle
from campaigns.designs.findings import Brought, DesignError, stand_in
from campaigns.errors import BadDesign, Refused
from campaigns.models import Design
from campaigns.queries import media as library


@dataclass(frozen=True, slots=True)
class Imported:
    """`notes`: a sentence for each kind of thing that did not come along."""

    design: Design
    notes: tuple[str, ...]


def bring(*, organization: Organization, brand: Brand, name: str, page: str | bytes, actor: User) -> Imported:
    """Make a template of HTML or of a ZIP's octets. Raises Refused with what to do; then nothing was kept."""
    try:
        bundle = _bundle(page)
        brought = guard.bring_html(bundle.html)
    except DesignError as error:
        raise BadDesign(error.findings[0].message) from error
    mjml, lost = _with_pictures(brought, bundle, organization=organization, actor=actor)
    notes = [*bundle.notes, *brought.notes]
    if lost:
        shown = "; ".join(lost[:4]) + (f" and {len(lost) - 4} more" if len(lost) > 4 else "")
        notes.append(f"These pictures are missing: {shown}.")
    design = designs.create(
        organization=organization,
        brand=brand,
        name=name or brought.title or "Brought in",
        mjml=mjml,
        actor=actor,
        note="Brought in from HTML",
    )
    return Imported(design, tuple(notes))


def _bundle(page: str | bytes) -> Bundle:
    if isinstance(page, str):
        return Bundle(page, "", {}, ())
    if page.startswith(b"PK"):
        return bundles.read(page)
    return Bundle(bundles.text(page), "", {}, ())


def _with_pictures(
    brought: Brought, bundle: Bundle, *, organization: Organization, actor: User
) -> tuple[str, list[str]]:
    """The MJML with the library's addresses, and the pictures that could not be had."""
    mjml, lost = brought.mjml, []
    # From the last to the first: …/1 is the beginning of …/12.
    for number in reversed(range(len(brought.pictures))):
        address = brought.pictures[number]
        inside = address.startswith("data:")
        data = _inside(address) if inside else bundle.picture(address)
        name = f"picture-{number + 1}" if inside else address.rpartition("/")[2][-80:]
        src = ""
        if data is None:
            lost.append(f"{name} was not in what you uploaded")
        else:
            try:
                src = library.address(media.add(organization=organization, name=name, data=data, actor=actor).media)
            except Refused as refused:
                lost.append(str(refused))
        # A picture of one transparent dot keeps the place of what is missing.
        mjml = mjml.replace(stand_in(number), src or "/static/designs/missing.png")
    return mjml, lost[::-1]


def _inside(address: str) -> bytes | None:
    try:
        return base64.b64decode("".join(address.partition(",")[2].split()), validate=True)
    except (binascii.Error, ValueError):
        return None
