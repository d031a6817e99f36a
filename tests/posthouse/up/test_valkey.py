"""The private Valkey: reached by nobody else, keeps what it was told, sets aside what it cannot read."""

import os
import signal
from collections.abc import Iterator

import pytest
import redis

from posthouse.up import binaries, children
from posthouse.up.errors import CannotStart
from posthouse.up.valkey import Valkey
from tests.posthouse.up.places_of import own_places, own_var


@pytest.fixture(params=binaries.KINDS)
def valkey(request: pytest.FixtureRequest) -> Iterator[Valkey]:
    try:
        programs = binaries.valkey((request.param,))
    except CannotStart as trouble:
        pytest.skip(str(trouble))
    with own_var() as var:
        here = own_places(var)
        yield Valkey(binaries.within_reach(programs, here), here)


@pytest.fixture
def child(valkey: Valkey) -> Iterator[children.Child]:
    valkey.prepare()
    running = valkey.child()
    yield running
    children.stop([running])


def client(valkey: Valkey) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(valkey.socket))


def test_it_listens_on_its_socket_only(valkey: Valkey, child: children.Child) -> None:
    assert valkey.start(child) is None
    assert client(valkey).config_get("port") == {"port": "0"}
    assert valkey.socket.stat().st_mode & 0o777 == 0o700
    assert valkey.socket.parent.stat().st_mode & 0o777 == 0o700


def test_wake_ups_outlive_kill_9(valkey: Valkey, child: children.Child) -> None:
    valkey.start(child)
    client(valkey).config_set("appendfsync", "always")
    client(valkey).lpush("queue", "wake up")
    assert child.process is not None
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    valkey.start(child)
    assert client(valkey).lrange("queue", 0, -1) == [b"wake up"]


def test_data_of_another_version_are_set_aside(valkey: Valkey, child: children.Child) -> None:
    valkey.start(child)
    client(valkey).set("key", "value")
    client(valkey).bgrewriteaof()
    children.stop([child])
    for file in (valkey.places.valkey_data / "appendonlydir").glob("*.base.rdb"):
        file.write_bytes(b"REDIS9999" + file.read_bytes()[9:])  # a format from the future
    note = valkey.start(child)
    assert note is not None
    assert "set aside" in note
    assert client(valkey).ping()
    assert (valkey.places.servers / "valkey-set-aside" / "appendonlydir").exists()


def test_a_server_that_was_left_behind_is_stopped(valkey: Valkey, child: children.Child) -> None:
    valkey.start(child)
    client(valkey).set("key", "value")
    valkey.prepare()
    assert child.process is not None
    assert child.process.wait(5) == 0
    valkey.start(child)
    assert client(valkey).get("key") == b"value"
