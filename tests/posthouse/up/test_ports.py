"""A port that is taken is said by its number, its part and the way out, before anything is started."""

import os
import socket
from collections.abc import Iterator

import pytest

from posthouse.up import ports
from posthouse.up.errors import CannotStart


@pytest.fixture
def base() -> int:
    """A PORT from which on six ports are free just now."""
    for candidate in range(10000 + os.getpid() % 900 * 10, 19500, 10):  # nobody else starts anything there
        needs = ports.needed({"PORT": str(candidate)}, sandbox=True)
        try:
            ports.check(needs)
        except CannotStart:
            continue
        return candidate
    raise AssertionError("no free ports")


@pytest.fixture
def taken(base: int, request: pytest.FixtureRequest) -> Iterator[int]:
    offset, kind = request.param
    with socket.socket(socket.AF_INET, kind) as squatter:
        squatter.bind(("127.0.0.1", base + offset))
        if kind == socket.SOCK_STREAM:
            squatter.listen()
        yield base


@pytest.mark.parametrize(
    ("taken", "number", "part"),
    [
        ((0, socket.SOCK_STREAM), 0, "web"),
        ((1, socket.SOCK_STREAM), 1, "hits"),
        ((4, socket.SOCK_DGRAM), 4, "sandbox DNS"),
        ((4, socket.SOCK_STREAM), 4, "sandbox DNS"),
    ],
    indirect=["taken"],
)
def test_a_taken_port_is_named_with_a_way_out(taken: int, number: int, part: str) -> None:
    needs = ports.needed({"PORT": str(taken)}, sandbox=True)
    with pytest.raises(CannotStart) as refusal:
        ports.check(needs)
    said = str(refusal.value)
    assert f"Port {taken + number} ({part}) is taken" in said
    assert "\n" not in said
    proposal = int(said.rpartition("PORT=")[2].split()[0])
    ports.check(ports.needed({"PORT": str(proposal)}, sandbox=True))


@pytest.mark.parametrize("text", ["", "0", "-1", "65536", "eighty", "80 ", "8000.0", "٣٠٠٠"])
def test_nonsense_is_no_port(text: str) -> None:
    with pytest.raises(CannotStart, match="is not a port"):
        ports.needed({"PORT": text}, sandbox=True)


def test_the_ports_after_it_must_exist_as_well() -> None:
    with pytest.raises(CannotStart, match="too high"):
        ports.needed({"PORT": "65533"}, sandbox=True)


def test_a_port_of_root_is_explained(base: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    monkeypatch.setattr(ports, "_trouble", lambda need, protocol: errno.EACCES)
    with pytest.raises(CannotStart, match="may only be used by root"):
        ports.check(ports.needed({"PORT": str(base)}, sandbox=True))


def test_an_address_that_is_not_ours_is_explained() -> None:
    with pytest.raises(CannotStart, match=r"HOST=203\.0\.113\.7 is no address"):
        ports.check(ports.needed({"PORT": "21000", "HOST": "203.0.113.7"}, sandbox=True))


def test_outside_of_the_sandbox_only_web_and_hits_are_ours() -> None:
    needs = ports.needed({"PORT": "8000"}, sandbox=False)
    assert [need.part for need in needs] == ["web", "hits"]
    needs = ports.needed({"PORT": "8000", "MAILROOM_PORT": "2525", "HITS_PORT": "9000"}, sandbox=False)
    assert [(need.part, need.port) for need in needs] == [("web", 8000), ("hits", 9000), ("mailroom", 2525)]
