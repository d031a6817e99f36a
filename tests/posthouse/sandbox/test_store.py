"""What the sandbox remembers: before the reply, within bounds, across processes and restarts."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from posthouse.sandbox import store as stores
from posthouse.sandbox.store import Accepted, Kept, Ledger, Store
from posthouse.sandbox.zone import Record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sandbox" / "world.sqlite3"


def accepted(n: int) -> Accepted:
    return Accepted(message_id=f"m{n}", rcpt=f"p{n}@x.example", sender="s@y", provider="Plainfield", at=float(n))


def kept(n: int, *, bulk: bool = False, mailbox: str = "you@inbox.example", subject: str = "Hello") -> Kept:
    return Kept(
        mailbox=mailbox,
        sender="s@y",
        from_="S",
        subject=subject,
        message_id=f"m{n}",
        provider="P",
        bulk=bulk,
        at=float(n),
        raw=b"raw %d" % n,
    )


def test_mail_can_be_read_again_by_another_process(path: Path) -> None:
    with Store(path) as writer, Store(path) as reader:
        writer.write([accepted(1), accepted(2)], [kept(1)])
        assert [a.message_id for a in reader.accepted()] == ["m1", "m2"]
        assert [a.message_id for a in reader.accepted(since=2)] == ["m2"]
        assert reader.counts() == {"Plainfield": 2}
        (message,) = reader.messages()
        assert message.raw == b""
        found = reader.message(message.id)
        assert found is not None and found.raw == b"raw 1"
        assert reader.message(99) is None


def test_search_page_and_mailbox(path: Path) -> None:
    with Store(path) as store:
        store.write([], [kept(n, subject=f"100% of {n}") for n in range(5)] + [kept(9, mailbox="o_o@inbox.example")])
        assert [m.message_id for m in store.messages(limit=2)] == ["m9", "m4"]
        assert [m.message_id for m in store.messages(limit=2, before=store.messages(limit=2)[1].id)] == ["m3", "m2"]
        assert [m.message_id for m in store.messages(search="100% of 3")] == ["m3"]
        assert [m.message_id for m in store.messages(search="o_o@")] == ["m9"]
        assert store.messages(search="%_%") == []
        assert len(store.messages(mailbox="you@inbox.example")) == 5


def test_only_so_much_is_kept_of_each_kind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "KEPT_BULK", 3)
    monkeypatch.setattr(stores, "KEPT_LETTERS", 2)
    with Store(path) as store:
        store.write([accepted(n) for n in range(9)], [kept(n, bulk=n % 2 == 0) for n in range(9)])
        store.tidy()
        assert sorted(m.message_id for m in store.messages()) == ["m4", "m5", "m6", "m7", "m8"]
        assert len(list(store.accepted())) == 9, "the receivers' log is never cut"


def test_records_replace_their_kind_and_an_alias_replaces_all(path: Path) -> None:
    with Store(path) as store:
        store.publish([Record("A.example.", "txt", "one")])
        store.publish(
            [Record("a.example", "TXT", "two"), Record("a.example", "TXT", "three"), Record("a.example", "MX", "10 x.")]
        )
        assert [r.value for r in store.records("a.example")] == ["10 x.", "three", "two"]
        store.publish([Record("a.example", "CNAME", "b.example")])
        assert [r.kind for r in store.records("a.example")] == ["CNAME"]
        store.withdraw("a.example")
        assert store.records() == []
        with pytest.raises(ValueError, match="SRV"):
            store.publish([Record("a.example", "SRV", "x"), Record("b.example", "TXT", "y")])
        assert store.records() == []


async def test_the_ledger_has_written_when_it_returns(path: Path) -> None:
    ledger = Ledger(path, tidy_every=10)
    await asyncio.gather(*(ledger.write([accepted(n)], [kept(n)]) for n in range(100)))
    with Store(path) as store:
        assert len(list(store.accepted())) == 100
    await ledger.close()


async def test_what_cannot_be_written_is_told_to_who_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Store, *_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "write", full)
    ledger = Ledger(path)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await ledger.write([accepted(1)], [])
    await ledger.close()
