"""The relays as an operator sees them: from what they tell with each heartbeat."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from sending.models import Relay

pytestmark = pytest.mark.django_db

BUSY = {
    "site": "mx.granite.example",
    "provider": "Granite",
    "connections": 3,
    "window": 3,
    "limit": 10,
    "ready": 12,
    "failures": 0,
}


def told(*words: str) -> str:
    out = StringIO()
    call_command("relays", *words, stdout=out)
    return out.getvalue()


def relay(seconds: float = 0, **facts: Any) -> Relay:
    now = timezone.now()
    return Relay.objects.create(
        name="one", pid=7, started_at=now - timedelta(hours=1), beat_at=now - timedelta(seconds=seconds), facts=facts
    )


def test_no_relay() -> None:
    assert "No relay runs" in told()
    assert json.loads(told("--json")) == []


def test_a_relay_tells_its_rate_its_connections_and_the_way_back() -> None:
    relay(per_second=12.5, delivered=900, connections=3, ready=12, open_sites=2, busy=[BUSY])
    said = told()
    assert "(one) sends" in said and "12.5/s, 900 delivered; 3 connections" in said
    assert "3 of 3 connections to mx.granite.example (Granite), 12 messages in hand; on its way back to 10" in said


def test_a_relay_tells_its_pace_and_what_it_has_learned() -> None:
    place = {"source": 0, "provider": "Other", "site": "mx.tiny.example"}
    learned = [{**place, "what": "connections", "value": 3.0}, {**place, "what": "whole pace", "value": 0.5}]
    relay(busy=[BUSY | {"pace": 12.0, "back": 0.4}], learned=[*learned, {**place, "what": "messages", "value": 20.0}])
    said = told()
    assert "12 messages in hand; at most 12 a minute, 40% of its former pace; on its way back to 10" in said
    assert "learned at mx.tiny.example (Other): at most 3 connections at once\n" in said
    assert "at most 30 messages a minute\n" in said and "at most 20 messages in one connection\n" in said


def test_what_it_holds_and_that_there_is_more() -> None:
    now = timezone.now().timestamp()
    held = {
        "site": "mx.slow.example",
        "provider": "Other",
        "hosts": [],
        "cause": "network",
        "why": "no connection",
        "since": now,
        "until": now + 90,
    }
    relay(held=[held], held_sites=4)
    said = told()
    assert (
        "held mx.slow.example (Other)" in said and "network: no connection" in said and "3 more that are held" in said
    )


def test_one_that_is_silent_is_said_to_be() -> None:
    relay(30, held=[{"broken": True}])
    said = told()
    assert "gives no sign of life" in said and "No relay runs" in said


def test_the_heartbeat_of_an_older_relay_is_no_trouble() -> None:
    relay(held={"mx.old.example": "why"}, busy=7)
    assert "sends" in told()


def test_for_programs_and_without_anybodys_conversations() -> None:
    relay(per_second=1, talks=[[5, "Granite", 2]])
    (found,) = json.loads(told("--json"))
    assert (found["name"], found["lives"], found["per_second"]) == ("one", True, 1)
    assert "talks" not in found
