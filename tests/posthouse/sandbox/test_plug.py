"""Pulling the plug hits the process that is meant, and no other."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from posthouse.sandbox import plug


def test_only_the_named_command_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "manage.py"
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen([sys.executable, str(script), "relay"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        with pytest.raises(plug.NotThatProcess):
            plug.pull(process.pid, command="mailroom")
        assert process.poll() is None
        plug.pull(process.pid, command="relay")
        assert process.wait(5) == -signal.SIGKILL
    with pytest.raises(plug.NotThatProcess):
        plug.pull(process.pid, command="relay")


@pytest.mark.parametrize("pid", [0, 1, -1, os.getpid()], ids=["0", "1", "-1", "own"])
def test_nobody_else_is_killed(pid: int) -> None:
    with pytest.raises(plug.NotThatProcess):
        plug.pull(pid, command="relay")
