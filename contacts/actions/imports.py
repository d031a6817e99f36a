"""An import's life as a person drives it: upload, matching of columns, approval, cancelling. See import_work for the rest.

Policy: nothing about people changes before somebody has seen the plan and approved it. Consent is stated before people
are subscribed: on what basis, in which words, when and where.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import public_ids
from accounts.actions import audit
from accounts.models import Organization, User
from contacts import values
from contacts.actions import fields as field_actions
from contacts.actions import topics as topic_actions
from contacts.adapters import import_tables
from contacts.enums import ImportState
from contacts.errors import BadImport, NotThisWay, Refused
from contacts.importing import guessing, reading, sniffing
from contacts.models import Import, Topic
from contacts.queries import fields as known_fields

MAX_BYTES = 2 * 1024**3
MAX_WORDING = 2_000
WORKING = (ImportState.STAGING, ImportState.APPLYING)
OVER = (ImportState.APPLIED, ImportState.FAILED, ImportState.CANCELLED)
BASES = {
    "consent": "They asked for it (consent)",
    "customer": "They are customers, and this is about the like (soft opt-in)",
    "contract": "A contract or a membership says so",
}
_BINARY = {
    b"PK\x03\x04": "This is an Excel workbook or a ZIP file. In Excel, choose “Save as” and “CSV UTF-8”; unpack a ZIP first.",
    b"\xd0\xcf\x11\xe0": "This is an old Excel workbook. In Excel, choose “Save as” and “CSV UTF-8”.",
    b"%PDF": "This is a PDF. People can be imported from a CSV file.",
    b"\x89PNG": "This is a picture. People can be imported from a CSV file.",
    b"\xff\xd8\xff": "This is a picture. People can be imported from a CSV file.",
    b"\x1f\x8b": "This file is compressed. Unpack it first.",
}


@dataclass(frozen=True, slots=True)
class Consent:
    """What the importer states for the people who get subscribed. `basis` is a key of BASES."""

    basis: str
    wording: str
    source: str
    given_on: date


@dataclass(frozen=True, slots=True)
class Match:
    """One column's meaning: `to` as in guessing.Guess; `label` and `kind` for a field to be made."""

    column: int
    to: str
    date_order: str = "ymd"
    label: str = ""
    kind: str = "text"


def path_of(import_: Import) -> Path:
    return Path(settings.UPLOAD_DIR) / str(import_.organization_id) / f"{import_.public_id}.csv"


@transaction.atomic
def receive(*, organization: Organization, file_name: str, chunks: Iterable[bytes], actor: User | None) -> Import:
    """Keep an uploaded file, look at its beginning and guess what its columns mean. Raises BadImport."""
    import_ = Import(
        organization=organization,
        public_id=public_ids.new(),
        file_name=Path(file_name.replace("\x00", "")).name[-300:] or "people.csv",
        created_by=actor,
    )
    path = path_of(import_)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        import_.file_size, import_.fingerprint, lines = _keep(path, chunks)
        seen = sniffing.glimpse(path)
        import_.dialect = {**asdict(seen.layout), "columns": list(seen.header), "lines": lines}
        known = [guessing.Known(f.key, f.label, f.kind) for f in known_fields.known(organization)]
        import_.mapping = [
            {"column": index, "to": guess.to, "kind": guess.kind, "date_order": guess.date_order}
            for index, guess in enumerate(guessing.guess(seen.header, seen.rows, known))
        ]
        import_.save()
        topic_actions.ensure_first(organization=organization, actor=actor)
    except BaseException as trouble:
        path.unlink(missing_ok=True)
        if isinstance(trouble, reading.Unreadable):
            raise BadImport(str(trouble)) from trouble
        raise
    audit.record(
        organization=organization,
        actor=actor,
        verb="contacts.import_uploaded",
        target=import_,
        data={"file": import_.file_name, "bytes": import_.file_size, "sha256": import_.fingerprint},
    )
    return import_


@transaction.atomic
def match_columns(
    *,
    import_: Import,
    matches: Sequence[Match],
    topics: Sequence[Topic],
    consent: Consent | None,
    actor: User | None,
) -> None:
    """Say what the columns mean and whom to subscribe, make the new fields, and have the file read. Raises Refused."""
    import_ = _locked(import_, ImportState.UPLOADED)
    mapping = _checked(import_, matches)
    if topics and consent is None:
        raise BadImport("Say how these people agreed before they are subscribed.")
    if topics and consent is not None:
        _check_consent(consent)
    organization = import_.organization
    for column in mapping:
        if column["to"] == guessing.NEW:
            field = field_actions.create(
                organization=organization, label=str(column["label"]), kind=str(column["kind"]), actor=actor
            )
            column["to"] = f"field:{field.key}"
    import_.mapping = mapping
    import_.consent = _kept(consent, topics) if topics and consent is not None else {}
    import_.state, import_.started_at = ImportState.STAGING, timezone.now()
    import_.rows_staged = import_.rows_applied = import_.applied_through = 0
    import_.plan, import_.problem, import_.worker = {}, "", ""
    import_.save()


@transaction.atomic
def rematch(*, import_: Import) -> None:
    """Go back from the plan to the columns; what was read is forgotten, nothing else had changed."""
    import_ = _locked(import_, ImportState.PLANNED)
    import_tables.forget(import_.pk)
    import_.state, import_.rows_staged, import_.plan = ImportState.UPLOADED, 0, {}
    import_.save(update_fields=["state", "rows_staged", "plan"])


@transaction.atomic
def approve(*, import_: Import, actor: User | None) -> None:
    """Let a reviewed plan be applied."""
    import_ = _locked(import_, ImportState.PLANNED)
    import_.state, import_.started_at, import_.worker = ImportState.APPLYING, timezone.now(), ""
    import_.save(update_fields=["state", "started_at", "worker"])
    audit.record(
        organization=import_.organization,
        actor=actor,
        verb="contacts.import_approved",
        target=import_,
        data={"plan": import_.plan, "consent": import_.consent},
    )


@transaction.atomic
def cancel(*, import_: Import, actor: User | None) -> None:
    """Stop an import. People who were written already stay; the rest is not touched. Waits for the batch in progress."""
    import_ = Import.objects.select_for_update().get(pk=import_.pk)
    if import_.state in OVER:
        raise NotThisWay("This import is over already.")
    import_.state, import_.finished_at, import_.worker = ImportState.CANCELLED, timezone.now(), ""
    import_.save(update_fields=["state", "finished_at", "worker"])
    discard_file(import_)
    audit.record(
        organization=import_.organization,
        actor=actor,
        verb="contacts.import_cancelled",
        target=import_,
        data={"rows_applied": import_.rows_applied},
    )


def discard_file(import_: Import) -> None:
    """People's data is kept no longer than needed: the upload goes when the import is over."""
    path = path_of(import_)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def fields_of(import_: Import) -> dict[str, values.FieldKind]:
    """The organization's fields by key."""
    return {field.key: field for field in known_fields.known(import_.organization, archived=True)}


def _locked(import_: Import, state: ImportState) -> Import:
    import_ = Import.objects.select_for_update().select_related("organization").get(pk=import_.pk)
    if import_.state != state:
        raise NotThisWay(f"This import is at “{ImportState(import_.state).label}” by now. Look at the page again.")
    return import_


def _keep(path: Path, chunks: Iterable[bytes]) -> tuple[int, str, int]:
    """Write the upload; (bytes, SHA-256, lines)."""
    digest, size, lines = hashlib.sha256(), 0, 0
    with path.open("xb") as file:
        for chunk in chunks:
            if size == 0:
                _refuse_binary(chunk)
            size += len(chunk)
            if size > MAX_BYTES:
                raise BadImport(f"The file is larger than {MAX_BYTES // 1024**3} GB. Split it.")
            digest.update(chunk)
            lines += chunk.count(b"\n")
            file.write(chunk)
    if size == 0:
        raise BadImport("The file is empty: there is not one row in it.")
    return size, digest.hexdigest(), lines


def _refuse_binary(head: bytes) -> None:
    for magic, words in _BINARY.items():
        if head.startswith(magic):
            raise BadImport(words)


def _checked(import_: Import, matches: Sequence[Match]) -> list[dict[str, object]]:
    columns = import_.dialect["columns"]
    own = fields_of(import_)
    seen: dict[str, str] = {}
    labels: set[str] = set()
    mapping: list[dict[str, object]] = []
    for match in matches:
        if not 0 <= match.column < len(columns):
            raise BadImport("The file has no such column.")
        name = columns[match.column]
        if match.to.startswith("field:") and match.to[6:] not in own:
            raise BadImport(f"{name}: that field does not exist any more.")
        if not match.to.startswith("field:") and match.to not in (
            guessing.EMAIL,
            guessing.LANGUAGE,
            guessing.SKIP,
            guessing.NEW,
        ):
            raise BadImport(f"{name}: choose what the column means.")
        if match.to not in (guessing.SKIP, guessing.NEW) and match.to in seen:
            raise BadImport(f"{seen[match.to]} and {name} cannot mean the same. Skip one of them.")
        if match.date_order not in values.DATE_ORDERS:
            raise BadImport(f"{name}: choose the order of the date.")
        label = " ".join((match.label or name).split())
        if match.to == guessing.NEW:
            if label.casefold() in labels:
                raise BadImport(f"Two new fields cannot both be called {label}.")
            labels.add(label.casefold())
        seen[match.to] = name
        mapping.append(
            {
                "column": match.column,
                "to": match.to,
                "date_order": match.date_order,
                "label": label,
                "kind": match.kind,
            }
        )
    if guessing.EMAIL not in seen:
        raise BadImport("Say which column holds the e-mail address.")
    return mapping


def _check_consent(consent: Consent) -> None:
    if consent.basis not in BASES:
        raise BadImport("Choose why you may write to these people.")
    if not consent.source.strip():
        raise BadImport("Say where these people agreed: a form, a shop, an event.")
    if not consent.wording.strip():
        raise BadImport("Write the words that these people saw or signed.")
    if len(consent.wording) > MAX_WORDING or len(consent.source) > MAX_WORDING:
        raise BadImport(f"Keep the statement under {MAX_WORDING:,} characters.")
    if consent.given_on > timezone.now().date():
        raise BadImport("The day of the consent lies in the future.")


def _kept(consent: Consent, topics: Sequence[Topic]) -> Mapping[str, object]:
    return {
        "topics": [topic.pk for topic in topics],
        "basis": consent.basis,
        "wording": consent.wording.strip(),
        "source": consent.source.strip(),
        "date": consent.given_on.isoformat(),
    }


__all__ = [
    "BASES",
    "Consent",
    "Match",
    "Refused",
    "approve",
    "cancel",
    "match_columns",
    "path_of",
    "receive",
    "rematch",
]
