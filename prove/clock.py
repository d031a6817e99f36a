"""The relay's wall clock jumps, forward and back, in the middle of a send: nothing is given up early and nothing waits for days.

Only the relay's machine is wrong here (prove/turned_relay.py); the database's clock is the one that everybody goes by.
"""

import time

from bench import house, report
from prove.scenarios import Broken, Ground, Result
from prove.surroundings import STUCK_AFTER, sending, wait_for_more
from prove.wire import make_due, waiting
from prove.workshop import Workshop
from prove.world import ASKS_TWICE, DOMAINS
from sending.enums import DeliveryState

HOUR = 3600.0
FIRST = 72 * HOUR  # when the send begins: longer than any message lives
JUMPS = (2 * HOUR, -2 * HOUR, -FIRST, 0.0)
EXPIRED_OR_FAR = """
    SELECT count(*) FILTER (WHERE state = %s), count(*) FILTER (WHERE state = %s AND due_at > now() + interval '10 minutes')
    FROM sending_delivery WHERE organization_id = %s"""


def clock(ground: Ground, workshop: Workshop, *, people: int, pause: float, patient: bool) -> Result:
    """The relay's wall clock jumps by hours and days in both directions during a send with retries."""
    file = workshop.house.here.var / "clock"
    file.write_text("0")
    workshop.stop_relay()
    workshop.start_relay(module="prove.turned_relay", environ={"PROVE_CLOCK": str(file)})
    file.write_text(str(FIRST))
    try:
        with sending(ground, "clock-", people, homes=[*DOMAINS, ASKS_TWICE]) as (send, postman):
            for turned in JUMPS:
                wait_for_more(ground, send)
                file.write_text(str(turned))
                report.say(f"clock: the relay's clock is off by {turned / HOUR:+.0f} h")
                time.sleep(pause)
            expired, far = ground.ask(
                EXPIRED_OR_FAR, int(DeliveryState.EXPIRED), int(DeliveryState.DEFERRED), send.organization
            )[0]
            if expired or far:
                raise Broken(f"{expired} messages were given up, and {far} wait for a time that is far away.")
            put_off = waiting(ground, send, DeliveryState.DEFERRED)
            if not put_off:
                raise RuntimeError("Nobody had to be asked twice.")
            if not patient:
                make_due(ground, send)
            took = ground.wait_until_finished(send, within=STUCK_AFTER)
            postman.finish(within=120)
    finally:
        workshop.stop_relay()
        workshop.start_relay()
    counted = ground.judge(send, sent_back=postman.returned)
    if counted.twice:
        raise Broken(f"{counted.twice} people got it twice.")
    house.wait_until(lambda: not ground.open_rows(send), within=5, what="nothing is open")
    return Result(
        "clock",
        counted,
        {
            "jumps to h": ", ".join(f"{turned / HOUR:+.0f}" for turned in (FIRST, *JUMPS)),
            "given up": expired,
            "retries that wait their minute": put_off,
            "... that wait for hours": far,
            "finished after s": round(took),
        },
    )
