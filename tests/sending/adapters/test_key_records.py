"""Asking a real name server for the keys of signatures: found, absent, silent, and remembered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from posthouse.sandbox import reports
from posthouse.sandbox.characters import load
from posthouse.sandbox.nameserver import NameServer
from posthouse.sandbox.zone import BROKEN, Zone
from sending.adapters import key_records
from sending.adapters.key_records import KeyRecords
from sending.mailroom.signatures import DnsAway, signed_by


@pytest.fixture
async def server() -> AsyncIterator[str]:
    nameserver = NameServer(Zone(load(), house_domain="posthouse.example"))
    port = await nameserver.open("127.0.0.1", 0)
    yield f"127.0.0.1:{port}"
    await nameserver.close()


async def test_a_complaint_of_the_sandbox_is_believed_by_its_key_in_the_dns(server: str) -> None:
    host = load().providers[0].mx[0]
    raw = reports.complaint(host=host, to="fbl@x.example", original=b"To: a\r\nSubject: b\r\n\r\nc\r\n")
    keys = KeyRecords(server)
    assert await asyncio.to_thread(signed_by, raw, keys) == host
    assert await asyncio.to_thread(signed_by, raw.replace(b"d=" + host.encode(), b"d=granite.example"), keys) == ""


async def test_what_is_not_there_and_what_cannot_be_told(server: str) -> None:
    keys = KeyRecords(server)
    assert await asyncio.to_thread(keys, "nothing._domainkey.granite.example") is None
    assert await asyncio.to_thread(keys, "x" * 70 + ".example") is None
    assert await asyncio.to_thread(keys, "a..b") is None
    with pytest.raises(DnsAway):
        await asyncio.to_thread(keys, f"k._domainkey.{BROKEN}")


async def test_an_answer_is_kept_for_a_while_and_silence_is_not(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_records, "LIFETIME", 0.3)
    keys = KeyRecords(server)
    name, record = reports.key_record(load().providers[0].mx[0])
    assert await asyncio.to_thread(keys, name) == record.encode()
    keys._resolver.port = 1
    assert await asyncio.to_thread(keys, name + ".") == record.encode()
    for _ in range(2):
        with pytest.raises(DnsAway):
            await asyncio.to_thread(keys, "other._domainkey.granite.example")


def test_a_server_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError):
        KeyRecords("not a server")
