"""The relay's wall clock jumps, forward and back, in the middle of a send: nothing is given up early and nothing waits for days.

Only the relay's clock is turned here (prove/turned_relay.py); the database's is the one that the others go by.
"""

import time

from bench import house, report
from prove.scenarios import Broken, Ground, Result
from prove.surroundings import STUCK_AFTER, sending, wait_for_more
from prove.workshop import Workshop
from sending.enums import DeliveryState

HOUR = 3600.0
JUMPS = (2 * HOUR, -2 * HOUR, 72 * HOUR, -72 * HOUR, 0.0)  # three days: longer than any message lives
EXPIRED_OR_FAR = """
    SELECT count(*) FILTER (WHERE state = %s), count(*) FILTER (WHERE state = %s AND due_at > now() + interval '10 minutes')
    FROM sending_delivery WHERE organization_id = %s"""


def clock(ground: Ground, workshop: Workshop, *, people: int, pause: float) -> Result:
    """The relay's wall clock jumps by hours and days in both directions during a send with retries."""
    file = workshop.house.here.var / "clock"
    file.write_text("0")
    workshop.stop_relay()
    workshop.start_relay(module="prove.turned_relay", environ={"PROVE_CLOCK": str(file)})
    try:
        with sending(ground, "clock-", people) as (send, postman):
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
            "jumps to h": ", ".join(f"{turned / HOUR:+.0f}" for turned in JUMPS),
            "given up": expired,
            "retries put far off": far,
            "finished after s": round(took),
        },
    )
