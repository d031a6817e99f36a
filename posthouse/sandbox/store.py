"""What the sandbox remembers, in one SQLite file: mail it accepted, mail to look at, records that people published.

Policy: a receiver's log is worth something only if it is written before the reply. So `Ledger` commits first, many
conversations in one commit, and a killed sandbox knows every message that it ever said 250 to.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from posthouse.sandbox.zone import Record

KEPT_BULK = 2_000
KEPT_LETTERS = 5_000
KINDS = ("A", "AAAA", "CNAME", "MX", "TXT")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accepted (
    id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, rcpt TEXT NOT NULL, sender TEXT NOT NULL,
    provider TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS kept (
    id INTEGER PRIMARY KEY, mailbox TEXT NOT NULL, sender TEXT NOT NULL, from_ TEXT NOT NULL, subject TEXT NOT NULL,
    message_id TEXT NOT NULL, provider TEXT NOT NULL, bulk INTEGER NOT NULL, at REAL NOT NULL, raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS kept_mailbox ON kept (mailbox, id);
CREATE INDEX IF NOT EXISTS kept_bulk ON kept (bulk, id);
CREATE TABLE IF NOT EXISTS record (
    name TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (name, kind, value)
);
"""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One recipient of one message that a provider said 250 to."""

    message_id: str
    rcpt: str
    sender: str
    provider: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A message to look at. `raw` is empty in lists; `at` in seconds since 1970."""

    id: int = 0
    mailbox: str
    sender: str
    from_: str
    subject: str
    message_id: str
    provider: str
    bulk: bool
    at: float
    raw: bytes = b""


class Store:
    """The file, opened by one thread. Several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- the receivers' log

    def write(self, accepted: list[Accepted], kept: list[Kept]) -> None:
        """Log what is about to be accepted, and keep what may be looked at, in one commit."""
        with self._transaction():
            self._db.executemany(
                "INSERT INTO accepted (message_id, rcpt, sender, provider, at) VALUES (?, ?, ?, ?, ?)",
                [(a.message_id, a.rcpt, a.sender, a.provider, a.at) for a in accepted],
            )
            self._db.executemany(
                "INSERT INTO kept (mailbox, sender, from_, subject, message_id, provider, bulk, at, raw)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        k.mailbox,
                        k.sender,
                        k.from_,
                        k.subject,
                        k.message_id,
                        k.provider,
                        k.bulk,
                        k.at,
                        zlib.compress(k.raw, 1),
                    )
                    for k in kept
                ],
            )

    def tidy(self) -> None:
        """Forget the oldest of what is only kept to look at."""
        with self._transaction():
            for bulk, most in ((1, KEPT_BULK), (0, KEPT_LETTERS)):
                self._db.execute(
                    "DELETE FROM kept WHERE bulk = ?"
                    " AND id <= (SELECT id FROM kept WHERE bulk = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                    (bulk, bulk, most),
                )

    def accepted(self, *, since: float = 0.0) -> Iterator[Accepted]:
        """Everything that was accepted, in order: the proof that harnesses compare with the sender's ledger."""
        rows = self._db.execute(
            "SELECT message_id, rcpt, sender, provider, at FROM accepted WHERE at >= ? ORDER BY id", (since,)
        )
        for message_id, rcpt, sender, provider, at in rows:
            yield Accepted(message_id=message_id, rcpt=rcpt, sender=sender, provider=provider, at=at)

    def counts(self) -> dict[str, int]:
        """How many messages each provider accepted."""
        return dict(self._db.execute("SELECT provider, count(*) FROM accepted GROUP BY provider ORDER BY provider"))

    def forget_mail(self) -> None:
        """Empty all mailboxes and the log; published records stay."""
        with self._transaction():
            self._db.execute("DELETE FROM accepted")
            self._db.execute("DELETE FROM kept")

    # --- the inbox

    def messages(self, *, mailbox: str = "", search: str = "", limit: int = 50, before: int = 0) -> list[Kept]:
        """The newest messages, without their text: of one mailbox or of all, with `search` in address or subject.
        `before`: an id, for the next page.
        """
        like = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._db.execute(
            "SELECT id, mailbox, sender, from_, subject, message_id, provider, bulk, at FROM kept"
            " WHERE (:mailbox = '' OR mailbox = :mailbox) AND (:before = 0 OR id < :before)"
            " AND (:search = '' OR mailbox LIKE :like ESCAPE '\\' OR subject LIKE :like ESCAPE '\\')"
            " ORDER BY id DESC LIMIT :limit",
            {"mailbox": mailbox, "before": before, "search": search, "like": like, "limit": limit},
        )
        return [self._kept(row, b"") for row in rows]

    def message(self, message_id: int) -> Kept | None:
        """One message with its text."""
        row = self._db.execute(
            "SELECT id, mailbox, sender, from_, subject, message_id, provider, bulk, at, raw FROM kept WHERE id = ?",
            (message_id,),
        ).fetchone()
        return self._kept(row[:-1], zlib.decompress(row[-1])) if row else None

    @staticmethod
    def _kept(row: tuple, raw: bytes) -> Kept:  # type: ignore[type-arg]
        return Kept(
            id=row[0], mailbox=row[1], sender=row[2], from_=row[3], subject=row[4],
            message_id=row[5], provider=row[6], bulk=bool(row[7]), at=row[8], raw=raw,
        )  # fmt: skip

    # --- published records

    def publish(self, records: list[Record]) -> None:
        """Put records into the DNS. Each replaces what stands at its name and type (a CNAME replaces everything there)."""
        with self._transaction():
            for name, kind in {(r.name.rstrip(".").lower(), r.kind.upper()) for r in records}:
                self._db.execute(
                    "DELETE FROM record WHERE name = ? AND (kind = ? OR kind = 'CNAME' OR ? = 'CNAME')",
                    (name, kind, kind),
                )
            for record in records:
                if record.kind.upper() not in KINDS:
                    raise ValueError(f"{record.kind} records are not kept here; {', '.join(KINDS)} are")
                self._db.execute(
                    "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)",
                    (record.name.rstrip(".").lower(), record.kind.upper(), record.value, time.time()),
                )

    def withdraw(self, name: str, kind: str = "") -> None:
        """Take records out of the DNS again."""
        with self._transaction():
            self._db.execute(
                "DELETE FROM record WHERE name = ? AND (? = '' OR kind = ?)",
                (name.rstrip(".").lower(), kind, kind.upper()),
            )

    def records(self, name: str = "") -> list[Record]:
        """What was published, at one name or everywhere."""
        if name:
            rows = self._db.execute("SELECT name, kind, value FROM record WHERE name = ? ORDER BY kind, value", (name,))
        else:
            rows = self._db.execute("SELECT name, kind, value FROM record ORDER BY name, kind, value")
        return [Record(*row) for row in rows]


class Ledger:
    """Writes the receivers' log: `await write(...)` returns when it is committed. One thread, one commit for all who wait."""

    def __init__(self, path: Path, *, tidy_every: int = 500) -> None:
        self._path = path
        self._tidy_every = tidy_every
        self._queue: queue.SimpleQueue[tuple[list[Accepted], list[Kept], asyncio.Future[None]] | None] = (
            queue.SimpleQueue()
        )
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="sandbox ledger", daemon=True)
        self._thread.start()

    async def write(self, accepted: list[Accepted], kept: list[Kept]) -> None:
        """Raises OSError or sqlite3.Error when it could not be written: then nothing may be accepted."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((accepted, kept, done))
        await done

    async def close(self) -> None:
        """Write what is waiting, and end."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        store = Store(self._path)
        written = 0
        running = True
        while running:
            batch = [self._queue.get()]
            while len(batch) < 500:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            running = None not in batch
            work = [item for item in batch if item is not None]
            error: Exception | None = None
            try:
                if work:
                    store.write([a for item in work for a in item[0]], [k for item in work for k in item[1]])
            except Exception as caught:  # noqa: BLE001  (disk full, file broken: told to each who waits)
                error = caught
            self._loop.call_soon_threadsafe(_settle, [item[2] for item in work], error)
            written += len(work)
            if written >= self._tidy_every and error is None:
                written = 0
                with contextlib.suppress(sqlite3.Error):
                    store.tidy()
        store.close()


def _settle(futures: "list[asyncio.Future[None]]", error: Exception | None) -> None:
    for future in futures:
        if not future.done():
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
