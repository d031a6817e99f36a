"""Pulling the plug: kill -9 of a process, after a look that it is the one that is meant."""

import os
import signal
from pathlib import Path


class NotThatProcess(Exception):
    """There is no such process, or it is another one by now."""


def pull(pid: int, *, command: str) -> None:
    """Kill a process with SIGKILL, if it runs `manage.py <command>`. Raises NotThatProcess."""
    if pid <= 1 or not runs(pid, command):
        raise NotThatProcess(f"Process {pid} does not run `manage.py {command}`.")
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError) as error:
        raise NotThatProcess(f"Process {pid}: {error.strerror}") from error


def runs(pid: int, command: str) -> bool:
    """Whether a process was started as `manage.py <command>`."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(
        Path(os.fsdecode(word)).name == "manage.py" and words[at + 1 : at + 2] == [command.encode()]
        for at, word in enumerate(words)
    )
