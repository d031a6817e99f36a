"""The doctor says what would be used and what is wrong, and starts nothing."""

import socket
from pathlib import Path

import pytest

from posthouse.up import doctor, ports
from tests.posthouse.up.places_of import own_var


def free_port() -> int:
    return next(
        port
        for port in range(33000, 40000, 10)
        if not any(
            ports._trouble(need, protocol)
            for need in ports.needed({"PORT": str(port)}, sandbox=True)
            for protocol in need.protocols
        )
    )


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with own_var() as var:
        assert doctor.examine({"VAR_DIR": str(var), "PORT": str(free_port())}) == 0
        assert not (var / "postgres").exists()
    said = capsys.readouterr().out
    assert "BAD" not in said
    assert "Nothing stands in the way" in said


def test_each_trouble_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    with own_var() as var, socket.create_server(("127.0.0.1", port)):
        (var / "postgres" / "data").mkdir(parents=True)
        (var / "postgres" / "data" / "PG_VERSION").write_text("9\n")
        assert doctor.examine({"VAR_DIR": str(var), "PORT": str(port)}) == 1
    said = capsys.readouterr().out
    assert "BAD  PostgreSQL: The data in" in said
    assert f"BAD  ports: Port {port} (web) is taken" in said
    assert "2 to mend" in said


def test_a_kind_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with own_var() as var:
        assert doctor.examine({"VAR_DIR": str(var), "PORT": str(free_port()), "POSTHOUSE_SERVERS": "docker"}) == 1
    assert "BAD  kind of servers: POSTHOUSE_SERVERS=docker" in capsys.readouterr().out


def test_a_database_of_ones_own_that_is_away(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with own_var() as var:
        away = {
            "DATABASE_URL": f"postgresql://posthouse@/posthouse?host={tmp_path}",
            "BROKER_URL": "redis://localhost:1",
        }
        assert doctor.examine({"VAR_DIR": str(var), "PORT": str(free_port()), **away}) == 1
    assert "BAD  PostgreSQL: The database does not answer" in capsys.readouterr().out


def test_outside_of_the_sandbox_it_says_so_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    with own_var() as var:
        doctor.examine({"VAR_DIR": str(var), "PORT": str(free_port()), "SANDBOX": "0"})
    assert "OFF: mail goes out into the world" in capsys.readouterr().out
