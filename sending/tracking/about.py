"""What a token in a mail says about its message: `about` is "d" and the delivery's id (see contacts/tokens.py)."""

import re

_DELIVERY = re.compile(r"d([1-9][0-9]{0,17})", re.ASCII)


def of_delivery(delivery_id: int) -> str:
    """The `about` of a message; "" for a mail that is in no ledger."""
    return f"d{delivery_id}" if delivery_id > 0 else ""


def delivery_of(about: str) -> int | None:
    """The delivery's id, None when `about` speaks of something else."""
    match = _DELIVERY.fullmatch(about)
    return int(match[1]) if match else None
