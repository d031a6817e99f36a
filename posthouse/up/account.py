"""Whose account the private servers run under. PostgreSQL refuses root, so root hands them to somebody with no power."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posthouse.up.errors import CannotStart

HARMLESS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account of this computer. `switch` says that a process must be changed over to it (we are root)."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_arguments(self) -> dict[str, Any]:
        """What subprocess.Popen needs, so that the process runs under this account and no other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def can_enter(self, directory: Path) -> bool:
        """Whether this account can go into the directory: only a process of that account can tell for sure."""
        if not self.switch:
            return os.access(directory, os.X_OK)
        return self._asks("-x", directory)

    def can_read(self, path: Path) -> bool:
        return self._asks("-r", path) if self.switch else os.access(path, os.R_OK)

    def _asks(self, test: str, path: Path) -> bool:
        command = ["/bin/sh", "-c", f'test {test} "$0"', str(path)]
        result: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, cwd="/", check=False, **self.popen_arguments()
        )
        return result.returncode == 0


def for_servers(checkout: Path) -> Account:
    """Our own account; for root, the one that the checkout belongs to, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            raise CannotStart(
                f"User id {uid} has no entry in /etc/passwd, and PostgreSQL refuses to run for it. "
                "Add one (`useradd`), or set DATABASE_URL to a PostgreSQL of your own."
            ) from None
        return Account(name=name, uid=uid, gid=os.getegid(), switch=False)
    owner = checkout.stat().st_uid
    candidates: list[pwd.struct_passwd] = []
    if owner != 0:
        candidates += [entry for entry in pwd.getpwall() if entry.pw_uid == owner]
    for name in HARMLESS:
        try:
            candidates.append(pwd.getpwnam(name))
        except KeyError:
            continue
    for entry in candidates:
        if entry.pw_uid != 0:
            return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise CannotStart(
        "Started as root, and there is no other account for PostgreSQL to run under. "
        "Add one (`useradd --system postgres`), or start Posthouse as an ordinary user."
    )
