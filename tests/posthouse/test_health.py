"""/livez and /healthz: yes or no for each part, measured on the parts themselves."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from posthouse import health, heartbeat
from sending.models import Relay


@pytest.fixture
def mailroom(settings: object) -> Iterator[None]:
    """Somebody who greets as a mailroom does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.MAILROOM_HOST, settings.MAILROOM_PORT = server.getsockname()  # type: ignore[attr-defined]

        def greet() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    line.sendall(b"220 mail.posthouse.example ESMTP\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield


@pytest.fixture
def relay(db: None) -> Relay:
    now = timezone.now()
    return Relay.objects.create(name="one", pid=1, started_at=now, beat_at=now)


QUEUES = ("celery", "bulk")


def parts(client: Client) -> dict[str, bool]:
    return client.get("/healthz").json()["parts"]


def test_livez_asks_nobody(client: Client) -> None:
    answer = client.get("/livez")  # without the mark that allows a query, any query would fail
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-cache" in answer["Cache-Control"]
    assert client.post("/livez").status_code == 405


def test_all_parts_up(client: Client, mailroom: None, relay: Relay) -> None:
    heartbeat.beat(QUEUES)
    answer = client.get("/healthz")
    assert answer.json() == {
        "ok": True,
        "parts": {"web": True, "database": True, "broker": True, "worker": True, "relay": True, "mailroom": True},
    }
    assert answer.status_code == 200


def test_one_part_down_is_503(client: Client, mailroom: None, relay: Relay) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["ok"] is False
    assert answer.json()["parts"]["worker"] is False
    assert answer.json()["parts"]["relay"] is True


def test_a_relay_that_is_silent_or_ended_is_down(client: Client, relay: Relay) -> None:
    Relay.objects.update(beat_at=timezone.now() - timedelta(seconds=30))
    assert parts(client)["relay"] is False
    Relay.objects.update(beat_at=timezone.now(), ended_at=timezone.now())
    assert parts(client)["relay"] is False


def test_a_worker_that_stops_beating_goes_out_by_itself(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "SILENCE", 1)
    heartbeat.beat(QUEUES)
    assert health.worker()
    cache.delete(heartbeat.key("bulk"))
    assert not health.worker(), "nobody does the long work"
    assert heartbeat.EVERY * 2 < 10, "one lost beat is not a death"


def test_a_mailroom_that_says_something_else_is_down(client: Client, db: None, settings: object) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.MAILROOM_HOST, settings.MAILROOM_PORT = server.getsockname()  # type: ignore[attr-defined]

        def refuse() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(b"554 no\r\n")

        threading.Thread(target=refuse, daemon=True).start()
        assert parts(client)["mailroom"] is False
    assert parts(client)["mailroom"] is False, "nobody listens any more"


def test_broken_parts_say_no_more_than_no(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise RuntimeError("password=hunter2")

    monkeypatch.setitem(health.CHECKS, "broker", broken)
    answer = client.get("/healthz")
    assert answer.json()["parts"]["broker"] is False
    assert b"hunter2" not in answer.content
