"""Logs are cut before they fill the disk, and quoted without what was said in an earlier life."""

from pathlib import Path

import pytest

from posthouse.up import logs


def test_a_large_log_is_set_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"much too long a line\n")
        logs.rotate(log)
        writer.write(b"next\n")
        logs.rotate(log)
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"much too long a line\n"


def test_no_log_yet(tmp_path: Path) -> None:
    logs.rotate(tmp_path / "absent.log")
    assert logs.tail(tmp_path / "absent.log") == ""
    assert logs.size(tmp_path / "absent.log") == 0


def test_only_what_was_said_since(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("FATAL: long ago\n")
    began = logs.size(log)
    assert logs.tail(log, since=began) == ""
    with log.open("a") as file:
        file.write("one\n\n\xff two\n")
    assert logs.tail(log, 1, since=began) == "\xff two"
    log.write_text("cut\n")
    assert logs.tail(log, since=began) == "cut", "a log that was cut since begins anew"
