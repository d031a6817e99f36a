"""What the product stands on goes away in the middle of a send: its database, its broker, its disk.

Counted is as always: nobody lost, nobody twice, everybody finished; and what was reported to the mailroom meanwhile is there.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import house, report
from prove.postman import Postman
from prove.scenarios import MAILROOM, SENT_BACK_ONE_IN, Broken, Ground, Result, Send
from prove.workshop import Workshop, begin

DISK = 900  # MB of the disk that is filled; a new database with its log takes less than half of it
RESTARTS = 3
STUCK_AFTER = 300.0  # seconds after everything is back


def restarts(ground: Ground, workshop: Workshop, *, people: int, away: float) -> Result:
    """PostgreSQL is restarted during a send, in order and by kill -9, and then stays away longer than a relay's lease."""
    with sending(ground, "restarts-", people) as (send, postman):
        for number in range(RESTARTS):
            wait_for_more(ground, send)
            if number % 2:
                with workshop.without("postgres"):
                    pass
            else:
                workshop.restart("postgres")
            report.say(f"restarts: PostgreSQL was {'killed and started' if number % 2 else 'restarted'}")
        wait_for_more(ground, send)
        with workshop.without("postgres"):
            time.sleep(away)
        report.say(f"restarts: PostgreSQL was away for {away:.0f} s")
        left = ground.open_rows(send)
        took = ground.wait_until_finished(send, within=STUCK_AFTER)
        finish(postman)
    return Result(
        "restarts",
        ground.judge(send, sent_back=postman.returned),
        {
            "restarts": RESTARTS,
            "then away for s": round(away),
            "open when it was back": left,
            "finished after s": round(took),
            "tries of reports without an answer or with 4xx": postman.told.again,
        },
    )


def broker(ground: Ground, workshop: Workshop, *, people: int, away: float) -> Result:
    """The broker is gone for a while: mail goes on, Send can be pressed, and what lost its wake-up is swept up afterwards."""
    second = ground.prepare("unwoken-", max(50, people // 10))
    with sending(ground, "broker-", people) as (first, postman):
        with workshop.without("valkey"):
            arrived = ground.arrived(first)
            pressed = ground.program("launch", f"--campaign={second.campaign}")
            time.sleep(away)
            went_on = ground.arrived(first) - arrived
            if not went_on and ground.open_rows(first):
                raise Broken("No mail left while the broker was gone.")
        back = time.monotonic()
        report.say(f"broker: it was away for {away:.0f} s, {went_on} messages left meanwhile")
        if not pressed["launched"]:
            raise Broken("Send could not be pressed while the broker was gone.")
        ground.wait_until_finished(first, within=STUCK_AFTER)
        ground.wait_until_sealed(second)
        swept = time.monotonic() - back
        ground.wait_until_finished(second, within=STUCK_AFTER)
        finish(postman)
    ground.judge(second)
    return Result(
        "broker",
        ground.judge(first, sent_back=postman.returned),
        {
            "away for s": round(away),
            "messages that left meanwhile": went_on,
            "a send pressed meanwhile was launched s after it was back": round(swept),
            "processes that died": len(workshop.deaths),
        },
    )


def disk(ground: Ground, workshop: Workshop, *, people: int, full_for: float) -> Result:
    """The database's disk fills up to the last block during a send, and is given room again."""
    place = workshop.house.here.postgres_data.parent
    if not os.path.ismount(place):
        report.say("NOT PROVED HERE: a full disk. Only root can mount a small one.")
        return Result("disk", None, {"not proved here": "only root can mount a small disk"})
    with sending(ground, "disk-", people) as (send, postman):
        wait_for_more(ground, send)
        filler = place / "filler"
        began = time.monotonic()
        refused_before = postman.told.again
        while time.monotonic() - began < full_for:
            fill(filler)  # again and again: what is freed meanwhile is taken as well
            time.sleep(0.2)
        errors = said(workshop.house.postgres.log, "No space left on device")
        stood = ground.arrived(send)
        filler.unlink()
        report.say(f"disk: full for {full_for:.0f} s, {errors} complaints of PostgreSQL")
        if not errors:
            raise RuntimeError("The disk was full, and PostgreSQL did not notice.")
        server = workshop.house.servers["postgres"]
        if not server.alive:  # its log could not be written: it gave up, and `up` starts it again
            begin(server)
        left = ground.open_rows(send)
        took = ground.wait_until_finished(send, within=STUCK_AFTER)
        finish(postman)
    return Result(
        "disk",
        ground.judge(send, sent_back=postman.returned),
        {
            "full for s": round(full_for),
            "complaints of PostgreSQL": errors,
            "had arrived when there was room again": stood,
            "open then": left,
            "finished after s": round(took),
            "reports that the mailroom did not take meanwhile": postman.told.again - refused_before,
        },
    )


# --- a send and its reports ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def sending(ground: Ground, prefix: str, people: int, *, homes: Sequence[str] = ()) -> Iterator[tuple[Send, Postman]]:
    """A send that has begun, and reports that come back from it."""
    send = ground.prepare(prefix, people, homes=homes)
    mailroom = ("127.0.0.1", ground.house.port + MAILROOM)
    with Postman(ground.log, prefix=send.prefix, mailroom=mailroom, one_in=SENT_BACK_ONE_IN) as postman:
        ground.program("launch", f"--campaign={send.campaign}")
        ground.wait_until_sealed(send)
        house.wait_until(lambda: ground.arrived(send), within=60, what="the first message arrived")
        yield send, postman


def wait_for_more(ground: Ground, send: Send) -> None:
    """Until mail has left since."""
    before = ground.arrived(send)
    house.wait_until(lambda: ground.arrived(send) > before + 5, within=90, what=f"{send.prefix} goes on", every=0.2)
    if not ground.open_rows(send):
        raise RuntimeError("The send was over too soon; more people are needed.")


def finish(postman: Postman) -> None:
    postman.finish(within=120)
    if postman.told.refused:
        raise Broken(f"The mailroom refused {postman.told.refused} genuine reports for good.")


# --- a small disk -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(of: house.House) -> Iterator[bool]:
    """The database's data on a disk of its own, as long as root starts us; else where it always is. False: it is not."""
    place = of.here.postgres_data.parent
    if os.geteuid() != 0:
        yield False
        return
    place.mkdir(parents=True, exist_ok=True)
    owner = of.here.account
    options = f"size={DISK}m,mode=700,uid={owner.uid},gid={owner.gid}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "posthouse-proof", str(place)], capture_output=True, check=False
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", str(place)], check=False)


def fill(filler: Path) -> None:
    """Take every free block."""
    for piece in (1_048_576, 4_096):
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while file.write(b"\0" * piece):
                pass


def said(log: Path, words: str) -> int:
    return log.read_text(errors="replace").count(words)
