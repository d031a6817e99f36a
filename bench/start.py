"""How long `make run` takes from the command to a 200 from /healthz: the first time in a fresh clone, and again."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import ModuleType

from bench import house, report
from posthouse.up.places import CHECKOUT

FIRST_WITHIN = 600.0  # seconds
AGAIN_WITHIN = 120.0
STOP_WITHIN = 60.0
AGAIN_TARGET = 10.0


def run(report: ModuleType = report) -> None:
    """A fresh copy of what is committed or about to be, without .venv and var/; the package cache is warm."""
    copy = CHECKOUT / "var" / "bench-start"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        clone(copy)
        first = time_a_start(copy, within=FIRST_WITHIN)
        report.emit("start.first_s", first, "s", "make run in a fresh clone, warm package cache", None, "lower")
        again = min(time_a_start(copy, within=AGAIN_WITHIN) for _ in range(3))
        report.emit("start.again_s", again, "s", "make run, the second time", AGAIN_TARGET, "lower")
    finally:
        forget(copy)


def clone(copy: Path) -> None:
    """What git knows of this checkout, as it stands in the work tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = CHECKOUT / name, copy / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def time_a_start(checkout: Path, *, within: float) -> float:
    """Seconds from `make run` to a 200 from /healthz; then stops it and sees that nothing is left behind."""
    port = house.free_ports(house.PORT + 500)
    environ = {
        name: value for name, value in os.environ.items() if name not in house.NOT_OURS | {"VAR_DIR", "VIRTUAL_ENV"}
    }
    log = checkout / "make-run.log"
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=checkout,
            env={**environ, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while house.get(port, "/healthz")[0] != 200:
            if process.poll() is not None:
                raise RuntimeError(f"make run ended with {process.returncode}:\n{_last(log)}")
            if time.monotonic() - began > within:
                raise TimeoutError(f"/healthz: {house.get(port, '/healthz')}\n{_last(log)}")
            time.sleep(0.05)
        took = time.monotonic() - began
        report.say(f"/healthz said 200 after {took:.1f} s; stopping")
    finally:
        stop(process)
    if left := [port + offset for offset in range(6) if house.listens("127.0.0.1", port + offset)]:
        raise RuntimeError(f"Stopped, and the ports {left} are still taken.")
    return took


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C, as a terminal sends it: to the whole group. Raises TimeoutExpired (after a kill) when it does not stop."""
    try:
        os.killpg(process.pid, signal.SIGINT)
    except ProcessLookupError:
        return
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def forget(copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)


def _last(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
