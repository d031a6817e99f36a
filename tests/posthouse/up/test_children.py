"""Children die with us, are started again when they die, and are stopped with patience that ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from posthouse.up import children

FORKING = "import os, time; pid = os.fork(); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., children.Child]]:
    made: list[children.Child] = []

    def child(code: str, **facts: object) -> children.Child:
        one = children.Child(
            name="one",
            command=[sys.executable, "-c", code],
            log=tmp_path / "one.log",
            environ=dict(os.environ),
            **facts,
        )
        made.append(one)
        return one

    yield child
    children.stop(made)


def eventually(true: Callable[[], object], within: float = 5.0) -> None:
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_death_is_told_and_mended(make: Callable[..., children.Child]) -> None:
    child = make("import time; time.sleep(60)")
    child.start()
    assert child.watch() is None
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    child.process.wait()
    news = child.watch()
    assert news is not None
    assert news.startswith("one killed by SIGKILL; starting it again in 0.2 s")
    assert child.watch() is None, "not before its time"
    time.sleep(0.25)
    child.watch()
    assert child.alive
    assert child.process.pid != first


def test_deaths_in_a_row_take_longer_and_longer(make: Callable[..., children.Child]) -> None:
    child = make("raise SystemExit(3)")
    waits = []
    for _ in range(12):
        child.start()
        assert child.process is not None
        child.process.wait()
        assert child.watch()
        assert child.restart_at is not None
        waits.append(round(child.restart_at - time.monotonic(), 1))
        if len(waits) == 3:
            child.deaths = 20  # as if it had gone on for hours
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert max(waits) == children.SLOWEST_RESTART


def test_a_death_after_a_steady_life_is_a_new_one(make: Callable[..., children.Child]) -> None:
    child = make("pass")
    child.deaths = 9
    child.start()
    assert child.process is not None
    child.process.wait()
    child.started_at -= children.STEADY_AFTER + 1
    child.watch()
    assert child.deaths == 1


def test_workers_of_a_killed_master_do_not_stay(make: Callable[..., children.Child]) -> None:
    child = make(FORKING)
    child.start()
    assert child.process is not None
    pid = child.process.pid
    time.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    child.process.wait()
    assert group_lives(pid)
    child.watch()
    eventually(lambda: not group_lives(pid))


def test_patience_ends(make: Callable[..., children.Child]) -> None:
    child = make(STUBBORN, patience=0.3)
    child.start()
    eventually(lambda: child.log.exists() and b"deaf" in child.log.read_bytes())
    assert children.stop([child]) == ["one"]
    assert not child.alive


def test_a_second_ctrl_c_ends_patience_at_once(make: Callable[..., children.Child]) -> None:
    child = make(STUBBORN, patience=60)
    child.start()
    eventually(lambda: child.log.exists() and b"deaf" in child.log.read_bytes())
    began = time.monotonic()
    assert children.stop([child], hurry=lambda: time.monotonic() - began > 0.2) == ["one"]
    assert time.monotonic() - began < 5


def test_a_well_behaved_child_is_not_killed(make: Callable[..., children.Child]) -> None:
    child = make("import time; time.sleep(60)")
    child.start()
    time.sleep(0.1)
    assert children.stop([child]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does this")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, time; from pathlib import Path; from posthouse.up import children;"
        f"p = children.spawn(['sleep', '60'], log=Path({str(tmp_path / 'log')!r}), environ=dict(os.environ));"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    eventually(
        lambda: not Path(f"/proc/{orphan}").exists() or "Z" in Path(f"/proc/{orphan}/stat").read_text().split()[2]
    )
