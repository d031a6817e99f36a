"""`manage.py explain_bounce`: a line of JSON a file, without a database, without a configuration, for any octets."""

import json
import os
import subprocess
import sys
from pathlib import Path

from posthouse.up.places import CHECKOUT

REPORTS = CHECKOUT / "tests" / "fixtures" / "bounces" / "reports"


def explain(*files: str, stdin: bytes = b"") -> tuple[int, list[dict[str, object]]]:
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    bare["DATABASE_URL"] = "postgres://nobody@127.0.0.1:9/nothing"
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "explain_bounce", *files],
        env=bare,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_a_file_in_their_order(tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 500)
    bounce, complaint = str(REPORTS / "several_recipients.eml"), str(REPORTS / "arf_abuse.eml")
    status, lines = explain(bounce, str(noise), complaint, "-", stdin=b"")
    assert status == 0
    assert [line["file"] for line in lines] == [bounce, str(noise), complaint, "-"]
    assert [line["kind"] for line in lines] == ["bounce", "unknown", "complaint", "unknown"]
    assert (
        lines[0]["recipients"]
        == json.loads((REPORTS.parent / "reports.json").read_text())["several_recipients"]["recipients"]
    )
    assert [line["feedback_type"] for line in lines] == [None, None, "abuse", None]


def test_a_file_that_is_not_there_is_said_and_the_others_are_explained(tmp_path: Path) -> None:
    status, lines = explain(str(tmp_path / "nowhere"), str(REPORTS / "null_mx.eml"), str(tmp_path))
    assert status == 1
    assert [line["kind"] for line in lines] == ["unknown", "bounce", "unknown"]
