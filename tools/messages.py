"""Collects what recipients read from the code and the templates, and compiles the translations: `make messages`.

By Babel alone, so that a fresh machine needs no gettext. A new message comes into every `.po` empty; its translations are
written there by hand, and the same command then compiles them. `tests/tools/test_messages.py` tells what is missing.
"""

import io
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import django
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "contacts", "sending", "reputation", "campaigns", "posthouse")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
WIDTH = 120
BEGINNING = datetime(2026, 11, 22, tzinfo=UTC)


def places() -> dict[str, Path]:
    """Language -> its `.po`. English is what stands in the code and has none."""
    return {
        code: ROOT / "locale" / code / "LC_MESSAGES" / "django.po"
        for code, _name in settings.LANGUAGES
        if code != settings.LANGUAGE_CODE
    }


def collect() -> Catalog:
    """Every message of the code and the templates, with the files that it stands in."""
    template = Catalog(charset="utf-8")
    for path, source in _sources():
        for line, message, comments, context in extract("python", io.BytesIO(source), KEYWORDS, ["Translators:"]):
            template.add(message, None, [(str(path), line)], auto_comments=comments, context=context)
    return template


def _sources() -> Iterator[tuple[Path, bytes]]:
    from django.utils.translation.template import templatize

    for path in sorted((ROOT / "templates").rglob("*.html")) + sorted((ROOT / "templates").rglob("*.txt")):
        text = path.read_text(encoding="utf-8")
        if "i18n" in text:
            # What is no message comes out as a litter of letters; without indentation it still reads as Python.
            code = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
            yield path.relative_to(ROOT), code.encode()
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            source = path.read_bytes()
            if b"gettext" in source:
                yield path.relative_to(ROOT), source


def read(path: Path) -> Catalog:
    """A catalogue as it lies on the disk; an empty one when there is none yet."""
    if not path.exists():
        return Catalog(locale=path.parent.parent.name, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=path.parent.parent.name)


def write(path: Path, catalog: Catalog) -> None:
    """As it shall lie in the repository: nothing in it but messages changes from one day to the next."""
    catalog.header_comment = (
        f"# Posthouse in {catalog.locale.english_name}: what recipients read. See tools/messages.py."
    )
    catalog.project, catalog.version, catalog.msgid_bugs_address = "Posthouse", "1", "-"
    catalog.last_translator, catalog.language_team = "-", "-"
    catalog.creation_date = catalog.revision_date = BEGINNING
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pofile.write_po(file, catalog, width=WIDTH, ignore_obsolete=True, sort_by_file=True, include_lineno=False)


def untranslated(catalog: Catalog) -> list[str]:
    """The messages without a translation, or with a plural form that has none."""
    strings = {m.id: (m.string,) if isinstance(m.string, str) else tuple(m.string or ()) for m in catalog if m.id}
    return [str(id_) for id_, texts in strings.items() if not texts or not all(texts)]


def compiled(catalog: Catalog) -> bytes:
    """The `.mo` of a catalogue."""
    file = io.BytesIO()
    mofile.write_mo(file, catalog)
    return file.getvalue()


def main() -> int:
    template, missing = collect(), 0
    for code, path in places().items():
        catalog = read(path)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        write(path, catalog)
        path.with_suffix(".mo").write_bytes(compiled(read(path)))
        empty = untranslated(catalog)
        missing += len(empty)
        print(f"{code}: {len(catalog)} messages" + "".join(f"\n  not translated: {one!r}" for one in empty))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    os.environ.setdefault("SANDBOX", "1")
    django.setup()
    sys.exit(main())
