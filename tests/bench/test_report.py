"""Benchmarks speak in JSON lines on standard output, and in words on standard error."""

import json
import subprocess
import sys

import pytest

from bench import __main__ as runner
from bench import report
from posthouse.up.places import CHECKOUT


def test_a_number_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    report.emit("launch.copy_ratio", 2.98765, "x", "a bare INSERT ... SELECT", 4.0, "lower")
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "name": "launch.copy_ratio",
        "value": 2.988,
        "unit": "x",
        "against": "a bare INSERT ... SELECT",
        "target": 4.0,
        "better": "lower",
    }
    assert "reaches at most 4.0" in said.err


@pytest.mark.parametrize(
    ("value", "target", "better", "met"),
    [
        (3.9, 4, "lower", True),
        (4.1, 4, "lower", False),
        (0.2, 0.2, "higher", True),
        (0.19, 0.2, "higher", False),
        (9, None, "lower", True),
    ],
)
def test_targets(value: float, target: float | None, better: report.Better, met: bool) -> None:
    assert report.met(value, target, better) is met


def test_every_benchmark_can_be_run() -> None:
    names = runner.names()
    assert "start" in names
    assert not {"report", "house", "__main__"} & set(names)
    assert any(runner.runner_of(name) for name in names)


def test_parts_have_names_of_their_own() -> None:
    assert "memory" in runner.parts_of("send")
    assert runner.runner_of("send.memory") is not None
    assert runner.parts_of("launch") == ()


@pytest.mark.parametrize("name", ["send.nothing", "launch.first"])
def test_a_part_that_is_none_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main([f"only={name}"]) == 2
    assert f"There is no benchmark {name}." in capsys.readouterr().err


def test_a_name_that_is_none_is_refused_with_the_names() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "only=sned"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "There is no benchmark sned. There are: " in done.stderr
    assert done.stdout == ""
