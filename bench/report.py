"""What a benchmark says: one JSON line a number on standard output, progress on standard error."""

import json
import sys
import time
from typing import Literal

Better = Literal["higher", "lower"]
Target = float | int | None


def emit(
    name: str, value: float, unit: str, against: str = "", target: Target = None, better: Better = "higher"
) -> dict[str, object]:
    """Report one number. `against` says what it was compared with, measured in the same run; `target` None: for the record.

    Returns what was written: {"name", "value", "unit", "against", "target", "better"}.
    """
    line: dict[str, object] = {
        "name": name,
        "value": float(f"{value:.4g}"),
        "unit": unit,
        "against": against,
        "target": target,
        "better": better,
    }
    print(json.dumps(line), flush=True)
    say(f"{name} = {line['value']} {unit}{_verdict(value, target, better)}")
    return line


def say(text: str) -> None:
    """Progress for the person who waits."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def met(value: float, target: Target, better: Better) -> bool:
    """Whether a number reaches its target; a number without target always does."""
    if target is None:
        return True
    return value >= target if better == "higher" else value <= target


def _verdict(value: float, target: Target, better: Better) -> str:
    if target is None:
        return ""
    return f"  ({'reaches' if met(value, target, better) else 'MISSES'} {'at least' if better == 'higher' else 'at most'} {target})"
