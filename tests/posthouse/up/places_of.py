"""A Posthouse's directories in a place of the test's own, reachable for the account that the servers run under."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from posthouse.up import account, places


@contextmanager
def own_var() -> Iterator[Path]:
    """A short path that every account may enter (pytest's tmp_path is closed to all but its maker)."""
    directory = Path(tempfile.mkdtemp(prefix="ph-", dir="/tmp"))
    directory.chmod(0o755)
    try:
        yield directory / "var"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def own_places(var: Path) -> places.Places:
    here = places.choose(var, account.for_servers(places.CHECKOUT))
    places.prepare(here)
    return here
