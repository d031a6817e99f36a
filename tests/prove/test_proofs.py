"""What was counted is told in one table, whenever each case was run."""

from pathlib import Path

from prove import proofs
from prove.proofs import Shown

CRASH = Shown("crash", [("lost", 0), ("arrived", 19_900)], {"kills": 200}, 611.4, "2026-11-22, 2 cores")
WIRE = Shown("wire", [("lost", 0), ("arrived", 80)], {"servers": 52}, 30.0, "2026-11-23", ["| the server |", "|---|"])
SMUGGLING = Shown("smuggling", [], {"messages": 1}, 2.0, "2026-11-23")


def test_each_case_has_its_column_and_its_line() -> None:
    made = proofs.table([CRASH, WIRE, SMUGGLING])
    assert "| | crash | wire |\n|---|---:|---:|\n| lost | 0 | 0 |\n| arrived | 19,900 | 80 |" in made
    assert "- **crash** (611 s; 2026-11-22, 2 cores): kills: 200" in made
    assert "- **smuggling** (2 s; 2026-11-23): messages: 1" in made
    assert made.endswith("**wire**, one by one:\n\n| the server |\n|---|")


def test_the_last_run_of_each_case_is_kept(tmp_path: Path) -> None:
    for shown in (CRASH, WIRE, SMUGGLING):
        proofs.keep(tmp_path, shown)
    again = Shown("crash", [("lost", 0), ("arrived", 5)], {}, 1.0, "later")
    proofs.keep(tmp_path, again)
    assert [each.name for each in proofs.kept(tmp_path, ["crash", "two", "wire"])] == ["crash", "wire"]
    assert proofs.table(proofs.kept(tmp_path, ["crash"])) == proofs.table([again])


def test_only_what_stands_between_the_marks_changes(tmp_path: Path) -> None:
    page = tmp_path / "proofs.md"
    page.write_text(f"before\n{proofs.BEGIN}\nold\\1\n{proofs.END}\nbehind\n")
    proofs.write(page, "new \\1")
    assert page.read_text() == f"before\n{proofs.BEGIN}\nnew \\1\n{proofs.END}\nbehind\n"
