"""When a deferred message is tried again, and when we give up.

Policy: 1, 5, 15 and 30 minutes for greylisting, then 1, 2 and 4 hours, with 20% of chance so that a million do not come back
at once. A message expires by its age; the last try is made when it does.
"""

import random

STEPS = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0)
JITTER = 0.2
NO_DOMAIN_PAUSE = 3600.0  # between two looks at a domain that does not exist


def next_try(*, attempts: int, now: float, expires: float, chance: random.Random, least: float = 0.0) -> float | None:
    """When to try again after `attempts` finished tries (1 or more), in the seconds of `now`; None: give up."""
    if now >= expires:
        return None
    step = STEPS[min(attempts, len(STEPS)) - 1] * chance.uniform(1 - JITTER, 1 + JITTER)
    return min(now + max(step, least), expires)
