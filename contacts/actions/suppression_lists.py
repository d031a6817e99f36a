"""A list of addresses for the do-not-send list: kept for a while, planned, and then put on it.

Policy: nothing is added before somebody has seen what would be. A reason that the file gives is believed if we know the word;
else the reason that was chosen counts. Nobody is taken off the list by a file, and nobody is forgotten by one.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts import public_ids
from accounts.actions import audit
from accounts.models import Organization, User
from contacts import addresses
from contacts.actions import suppressions
from contacts.enums import SuppressionReason
from contacts.errors import BadImport
from contacts.importing import reading, sniffing, statuses
from contacts.importing.names import plain
from contacts.models import Topic
from contacts.queries import suppressions as listed

MAX_BYTES = 30 * 1024**2
MAX_ROWS = 250_000
EXAMPLES = 20
KEEP = timedelta(hours=24)
REASON_COLUMNS = {"reason", "status", "type", "grund", "raison", "motivo", "state", "kind"}
EVIDENCE_COLUMNS = {"evidence", "note", "comment", "why", "description", "message", "response", "bericht", "details"}
TOPIC_COLUMNS = {"topic", "list", "listname", "liste", "lista"}
OF_STATUS = {  # the words of other services
    statuses.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    statuses.BOUNCED: SuppressionReason.BOUNCED,
    statuses.COMPLAINED: SuppressionReason.COMPLAINED,
    statuses.BLOCKED: SuppressionReason.IMPORTED,
    statuses.INVALID: SuppressionReason.INVALID,
}
OURS = {str(reason): reason for reason in SuppressionReason if reason != SuppressionReason.ERASED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One address that would go onto the list; `topic` is the name of one, or ""."""

    key: str
    reason: SuppressionReason
    evidence: str
    topic: str


@dataclass(slots=True)
class Plan:
    """What a list would do. `bad`: (line, what stands there, why), the first few of `invalid`."""

    rows: int = 0
    new: int = 0
    known: int = 0
    doubled: int = 0
    invalid: int = 0
    skipped: int = 0  # rows that say that somebody may get mail
    reasons: dict[SuppressionReason, int] = field(default_factory=dict)
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    columns: tuple[str, ...] = ()


def receive(*, organization: Organization, chunks: Iterable[bytes]) -> str:
    """Keep an uploaded or pasted list; its name for `plan` and `add`. Raises BadImport."""
    name = public_ids.new()
    path = _path(organization, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _forget_old(path.parent)
    try:
        size = 0
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_BYTES:
                    raise BadImport(f"The list is larger than {MAX_BYTES // 1024**2} MB. Split it.")
                file.write(chunk)
        if size == 0:
            raise BadImport("The list is empty.")
        for _ in _entries(path, SuppressionReason.IMPORTED, Plan()):
            break  # it can be read, and has addresses in it
    except BaseException as trouble:
        path.unlink(missing_ok=True)
        if isinstance(trouble, reading.Unreadable):
            raise BadImport(str(trouble)) from trouble
        raise
    return name


def plan(*, organization: Organization, name: str, reason: SuppressionReason, topic: Topic | None) -> Plan:
    """What adding the list would do. `reason` and `topic` are for the rows that say none. Raises BadImport."""
    found = Plan()
    for (_, entry_topic), entries in _grouped(organization, name, reason, topic, found):
        by_reason = entries[0].reason
        keys = [entry.key for entry in entries]
        standing: set[str] = set()
        for start in range(0, len(keys), 10_000):
            standing |= listed.standing(organization, keys[start : start + 10_000], by_reason, entry_topic)
        found.known += len(standing)
        found.new += len(keys) - len(standing)
        found.reasons[by_reason] = found.reasons.get(by_reason, 0) + len(keys)
    return found


@transaction.atomic
def add(
    *,
    organization: Organization,
    name: str,
    reason: SuppressionReason,
    topic: Topic | None,
    evidence: str,
    actor: User | None,
) -> int:
    """Put the list on the do-not-send list, all or nothing; how many were new. `evidence` is for rows without. Raises BadImport."""
    found = Plan()
    new = 0
    for (_, entry_topic), entries in _grouped(organization, name, reason, topic, found):
        new += suppressions.put_on(
            organization=organization,
            entries=[(entry.key, entry.evidence or evidence) for entry in entries],
            reason=entries[0].reason,
            source="import",
            about=f"list {name}",
            actor=actor,
            topic=entry_topic,
        )
    audit.record(
        organization=organization,
        actor=actor,
        verb="contacts.suppression_list_added",
        data={"rows": found.rows, "new": new, "invalid": found.invalid, "why": evidence[:300]},
    )
    path = _path(organization, name)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return new


def discard(*, organization: Organization, name: str) -> None:
    _path(organization, name).unlink(missing_ok=True)


def _grouped(
    organization: Organization, name: str, reason: SuppressionReason, topic: Topic | None, found: Plan
) -> list[tuple[tuple[SuppressionReason, Topic | None], list[Entry]]]:
    """The entries by reason and topic, each address once in each."""
    path = _path(organization, name)
    if not path.exists():
        raise BadImport("The list is not there any more. Upload it again.")
    topics = {one.name.casefold(): one for one in Topic.objects.filter(organization=organization)}
    groups: dict[tuple[SuppressionReason, Topic | None], dict[str, Entry]] = {}
    for line, entry in _entries(path, reason, found):
        named = topics.get(entry.topic.casefold()) if entry.topic else topic
        if entry.topic and named is None:
            _bad(found, line, entry.key, f"There is no topic called {entry.topic[:60]}.")
            continue
        group = groups.setdefault((entry.reason, named), {})
        if entry.key in group:
            found.doubled += 1
        else:
            group[entry.key] = entry
    return [(key, list(entries.values())) for key, entries in groups.items()]


def _entries(path: Path, reason: SuppressionReason, found: Plan) -> Iterator[tuple[int, Entry]]:
    """(line, entry) of every row that names an address; the rest is counted in `found`. Raises reading.Unreadable."""
    layout, columns = _layout(path)
    found.columns = tuple(columns)
    try:
        with reading.opened(path, layout.encoding) as file:
            rows = reading.records(file, layout.separator, skip=layout.preamble)
            for number, row in enumerate(rows):
                if number == 0 and layout.has_header:
                    continue
                found.rows += 1
                if found.rows > MAX_ROWS:
                    raise BadImport(f"The list has more than {MAX_ROWS:,} rows. Split it.")
                if not isinstance(row, reading.Record):
                    _bad(found, row.line, row.text, row.why)
                    continue
                entry = _entry(row, columns, reason, found)
                if entry is not None:
                    yield row.line, entry
    except reading.Unreadable as trouble:
        raise BadImport(str(trouble)) from trouble


def _entry(row: reading.Record, columns: dict[str, int], reason: SuppressionReason, found: Plan) -> Entry | None:
    def cell(name: str) -> str:
        index = columns.get(name, -1)
        return row.cells[index].strip() if 0 <= index < len(row.cells) else ""

    typed = cell("address")
    if not typed and not any(one.strip() for one in row.cells):
        found.rows -= 1
        return None
    try:
        key = addresses.parse(typed.removeprefix("'")).key
    except addresses.InvalidAddress as bad:
        _bad(found, row.line, typed, str(bad))
        return None
    word = cell("reason")
    if word and word.lower() not in OURS:
        status = statuses.WORDS.get(plain(word))
        if status in (statuses.SUBSCRIBED, statuses.PENDING):
            found.skipped += 1
            return None
        reason = OF_STATUS.get(status, reason) if status is not None else reason
    elif word:
        reason = OURS[word.lower()]
    return Entry(key, reason, cell("evidence")[:2_000], cell("topic"))


def _layout(path: Path) -> tuple[sniffing.Layout, dict[str, int]]:
    """How to read the file, and which column is what."""
    seen = sniffing.glimpse(path)
    names = [plain(one) for one in seen.header] if seen.layout.has_header else ["" for _ in seen.header]

    def hits(index: int) -> int:
        return sum(addresses.is_address(row[index]) for row in seen.rows if index < len(row))

    best = max(range(len(names)), key=hits, default=0)
    columns = {"address": best}
    for name, words in (("reason", REASON_COLUMNS), ("evidence", EVIDENCE_COLUMNS), ("topic", TOPIC_COLUMNS)):
        for index, one in enumerate(names):
            if one in words and index != best:
                columns.setdefault(name, index)
    if "reason" not in columns:  # a list without a header may still say why
        for index in range(len(names)):
            cells = [row[index].strip() for row in seen.rows if index < len(row) and row[index].strip()]
            if index != best and cells and all(one.lower() in OURS or plain(one) in statuses.WORDS for one in cells):
                columns["reason"] = index
                break
    return seen.layout, columns


def _bad(found: Plan, line: int, text: str, why: str) -> None:
    found.invalid += 1
    if len(found.bad) < EXAMPLES:
        found.bad.append((line, text[:100], why))


def _path(organization: Organization, name: str) -> Path:
    if not name.isalnum() or len(name) > 20:
        raise BadImport("The list is not there any more. Upload it again.")
    return Path(settings.UPLOAD_DIR) / str(organization.pk) / f"do-not-send-{name}.csv"


def _forget_old(folder: Path) -> None:
    """Lists that nobody went on with: people's addresses are kept no longer than needed."""
    for path in folder.glob("do-not-send-*.csv"):
        try:
            if time.time() - path.stat().st_mtime > KEEP.total_seconds():
                path.unlink()
        except FileNotFoundError:
            continue
