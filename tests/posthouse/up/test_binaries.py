"""Server programs are found, kinds can be forced, and data of another PostgreSQL are never opened with the wrong one."""

from pathlib import Path

import pytest

from posthouse.up import binaries
from posthouse.up.errors import CannotStart
from tests.posthouse.up.places_of import own_places, own_var


def test_kinds() -> None:
    assert binaries.wanted_kinds({}) == ("system", "wheels")
    assert binaries.wanted_kinds({"POSTHOUSE_SERVERS": "wheels"}) == ("wheels",)
    with pytest.raises(CannotStart, match="write `system` or `wheels`"):
        binaries.wanted_kinds({"POSTHOUSE_SERVERS": "docker"})


def test_the_wheels_bring_both_servers() -> None:
    with own_var() as var:
        postgres = binaries.postgres(own_places(var), ("wheels",))
    assert postgres.major >= 18
    assert binaries.valkey(("wheels",)).server == "valkey-server"


def test_data_choose_the_postgresql_that_made_them() -> None:
    with own_var() as var:
        here = own_places(var)
        wheel = binaries.postgres(here, ("wheels",))
        here.postgres_data.mkdir(parents=True)
        (here.postgres_data / "PG_VERSION").write_text(f"{wheel.major}\n")
        assert binaries.postgres(here, binaries.KINDS).major == wheel.major


def test_data_of_a_version_that_is_not_here() -> None:
    with own_var() as var:
        here = own_places(var)
        here.postgres_data.mkdir(parents=True)
        (here.postgres_data / "PG_VERSION").write_text("9\n")
        with pytest.raises(CannotStart) as refusal:
            binaries.postgres(here, binaries.KINDS)
    said = str(refusal.value)
    assert "made by PostgreSQL 9" in said
    assert "make demo-reset" in said
    assert "\n" not in said


def test_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_postgres_of", lambda kind: [])
    monkeypatch.setattr(binaries, "_valkey_of", lambda kind: [])
    with own_var() as var:
        with pytest.raises(CannotStart, match="DATABASE_URL"):
            binaries.postgres(own_places(var), binaries.KINDS)
        with pytest.raises(CannotStart, match=r"system only.*BROKER_URL"):
            binaries.valkey(("system",))


def test_a_program_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "postgres"
    broken.write_text("#!/bin/sh\necho 'no idea'\n")
    broken.chmod(0o755)
    assert binaries._version(broken) == ""
    assert binaries._version(tmp_path / "absent") == ""
