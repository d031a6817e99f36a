"""A short proof on the running product, so that nobody breaks the promise and finds out a week later."""

import subprocess
import sys

from posthouse.up.places import CHECKOUT


def test_the_short_proof_runs() -> None:
    """Three kills during a send to a thousand people, on the running product."""
    done = subprocess.run(
        [sys.executable, "-m", "prove", "short"], cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "1 passed" in done.stdout
