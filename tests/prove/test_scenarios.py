"""A short proof on the running product, so that nobody breaks the promise and finds out a week later."""

import subprocess
import sys

from posthouse.up.places import CHECKOUT


def test_a_few_kills_lose_and_double_nothing() -> None:
    """kill -9 of relay, worker, mailroom and PostgreSQL during a send to a thousand people."""
    done = subprocess.run(
        [sys.executable, "-m", "prove", "short", "only=crash"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "1 passed" in done.stdout
