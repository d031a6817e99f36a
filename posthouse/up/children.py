"""Child processes that do not outlive us: each in a group of its own, with a log, started again when it dies."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from posthouse.up import logs
from posthouse.up.account import Account

PR_SET_PDEATHSIG = 1  # prctl(2)
QUICKEST_RESTART = 0.2  # seconds; doubled at each death in a row
SLOWEST_RESTART = 30.0
STEADY_AFTER = 20.0  # seconds of life after which a death is a new one, not one more in a row

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def dies_with_us(parent: int, with_signal: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: have the kernel send the signal to the child when its parent dies, however it dies (Linux).

    Runs after the change of account, which would clear the wish. Trap: it is the death of the *thread* that started the
    child which counts, so children are started by the main thread only.
    """

    def ask() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

    return ask


def spawn(
    command: list[str],
    *,
    log: Path,
    environ: dict[str, str],
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    outlives_us: bool = False,
    cwd: Path | str = "/",
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, its output appended to the log. Raises OSError when it cannot be run."""
    with log.open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=None if outlives_us else dies_with_us(os.getpid(), stop_signal),  # noqa: PLW1509
            **(account.popen_arguments() if account else {}),
        )
    return process


def how_it_ended(returncode: int) -> str:
    """In words: "killed by SIGKILL", "stopped with status 1"."""
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"ended with status {returncode}"


@dataclass
class Child:
    """One process that is kept alive. `patience` is how many seconds it may take to stop."""

    name: str
    command: list[str]
    log: Path
    environ: dict[str, str]
    cwd: Path | str = "/"
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started_at: float = 0.0
    restart_at: float | None = None
    before_restart: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        logs.rotate(self.log)
        self.process = spawn(
            self.command,
            log=self.log,
            environ=self.environ,
            account=self.account,
            stop_signal=self.stop_signal,
            cwd=self.cwd,
        )
        self.started_at = time.monotonic()
        self.restart_at = None

    def watch(self) -> str | None:
        """Look once: bury the dead, start again what is due. Returns a sentence when something happened."""
        now = time.monotonic()
        if self.restart_at is not None:
            if now < self.restart_at:
                return None
            if self.before_restart:
                self.before_restart()
            self.start()
            return None
        if self.process is None or self.process.poll() is None:
            return None
        ended = how_it_ended(self.process.returncode)
        self.end_group()
        self.deaths = 1 if now - self.started_at > STEADY_AFTER else self.deaths + 1
        wait = min(QUICKEST_RESTART * 2 ** (self.deaths - 1), SLOWEST_RESTART)
        self.restart_at = now + wait
        return f"{self.name} {ended}; starting it again in {wait:.1f} s. Its log: {self.log}"

    def ask_to_stop(self) -> None:
        self.restart_at = None
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def end_group(self) -> None:
        """Kill whatever the process left behind in its group (workers of a master that was killed)."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # nobody is left


def stop(children: list[Child], *, hurry: Callable[[], bool] = lambda: False) -> list[str]:
    """Ask all to stop, wait as long as each one's patience allows (or until `hurry`), kill the rest. Returns who was killed."""
    for child in children:
        child.ask_to_stop()
    began = time.monotonic()
    waiting = [child for child in children if child.alive]
    while waiting and not hurry():
        waited = time.monotonic() - began
        waiting = [child for child in waiting if child.alive and waited < child.patience]
        time.sleep(0.02)
    killed = [child.name for child in children if child.alive]
    for child in children:
        child.end_group()
        if child.process is not None:
            child.process.wait()
    return killed
