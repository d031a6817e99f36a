"""What servers say, line by line: a corpus of replies in the documented wordings, each with what must follow."""

import csv
from pathlib import Path

import pytest

from sending.judging import trouble
from sending.judging.book import shipped
from sending.judging.trouble import Stage
from sending.relay.replies import ReplyReader

CORPUS = Path(__file__).parents[2] / "fixtures" / "bounces" / "replies.tsv"
with CORPUS.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}: {row['reply'][:50]}" for n, row in enumerate(ROWS, start=2)])
def test_a_reply_of_the_corpus(row: dict[str, str]) -> None:
    (reply,) = ReplyReader().feed(row["reply"].encode() + b"\r\n")
    judgement = trouble.judge(reply, stage=Stage(row["stage"]), provider=row["provider"])
    wanted = (row["class"], row["outcome"], row["suppress"].strip())
    assert (judgement.category, str(judgement.outcome), judgement.suppress) == wanted


@pytest.mark.parametrize("row", ROWS, ids=[str(n) for n in range(2, len(ROWS) + 2)])
def test_cut_into_lines_it_means_the_same(row: dict[str, str]) -> None:
    """As a live server would send it: several lines, the enhanced code before each."""
    code, _, rest = row["reply"].partition(" ")
    status, _, words = rest.partition(" ")
    if status.count(".") != 2 or not status.replace(".", "").isdigit():
        status, words = "", rest
    half = words.rfind(" ", 0, len(words) // 2)
    if half < 0:
        return
    mark = f"{status} " if status else ""
    wire = f"{code}-{mark}{words[:half]}\r\n{code} {mark}{words[half + 1 :]}\r\n".encode()
    (reply,) = ReplyReader().feed(wire)
    judgement = trouble.judge(reply, stage=Stage(row["stage"]), provider=row["provider"])
    assert judgement.category == row["class"]


def test_the_corpus_is_large_and_knows_every_class_of_replies() -> None:
    assert len(ROWS) >= 150
    missing = set(shipped().categories) - {row["class"] for row in ROWS}
    assert missing == {"expired"}, "which only reports say"
