"""The processes get what the person said and the sandbox's defaults; the secret is made once and told to nobody."""

import json
import os
from pathlib import Path

import pytest

from posthouse.up import surroundings
from posthouse.up.errors import CannotStart


def test_defaults_are_the_sandbox(tmp_path: Path) -> None:
    environ = surroundings.compose({"VAR_DIR": str(tmp_path)}, database_url="postgresql://a", broker_url="redis://b")
    assert environ["SANDBOX"] == "1"
    assert environ["PORT"] == "8000"
    assert environ["DATABASE_URL"] == "postgresql://a"
    assert "SECRET_KEY" not in environ


def test_what_the_person_said_stays(tmp_path: Path) -> None:
    given = {"SANDBOX": "0", "PORT": "80", "BASE_URL": "https://mail.example", "POSTHOUSE_ROLE": "owner"}
    environ = surroundings.compose(given, database_url="postgresql://a", broker_url="redis://b")
    assert (environ["SANDBOX"], environ["PORT"], environ["BASE_URL"]) == ("0", "80", "https://mail.example")
    assert "POSTHOUSE_ROLE" not in environ, "each process is given its own"
    assert not surroundings.is_sandbox(given)


def test_the_secret_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    surroundings.keep_secret_key(path)
    made = path.read_text()
    assert len(made.strip()) >= 50
    assert path.stat().st_mode & 0o777 == 0o600
    surroundings.keep_secret_key(path)
    assert path.read_text() == made


def test_a_secret_that_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="cannot be written"):
        surroundings.keep_secret_key(tmp_path / "absent" / "secret_key")


def test_a_second_terminal_finds_the_running_posthouse(tmp_path: Path) -> None:
    told = {
        "DATABASE_URL": "postgresql://a",
        "BROKER_URL": "redis://b",
        "PORT": "8100",
        "SANDBOX": "1",
        "SECRET_KEY": "s",
    }
    surroundings.tell(tmp_path / "run.json", told, {})
    assert "SECRET_KEY" not in json.loads((tmp_path / "run.json").read_text())
    environ = {"VAR_DIR": str(tmp_path), "PORT": "8200"}
    surroundings.adopt(environ)
    assert environ["DATABASE_URL"] == "postgresql://a"
    assert environ["PORT"] == "8200", "what the person said himself stays"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"DATABASE_URL": "postgresql://a"}', '{"pid": "no"}'])
def test_a_broken_note_is_no_note(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    environ = {"VAR_DIR": str(tmp_path)}
    surroundings.adopt(environ)
    assert environ == {"VAR_DIR": str(tmp_path)}


def test_a_posthouse_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / "run.json").write_text(json.dumps({"pid": str(child), "DATABASE_URL": "postgresql://a"}))
    environ = {"VAR_DIR": str(tmp_path)}
    surroundings.adopt(environ)
    assert "DATABASE_URL" not in environ


def test_a_database_of_ones_own_is_not_mixed_with_another_posthouse(tmp_path: Path) -> None:
    surroundings.tell(tmp_path / "run.json", {"DATABASE_URL": "postgresql://a", "BROKER_URL": "redis://b"}, {})
    environ = {"VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://mine"}
    surroundings.adopt(environ)
    assert "BROKER_URL" not in environ


def test_passwords_of_ones_own_servers_are_not_told(tmp_path: Path) -> None:
    own = {"DATABASE_URL": "postgresql://me:hunter2@db/posthouse", "BROKER_URL": "redis://:hunter2@cache"}
    surroundings.tell(tmp_path / "run.json", own | {"PORT": "8000"}, own)
    assert "hunter2" not in (tmp_path / "run.json").read_text()


def test_addresses_kept_in_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://db/posthouse\n")
    environ = surroundings.read_files({"DATABASE_URL_FILE": str(tmp_path / "url"), "PORT": "8000"})
    assert environ == {"DATABASE_URL": "postgresql://db/posthouse", "PORT": "8000"}
    with pytest.raises(CannotStart, match="BROKER_URL_FILE=/absent cannot be read"):
        surroundings.read_files({"BROKER_URL_FILE": "/absent"})


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, True), ({"DEMO": "0"}, False), ({"SANDBOX": "0"}, False), ({"DATABASE_URL": "postgresql://mine"}, False)],
)
def test_the_demo_goes_into_a_private_sandbox_only(environ: dict[str, str], wanted: bool) -> None:
    assert surroundings.wants_demo(environ) is wanted
