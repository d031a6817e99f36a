"""Forgets everything: the private servers' data and what people uploaded, so that the next start seeds the demo anew."""

import shutil

from posthouse.up import account, places, supervisor, surroundings
from posthouse.up.errors import CannotStart

FORGOTTEN = ("uploads", "media", "celerybeat-schedule")  # besides the servers' data; the secret key and the logs stay


def forget(environ: dict[str, str]) -> int:
    """Delete the private data. Raises CannotStart while Posthouse runs, or when the database is somebody's own."""
    if environ.get("DATABASE_URL") or environ.get("DATABASE_URL_FILE"):
        raise CannotStart(
            "DATABASE_URL is set: only the private database under var/ is ever deleted. Empty your own yourself."
        )
    here = places.choose(surroundings.var_directory(environ), account.for_servers(places.CHECKOUT))
    lock = supervisor.hold(here)
    try:
        for path in (here.postgres_data.parent, here.valkey_data, *(here.var / name for name in FORGOTTEN)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotStart(f"{error.filename} cannot be deleted: {error.strerror}.") from error
    finally:
        lock.close()
    print("All data are gone. `make run` seeds the demo again.")
    return 0
