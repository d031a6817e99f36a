"""The environment of Posthouse's processes: what the person set, and the sandbox's defaults for what was left out.

While `up` runs, `var/run.json` tells other commands (`manage.py trace`, `manage.py shell`) which servers and ports it uses,
so that they work in a second terminal without any variables. It holds no secret: SECRET_KEY stays in its own file.
"""

import json
import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path

from posthouse.up.errors import CannotStart
from posthouse.up.places import CHECKOUT

TOLD = ("SANDBOX", "PORT", "HITS_PORT", "MAILROOM_PORT", "BASE_URL", "LINK_URL", "DATABASE_URL", "BROKER_URL")
SERVERS = ("DATABASE_URL", "BROKER_URL")
YES = {"1", "true", "yes", "on"}
SECRET_KEY_BYTES = 50


def var_directory(environ: MutableMapping[str, str]) -> Path:
    return Path(environ.get("VAR_DIR") or CHECKOUT / "var").absolute()


def is_sandbox(environ: MutableMapping[str, str]) -> bool:
    """The sandbox is on unless the person says SANDBOX=0."""
    return environ.get("SANDBOX", "1").lower() in YES


def wants_demo(environ: MutableMapping[str, str]) -> bool:
    """The demo goes into a private sandbox, never into a database of somebody's own; DEMO=0 leaves it out."""
    wanted = environ.get("DEMO", "1").lower() in YES
    return wanted and is_sandbox(environ) and "DATABASE_URL" not in environ


def read_files(environ: MutableMapping[str, str]) -> dict[str, str]:
    """The same environment with the servers' addresses in it that the person keeps in files (DATABASE_URL_FILE)."""
    whole = dict(environ)
    for name in SERVERS:
        path = whole.pop(f"{name}_FILE", "")
        if path:
            try:
                whole[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise CannotStart(f"{name}_FILE={path} cannot be read: {error.strerror}.") from error
    return whole


def compose(environ: MutableMapping[str, str], *, database_url: str, broker_url: str) -> dict[str, str]:
    """The environment of every process that `up` starts."""
    whole = dict(environ)
    whole.setdefault("SANDBOX", "1")
    whole.setdefault("PORT", "8000")
    whole["VAR_DIR"] = str(var_directory(environ))
    whole["DATABASE_URL"] = database_url
    whole["BROKER_URL"] = broker_url
    whole["DJANGO_SETTINGS_MODULE"] = "posthouse.settings"
    whole["PYTHONUNBUFFERED"] = "1"
    whole["CELERY_SKIP_CHECKS"] = "1"  # they load every page's code, in processes that serve none
    whole.pop("POSTHOUSE_ROLE", None)
    return whole


def keep_secret_key(path: Path) -> None:
    """Make the secret of this Posthouse, once. Everything signed or encrypted hangs on it, so it is never made anew."""
    if path.exists():
        return
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(SECRET_KEY_BYTES) + "\n")
    except OSError as error:
        raise CannotStart(f"{path} cannot be written: {error.strerror}.") from error


def tell(path: Path, environ: dict[str, str], given: MutableMapping[str, str]) -> None:
    """Write what other commands need to know while `up` runs. Servers of one's own stay untold: there is a password in them."""
    told = {name: environ[name] for name in TOLD if name in environ and not (name in SERVERS and name in given)}
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(told | {"pid": str(os.getpid())}, indent=1) + "\n")
    unfinished.rename(path)


def adopt(environ: MutableMapping[str, str]) -> None:
    """In another command: take over what a running `up` told. What the person set himself stays."""
    if "DATABASE_URL" in environ:  # a Posthouse of its own: nothing of another one may be mixed in
        return
    try:
        told = json.loads((var_directory(environ) / "run.json").read_text())
        os.kill(int(told.pop("pid")), 0)
    except PermissionError:
        pass  # it runs, as somebody else
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name, value in told.items():
        environ.setdefault(name, value)
