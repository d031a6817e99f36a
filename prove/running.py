"""The running product under torment: `manage.py up` with everything that it starts, and the means to kill parts of it.

Whoever is killed here is started again by nobody but the product's own supervisor.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench import house
from posthouse.up.places import CHECKOUT

READY_WITHIN = 120.0  # seconds to a 200 from /healthz
STOP_WITHIN = 60.0


class Running:
    """`up` on the files, ports and servers of a house that is closed (its servers are started by `up` itself)."""

    def __init__(self, of: house.House, *, environ: dict[str, str] | None = None) -> None:
        self.house = of
        given = {**of.given, **(environ or {})}
        self.log = of.here.logs / "up.log"
        self._began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(CHECKOUT / "manage.py"), "up"],
                cwd=CHECKOUT,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> "Running":
        try:
            self.wait_until_healthy()
            house.wait_until(
                self.says_open, within=READY_WITHIN, what="`up` says where to look (it seeds the demo before)"
            )
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_healthy(self, *, within: float = READY_WITHIN) -> float:
        """Seconds until /healthz says 200. Raises RuntimeError with the last words of `up` when it gave up."""
        began = time.monotonic()
        while (answer := house.get(self.house.port, "/healthz"))[0] != 200:
            if self.process.poll() is not None:
                raise RuntimeError(f"`up` ended with {self.process.returncode}:\n{self.words()}")
            if time.monotonic() - began > within:
                raise TimeoutError(
                    f"/healthz after {within:.0f} s: {answer[0]} {answer[1].decode(errors='replace')[:500]}\n{self.words()}"
                )
            time.sleep(0.1)
        return time.monotonic() - began

    def says_open(self) -> bool:
        """Whether `up` has told the person where to look: then everything is there, the demo included."""
        with self.log.open("rb") as said:
            said.seek(self._began)
            return b"\nOpen http" in said.read()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                for pid in [self.process.pid, *house.descendants(self.process.pid)]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self.process.wait()
                raise

    def words(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def pid_of(self, name: str) -> int | None:
        """The process of a service (or of "postgres"), directly below `up`; None while it is down."""
        for pid in _children(self.process.pid):
            if (name == "postgres" and _is_postmaster(pid, self.house)) or _environ(pid).get(
                "POSTHOUSE_PROCESS"
            ) == name:
                return pid
        return None

    def kill(self, name: str) -> int | None:
        """kill -9 of a service with everybody below it, the youngest first or last as it happens. None when it was down."""
        pid = self.pid_of(name)
        if pid is None:
            return None
        for victim in [pid, *house.descendants(pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        return pid


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in tasks.read_text().split()]
    return found


def _environ(pid: int) -> dict[str, str]:
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in raw.split("\0") if "=" in line)


def _is_postmaster(pid: int, of: house.House) -> bool:
    try:
        return os.fsencode(of.here.postgres_data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
