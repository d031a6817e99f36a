"""Short proofs on the running product, so that nobody breaks the promise and finds out a week later."""

import subprocess
import sys

import pytest

from posthouse.up.places import CHECKOUT


@pytest.mark.parametrize(
    ("cases", "passed"),
    [
        ("crash", "1 passed"),  # kill -9 of relay, worker, mailroom and PostgreSQL during a send to a thousand people
        (
            "wire,smuggling,world",
            "8 passed",
        ),  # servers that misbehave; database, broker, disk, clock and DNS; and the audit
    ],
    ids=["crash", "wire and world"],
)
def test_the_short_proof_runs(cases: str, passed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prove", "short", f"only={cases}"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert passed in done.stdout
