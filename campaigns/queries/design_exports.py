"""A design as files to take along: MJML, HTML, or a ZIP of both with its pictures."""

import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import default_storage

from campaigns.designs import bundles, guard
from campaigns.models import Design
from campaigns.queries import brand_kits

_OURS = r"(?P<path>/(?:media/[A-Za-z0-9_-]{1,20}|static/designs(?:/social)?)/(?P<name>[A-Za-z0-9_-]+\.(?:png|jpg|gif)))"


def mjml(design: Design) -> str:
    """The design with the brand's kit written out and whole addresses: any MJML tool takes it."""
    return brand_kits.dressed(design.mjml, design.brand)


def html(design: Design) -> str:
    """As it would be sent, with its merge fields. Raises DesignError."""
    return guard.compile_design(mjml(design)).html


def archive(design: Design) -> bytes:
    """index.html, design.mjml and pictures/. Pictures of other servers stay there. Raises DesignError."""
    base = re.escape(brand_kits.pictures_base(design.brand).rstrip("/"))
    files: dict[str, bytes] = {}

    def taken(found: re.Match[str]) -> str:
        content = _picture(found["path"])
        if content is None:
            return found[0]
        files[f"pictures/{found['name']}"] = content
        return f"pictures/{found['name']}"

    page = re.sub(base + _OURS, taken, html(design))
    return bundles.write({"index.html": page.encode(), "design.mjml": mjml(design).encode()} | files)


def _picture(path: str) -> bytes | None:
    try:
        if path.startswith(settings.MEDIA_URL):
            with default_storage.open(path.removeprefix(settings.MEDIA_URL)) as stored:
                return bytes(stored.read())
        found = finders.find(path.removeprefix(settings.STATIC_URL))
        if isinstance(found, str):
            return Path(found).read_bytes()
    except OSError:
        return None
    return None
