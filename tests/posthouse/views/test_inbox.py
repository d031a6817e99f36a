"""The sandbox inbox: open to all in the sandbox, not there outside of it, and safe to look at."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from posthouse.sandbox.store import Kept, Store

EVIL = (
    b'From: "<script>" <a@b.example>\r\nSubject: =?utf-8?q?=3Cb=3EHi?=\r\nMIME-Version: 1.0\r\n'
    b"List-Unsubscribe: <http://localhost:8001/u/abc>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
    b"<script>alert(1)</script> https://copperkettle.example/x\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><head></head><body><script>alert(1)</script><img src='http://evil.example/x'></body></html>\r\n--b--\r\n"
)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Store]:
    settings.SANDBOX = True
    settings.SANDBOX_STORE = tmp_path / "world.sqlite3"
    with Store(settings.SANDBOX_STORE) as opened:
        yield opened


def keep(store: Store, n: int, raw: bytes = EVIL, mailbox: str = "you@inbox.example") -> int:
    kept = Kept(
        mailbox=mailbox, sender="s@y", from_="<script>", subject="<b>Hi", message_id=f"m{n}", provider="P",
        bulk=False, at=time.time(), raw=raw,
    )  # fmt: skip
    store.write([], [kept])
    return store.messages()[0].id


pytestmark = pytest.mark.django_db


def test_an_empty_inbox_teaches(client: Client) -> None:
    page = client.get(reverse("posthouse:inbox")).content.decode()
    assert "No mail yet" in page


def test_the_list_pages_searches_and_knows_mailboxes(client: Client, store: Store) -> None:
    for n in range(45):
        keep(store, n)
    keep(store, 99, mailbox="other@inbox.example")
    page = client.get(reverse("posthouse:inbox"))
    assert page.content.decode().count('class="row-link"') == 40
    older = page.context["page"]["next"]
    assert client.get(reverse("posthouse:inbox"), {"after": older}).content.decode().count('class="row-link"') == 6
    assert (
        client.get(reverse("posthouse:inbox"), {"mailbox": "other@inbox.example"})
        .content.decode()
        .count('class="row-link"')
        == 1
    )
    assert "Show all mail" in client.get(reverse("posthouse:inbox"), {"q": "nothing like it"}).content.decode()
    for odd in ({"after": "9" * 40}, {"after": "x"}, {"after": "٣"}, {"q": "%' OR 1=1 --"}, {"mailbox": "\x00"}):
        assert client.get(reverse("posthouse:inbox"), odd).status_code == 200


def test_a_message_is_shown_without_any_danger(client: Client, store: Store) -> None:
    number = keep(store, 1)
    page = client.get(reverse("posthouse:message", args=[number])).content.decode()
    assert "<script>alert" not in page
    assert "&lt;b&gt;Hi" in page
    assert 'href="http://localhost:8001/u/abc"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    frame = client.get(reverse("posthouse:message_html", args=[number]))
    policy = frame["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy and "; sandbox allow-popups" in policy
    assert "evil.example" not in policy
    assert b'<head><base target="_blank">' in frame.content
    source = client.get(reverse("posthouse:message_source", args=[number]))
    assert source.content == EVIL
    assert source["Content-Type"].startswith("text/plain")
    assert source["X-Content-Type-Options"] == "nosniff"


def test_a_plain_message_is_shown_in_the_phone(client: Client, store: Store) -> None:
    number = keep(store, 1, raw=b"Subject: x\r\n\r\nhello http://localhost:8000/confirm\r\n")
    page = client.get(reverse("posthouse:message", args=[number])).content.decode()
    assert 'href="http://localhost:8000/confirm"' in page
    assert client.get(reverse("posthouse:message_html", args=[number])).status_code == 404


@pytest.mark.parametrize("name", ["message", "message_html", "message_source"])
def test_what_is_not_kept_is_not_found(client: Client, name: str) -> None:
    assert client.get(reverse(f"posthouse:{name}", args=[77])).status_code == 404
    assert client.get(reverse(f"posthouse:{name}", args=[2**70])).status_code == 404


def test_outside_of_the_sandbox_there_is_no_inbox(client: Client, store: Store, settings: Any) -> None:
    number = keep(store, 1)
    settings.SANDBOX = False
    assert client.get(reverse("posthouse:inbox")).status_code == 404
    for name in ("message", "message_html", "message_source"):
        assert client.get(reverse(f"posthouse:{name}", args=[number])).status_code == 404
