"""An import's life as a person drives it: upload, matching of columns, approval, cancelling. See import_work for the rest.

Policy: nothing about people changes before somebody has seen the plan and approved it. Consent is stated before people
are subscribed: on what basis, in which words, when and where.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts import public_ids
from accounts.actions import audit
from accounts.models import Organization, User
from contacts import values
from contacts.actions import import_fields, import_files, tags
from contacts.actions import topics as topic_actions
from contacts.adapters import import_tables
from contacts.enums import FieldKind, ImportState
from contacts.errors import BadImport, NotThisWay
from contacts.importing import meanings, reading
from contacts.models import Import, Topic
from contacts.queries import fields as known_fields

MAX_WORDING = 2_000
MAX_TAGS = 20  # for everybody
WORKING = (ImportState.UNPACKING, ImportState.STAGING, ImportState.APPLYING, ImportState.UNDOING)
WAITING = (
    ImportState.UNPACKING,
    ImportState.UPLOADED,
    ImportState.STAGING,
    ImportState.PLANNED,
)  # nobody is written yet
MAX_WAITING = 20  # uploads of an organization
MAX_WAITING_BYTES = 4 * 1024**3  # beyond which they take no other
OVER = (ImportState.APPLIED, ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE)
BASES = {
    "consent": "They asked for it (consent)",
    "customer": "They are customers, and this is about the like (soft opt-in)",
    "contract": "A contract or a membership says so",
}
TARGETS = (  # beside fields
    *(meanings.EMAIL, meanings.NAME, meanings.LANGUAGE, meanings.STATUS, meanings.TAGS, meanings.SKIP, meanings.NEW),
    *meanings.EVIDENCE,
)


@dataclass(frozen=True, slots=True)
class Consent:
    """What the importer states for the people who get subscribed. `basis` is a key of BASES."""

    basis: str
    wording: str
    source: str
    given_on: date


@dataclass(frozen=True, slots=True)
class Match:
    """One column's meaning: `to` as in meanings; `label` and `kind` for a field to be made."""

    column: int
    to: str
    date_order: str = "ymd"
    label: str = ""
    kind: str = "text"


def receive(*, organization: Organization, file_name: str, chunks: Iterable[bytes], actor: User | None) -> Import:
    """Keep one uploaded file; see receive_many."""
    return receive_many(organization=organization, uploads=[(file_name, chunks)], actor=actor)


@transaction.atomic
def receive_many(*, organization: Organization, uploads: Sequence[import_files.Upload], actor: User | None) -> Import:
    """Keep what is uploaded: one file, or several that belong together. Raises BadImport.

    A plain table is looked at now and its columns guessed (UPLOADED); everything else is for the worker (UNPACKING).
    """
    _check_waiting(organization)
    named = [(_file_name(name), chunks) for name, chunks in uploads]
    import_ = Import(
        organization=organization,
        public_id=public_ids.new(),
        file_name=", ".join(name for name, _ in named)[:300],
        created_by=actor,
    )
    try:
        import_files.keep(import_, named)
        if import_files.is_plain(import_):
            import_files.make_table(import_, import_files.known_of(import_))
            import_.state = ImportState.UPLOADED
        else:
            import_.state, import_.started_at = ImportState.UNPACKING, timezone.now()
        import_.save()
        topic_actions.ensure_first(organization=organization, actor=actor)
    except BaseException as trouble:
        for path in (import_files.upload_of(import_), import_files.path_of(import_)):
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


def as_guessed(import_: Import) -> list[Match]:
    """The columns as they stand: what somebody says who changes nothing."""
    names = import_.dialect["columns"]
    return [
        Match(one["column"], one["to"], one["date_order"], names[one["column"]], one["kind"]) for one in import_.mapping
    ]


@transaction.atomic
def match_columns(
    *,
    import_: Import,
    matches: Sequence[Match],
    topics: Sequence[Topic],
    consent: Consent | None,
    actor: User | None,
    tag_names: Iterable[str] = (),
) -> None:
    """Say what the columns mean, whom to subscribe and which tags all get, and have the file read. Raises Refused."""
    import_ = _locked(import_, ImportState.UPLOADED)
    mapping = _checked(import_, matches)
    names = list({name.lower(): name for name in map(tags.clean, reversed(list(tag_names))) if name}.values())[::-1]
    if len(names) > MAX_TAGS:
        raise BadImport(f"Choose at most {MAX_TAGS} tags for everybody.")
    if topics and consent is None:
        raise BadImport("Say how these people agreed before they are subscribed.")
    if topics and consent is not None:
        _check_consent(consent)
    import_fields.plan(import_.organization, mapping)
    import_.mapping, import_.tags = mapping, names
    import_.consent = _kept(consent, topics) if topics and consent is not None else {}
    import_.state, import_.started_at = ImportState.STAGING, timezone.now()
    import_.rows_staged = import_.rows_applied = import_.applied_through = 0
    import_.plan, import_.result, import_.problem, import_.worker = {}, {}, "", ""
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
    """Let a reviewed plan be applied; makes its tags and fields. Raises NotThisWay."""
    import_ = _locked(import_, ImportState.PLANNED)
    import_fields.make(import_, actor)
    tags.ensure(import_.organization, [*import_.plan.get("tags", {}), *import_.tags])
    import_.state, import_.started_at, import_.worker = ImportState.APPLYING, timezone.now(), ""
    import_.finished_at = None
    import_.save(update_fields=["mapping", "state", "started_at", "worker", "finished_at"])
    audit.record(
        organization=import_.organization,
        actor=actor,
        verb="contacts.import_approved",
        target=import_,
        data={"plan": counts_of(import_.plan), "consent": import_.consent, "tags": import_.tags},
    )


@transaction.atomic
def cancel(*, import_: Import, actor: User | None) -> None:
    """Stop an import. People who were written already stay; the rest is not touched. Waits for the batch in progress."""
    import_ = Import.objects.select_for_update().get(pk=import_.pk)
    if import_.state in OVER:
        raise NotThisWay("This import is over already.")
    if import_.state == ImportState.UNDOING:
        raise NotThisWay("This import is being taken back. That goes on to its end.")
    import_.state, import_.finished_at, import_.worker = ImportState.CANCELLED, timezone.now(), ""
    import_.save(update_fields=["state", "finished_at", "worker"])
    import_files.discard(import_)
    import_fields.take_away_if_nothing_was_done(import_, actor)
    audit.record(
        organization=import_.organization,
        actor=actor,
        verb="contacts.import_cancelled",
        target=import_,
        data={"rows_applied": import_.rows_applied},
    )


def counts_of(plan: Mapping[str, object]) -> dict[str, object]:
    """The plain numbers of a plan, as the audit log keeps them."""
    return {name: n for name, n in plan.items() if isinstance(n, int) and name != "last_line"}


def _check_waiting(organization: Organization) -> None:
    waiting = Import.objects.filter(organization=organization, state__in=WAITING)
    held = waiting.aggregate(n=Count("pk"), size=Coalesce(Sum("file_size"), 0))
    if held["n"] >= MAX_WAITING or held["size"] >= MAX_WAITING_BYTES:
        raise BadImport(
            f"{held['n']} uploads wait here to be gone on with ({filesizeformat(held['size'])}), which is as much as is kept."
            " Import or cancel some of them first."
        )


def _file_name(given: str) -> str:
    return Path(given.replace("\x00", "").replace("\\", "/")).name[-200:] or "people.csv"


def _locked(import_: Import, state: ImportState) -> Import:
    import_ = Import.objects.select_for_update(of=("self",)).select_related("organization").get(pk=import_.pk)
    if import_.state != state:
        raise NotThisWay(f"This import is at “{ImportState(import_.state).label}” by now. Look at the page again.")
    return import_


def _checked(import_: Import, matches: Sequence[Match]) -> list[dict[str, Any]]:
    columns = import_.dialect["columns"]
    own = known_fields.keys(import_.organization)
    seen: dict[str, str] = {}
    labels: set[str] = set()
    mapping: list[dict[str, Any]] = []
    for match in matches:
        if not 0 <= match.column < len(columns):
            raise BadImport("The file has no such column.")
        name = columns[match.column]
        if match.to.startswith("field:") and match.to[6:] not in own:
            raise BadImport(f"{name}: that field does not exist any more.")
        if not match.to.startswith("field:") and match.to not in TARGETS:
            raise BadImport(f"{name}: choose what the column means.")
        if match.to not in (meanings.SKIP, meanings.NEW) and match.to in seen:
            raise BadImport(f"{seen[match.to]} and {name} cannot mean the same. Skip one of them.")
        if match.date_order not in values.DATE_ORDERS:
            raise BadImport(f"{name}: choose the order of the date.")
        label = " ".join((match.label or name).split())
        if match.to == meanings.NEW:
            if label.casefold() in labels:
                raise BadImport(f"Two new fields cannot both be called {label}.")
            labels.add(label.casefold())
        seen[match.to] = name
        choices = import_.mapping[match.column].get("choices", []) if match.kind == FieldKind.MULTI else []
        if match.to == meanings.NEW and match.kind in (FieldKind.CHOICE, FieldKind.MULTI) and not choices:
            raise BadImport(f"{name}: a list needs choices. Make the field first, or choose another kind.")
        mapping.append(asdict(match) | {"label": label, "choices": choices})
    if meanings.EMAIL not in seen:
        raise BadImport("Say which column holds the e-mail address.")
    if meanings.NAME in seen and (meanings.FIRST in seen or meanings.LAST in seen):
        raise BadImport(
            f"{seen[meanings.NAME]} is split in first and last name: skip it, or skip the columns of those."
        )
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
