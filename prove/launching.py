"""A worker that is killed in every phase of a launch: scheduled, in the freeze, in the undo window, in the careful start.

No second mailing, no missing person, and not one message before its time. In the freeze it is killed for certain, and not by
luck: the referee holds the lock that the freeze needs until the worker stands in front of it.
"""

import time
from collections.abc import Callable

from bench import house, report
from prove.scenarios import Broken, Ground, Result, Send

AHEAD = 150.0  # seconds from the press of the button to the time that was chosen: the freeze begins two minutes before
FREEZE_KILLS = 2
LOCK = 0x70656F  # contacts/actions/removal.py
REST = 99

_STATE = "SELECT state FROM campaigns_campaign WHERE id = %s"
_BLOCKED = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND NOT granted"
_REST = "SELECT hold FROM sending_mailingvariant v JOIN campaigns_campaign c USING (mailing_id) WHERE c.id = %s AND v.variant = %s"


def launches(ground: Ground, *, people: int) -> Result:
    """kill -9 of the worker in every phase of a launch: it leaves at its time, once, to everybody."""
    send = ground.prepare("launches-", people)
    start = time.time() + AHEAD
    ground.program("launch", f"--campaign={send.campaign}", f"--start={start}")
    killed = {"scheduled": 0, "freezing": 0, "in the window": 0, "careful": 0}
    _expect(ground, send, "scheduled")
    killed["scheduled"] += _kill(ground)
    with ground.house.connect() as connection:
        connection.autocommit = True
        key = [LOCK, send.organization % 2**31]
        for _ in range(FREEZE_KILLS):
            connection.execute("SELECT pg_advisory_lock(%s, %s)", key)
            house.wait_until(
                lambda: ground.ask(_BLOCKED, LOCK), within=AHEAD, what="a worker is about to freeze", every=0.2
            )
            _expect(ground, send, "launching")
            killed["freezing"] += _kill(ground)
            connection.execute(
                "SELECT pg_advisory_unlock(%s, %s)", key
            )  # only then PostgreSQL notices that nobody is there
            house.wait_until(lambda: not ground.ask(_BLOCKED, LOCK), within=30, what="that is over", every=0.2)
    ground.wait_until_sealed(send)
    _expect(ground, send, "holding")
    killed["in the window"] += _kill(ground)
    early = ground.arrived(send)
    if time.time() < start and early:
        raise Broken(f"{early} messages arrived {start - time.time():.1f} s before their time.")
    house.wait_until(lambda: ground.arrived(send), within=AHEAD + 30, what="the first message arrived", every=0.05)
    late = time.time() - start
    if late < 0:
        raise Broken(f"A message arrived {-late:.1f} s before its time.")
    killed["careful"] += _kill(ground)
    if ground.ask(_REST, send.campaign, REST) != [("rest",)]:
        raise Broken("The rest did not wait for the first group.")
    house.wait_until(
        lambda: ground.ask(_REST, send.campaign, REST) == [(None,)], within=180, what="the rest goes", every=0.5
    )
    ground.wait_until_finished(send, within=240)
    counted = ground.judge(send)
    if counted.twice:
        raise Broken(f"{counted.twice} people got it twice.")
    if not all(killed.values()):
        raise RuntimeError(f"In one phase nobody was killed: {killed}.")
    return Result(
        "launches",
        counted,
        {f"killed {phase}": number for phase, number in killed.items()}
        | {"first arrived s after its time": round(late, 2)},
    )


def _kill(ground: Ground) -> int:
    """kill -9 of the worker, as soon as one runs."""
    pid: list[int | None] = []

    def killed() -> bool:
        pid.append(ground.running.kill("worker"))
        return pid[-1] is not None

    house.wait_until(killed, within=60, what="a worker runs", every=0.2)
    report.say(f"launches: kill -9 worker (process {pid[-1]})")
    return 1


def _expect(ground: Ground, send: Send, state: str) -> None:
    asked: Callable[[], bool] = lambda: ground.ask(_STATE, send.campaign) == [(state,)]  # noqa: E731
    house.wait_until(asked, within=AHEAD, what=f"the campaign is {state}", every=0.2)
