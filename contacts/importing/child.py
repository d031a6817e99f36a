"""The child process that opens one foreign file within limits, and says on its standard output what became of it."""

from __future__ import annotations

import errno
import json
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

MEMORY = 192 * 1024**2  # bytes of address space beyond what Python itself takes
FILE_BYTES = 4 * 1024**3  # of one file that is written
_BEAT = 0.8  # seconds


def main() -> None:
    order = json.loads(sys.argv[2])
    from contacts.importing import assembling, reading, unpacking

    limit(int(order["seconds"]))
    last = time.monotonic()

    def progress(rows: int) -> None:
        nonlocal last
        if time.monotonic() - last > _BEAT:
            last = time.monotonic()
            _say({"at": rows})

    target = Path(order["target"])
    try:
        _say({"done": assembling.assemble(Path(order["source"]), target, order["name"], progress)})
    except reading.Unreadable as refused:
        _say({"refused": str(refused)})
    except MemoryError:
        _say({"refused": unpacking.TOO_BIG})
    except OSError as trouble:
        no_memory = trouble.errno == errno.ENOMEM
        _say({"refused": unpacking.TOO_BIG if no_memory else f"The file cannot be opened here: {trouble.strerror}."})
    except Exception:  # noqa: BLE001  whatever a damaged file can bring about ends here, in the child
        _say({"refused": unpacking.BROKEN})


def limit(seconds: int) -> None:
    """So much and no more, `seconds` of the processor among it; counted from here, with everything imported."""
    taken = 0
    status = Path("/proc/self/statm")
    if status.exists():
        taken = int(status.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing on fails with EFBIG instead


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
