"""How fast reports are judged on one core: octets of a mail in, what it is and what follows out.

The reports are the tests' corpus (bounces of all makes, complaints, opt-outs, answers), each time with other addresses,
hosts, queue ids and dates, as they come in life. The second number gives every reply words that were never seen before, so
that nothing can be remembered: what the first minute costs. Time of this process only, the largest of some rounds.
"""

import random
import re
import time
from pathlib import Path
from types import ModuleType

from bench import report as default_report
from sending.judging import trouble
from sending.judging.trouble import Stage
from sending.mailroom.explaining import explain
from sending.relay.replies import ReplyReader

CORPUS = Path(__file__).parents[1] / "tests" / "fixtures" / "bounces"
REPORTS = 4_000
ROUNDS = 3
TARGET = 1_000
_WORDS = re.compile(rb"(?i)(unknown|mailbox|does not exist|account|rejected|user)")


def run(report: ModuleType = default_report) -> None:
    """Measures, and reports the numbers."""
    chance = random.Random(7)
    corpus = [path.read_bytes() for path in sorted((CORPUS / "reports").glob("*.eml")) if path.stat().st_size > 200]
    usual = [_of_others(corpus[n % len(corpus)], chance) for n in range(REPORTS)]
    report.say(f"{REPORTS} reports of {len(corpus)} makes, {sum(map(len, usual)) // REPORTS} octets each")
    against = f"{len(corpus)} makes of reports, other addresses and ids in each; one core, whole mails"
    report.emit("judging.reports_s", _pace(usual), "reports/s", against, TARGET)
    unheard = [_WORDS.sub(lambda m: m.group() + b" " + _word(chance), raw) for raw in usual]
    report.emit(
        "judging.unheard_s", _pace(unheard), "reports/s", "the same with words that nobody has heard before", TARGET
    )
    lines = [row.rpartition("\t")[2] for row in (CORPUS / "replies.tsv").read_text().splitlines()[1:]]
    wires = [lines[n % len(lines)].encode() + b"\r\n" for n in range(REPORTS * 10)]
    report.emit(
        "judging.replies_s", _replies(wires), "replies/s", f"{len(lines)} live replies, as they come off the wire"
    )


def _pace(reports: list[bytes]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        trouble._judge.cache_clear()
        began = time.process_time()
        for raw in reports:
            explain(raw)
        best = max(best, len(reports) / (time.process_time() - began))
    return best


def _replies(wires: list[bytes]) -> float:
    began = time.process_time()
    for wire in wires:
        (reply,) = ReplyReader().feed(wire)
        trouble.judge(reply, stage=Stage.RCPT)
    return len(wires) / (time.process_time() - began)


def _of_others(raw: bytes, chance: random.Random) -> bytes:
    """The same report about somebody else, from another machine, at another time."""
    for old in (b"nora", b"otto", b"kettle", b"4XyZ", b"gsmtp"):
        raw = raw.replace(old, _word(chance))
    return raw.replace(b"09:00:0", b"%02d:%02d:0" % (chance.randrange(24), chance.randrange(60)))


def _word(chance: random.Random) -> bytes:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=9)).encode()


if __name__ == "__main__":
    run()
