"""Whether the database is up to date is asked of the database, in milliseconds."""

from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from posthouse.up import upkeep
from posthouse.up.errors import CannotStart


def test_the_digest_knows_new_migrations_and_a_new_lock(tmp_path: Path) -> None:
    migrations = tmp_path / "accounts" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001_initial.py").write_text("")
    (tmp_path / "requirements.txt").write_text("Django==5.2\n")
    first = upkeep.digest(tmp_path)
    assert upkeep.digest(tmp_path) == first
    (tmp_path / "requirements.txt").write_text("Django==5.3\n")
    second = upkeep.digest(tmp_path)
    (migrations / "0002_more.py").write_text("")
    assert len({first, second, upkeep.digest(tmp_path)}) == 3


@pytest.mark.django_db(transaction=True)
def test_it_is_remembered_in_the_database_itself() -> None:
    database = connection.settings_dict
    url = make_conninfo(dbname=database["NAME"], user=database["USER"], host=database["HOST"])
    assert not upkeep.is_current(url)
    upkeep.remember(url)
    assert upkeep.is_current(url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"COMMENT ON DATABASE {database['NAME']} IS NULL")
    assert not upkeep.is_current(url)


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="Check DATABASE_URL") as refusal:
        upkeep.is_current(f"postgresql://posthouse@/posthouse?host={tmp_path}")
    assert "\n" not in str(refusal.value)
