"""Starting anew deletes the private data, and never anybody else's."""

import pytest

from posthouse.up import reset, supervisor
from posthouse.up.errors import CannotStart
from tests.posthouse.up.places_of import own_places, own_var


def test_the_private_data_go_and_the_secret_stays() -> None:
    with own_var() as var:
        here = own_places(var)
        here.postgres_data.mkdir(parents=True)
        here.valkey_data.mkdir(parents=True)
        (var / "uploads").mkdir()
        here.secret_key.write_text("kept")
        assert reset.forget({"VAR_DIR": str(var)}) == 0
        assert not here.postgres_data.parent.exists()
        assert not here.valkey_data.exists()
        assert not (var / "uploads").exists()
        assert here.secret_key.read_text() == "kept"


def test_not_while_it_runs() -> None:
    with own_var() as var:
        here = own_places(var)
        here.postgres_data.mkdir(parents=True)
        with supervisor.hold(here), pytest.raises(CannotStart, match="already running"):
            reset.forget({"VAR_DIR": str(var)})
        assert here.postgres_data.exists()


def test_never_a_database_of_ones_own() -> None:
    with pytest.raises(CannotStart, match="only the private database"):
        reset.forget({"DATABASE_URL": "postgresql://somewhere/production"})
