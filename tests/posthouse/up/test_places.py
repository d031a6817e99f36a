"""Data, sockets and logs find a place that works, and a directory of somebody else is never used."""

import os
from pathlib import Path

import pytest

from posthouse.up import account, places
from posthouse.up.errors import CannotStart
from tests.posthouse.up.places_of import own_var

ME = account.Account(name="me", uid=os.geteuid(), gid=os.getegid(), switch=False)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands servers to another account")


def test_everything_lies_under_var(tmp_path: Path) -> None:
    with own_var() as var:
        here = places.choose(var, account.for_servers(places.CHECKOUT))
        assert here.postgres_data == var / "postgres" / "data"
        assert here.postgres_socket == var / "postgres" / "socket"  # where settings.py looks without any variable
        assert here.valkey_socket == var / "valkey" / "valkey.sock"
        assert here.notes == []


def test_a_long_path_gets_short_sockets(tmp_path: Path) -> None:
    var = tmp_path / ("long" * 30) / "var"
    here = places.choose(var, ME)
    for path in (here.postgres_socket / places.POSTGRES_SOCKET, here.valkey_socket):
        assert len(os.fsencode(path)) <= places.LONGEST_SOCKET_PATH
    assert here.postgres_data.is_relative_to(var)
    assert "too long for a socket" in here.notes[0]
    assert places.choose(var, ME).postgres_socket == here.postgres_socket, "the same checkout finds them again"


def test_two_checkouts_never_share_sockets(tmp_path: Path) -> None:
    one, two = (places.choose(tmp_path / (name * 120) / "var", ME) for name in "ab")
    assert one.postgres_socket != two.postgres_socket


@as_root
def test_a_checkout_that_only_root_can_enter_keeps_its_data_elsewhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    here = places.choose(closed / "var", account.for_servers(places.CHECKOUT))
    assert here.servers.parent == Path("/var/tmp")
    assert "cannot reach" in here.notes[0]
    assert closed.stat().st_mode & 0o777 == 0o700, "nobody's directories are opened for it"


def test_a_private_directory_is_closed_to_others(tmp_path: Path) -> None:
    made = places.private(tmp_path / "a" / "b", ME)
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o755)
    assert places.private(made, ME).stat().st_mode & 0o777 == 0o700


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    stranger = account.Account(name="stranger", uid=os.geteuid() + 12345, gid=os.getegid(), switch=False)
    (tmp_path / "taken").mkdir()
    with pytest.raises(CannotStart, match="belongs to another user than stranger"):
        places.private(tmp_path / "taken", stranger)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(CannotStart, match="belongs to another user"):
        places.private(tmp_path / "link", ME)


def test_a_full_disk_is_said_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = places.choose(tmp_path / "var", ME)
    places.check_space(here)
    monkeypatch.setattr(places, "LEAST_FREE_BYTES", 2**62)
    with pytest.raises(CannotStart, match="The disk is full"):
        places.check_space(here)


def test_a_var_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="Set VAR_DIR"):
        places.choose(tmp_path / "file" / "var", ME)
