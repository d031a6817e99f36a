"""Compile designs in guarded child processes: a design that crashes or hangs the compiler is an error, never an outage.

The MJML compiler and the CSS inliner stop the whole process on deeply nested input, and hold Python's global lock. So each web or
worker process keeps up to two children, gives them one design at a time, and kills one that takes too long.
"""

import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from campaigns.designs.findings import MAX_HTML, Brought, Compiled, DesignError, Finding
from campaigns.designs.source import MAX_BYTES

CHILDREN = 2
COMPILE_SECONDS = 10.0
START_SECONDS = 30.0
WAIT_SECONDS = 20.0  # for a free child
DESIGNS_PER_CHILD = 500
MAX_ANSWER = 16 * 1024 * 1024

_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from campaigns.designs import child; child.main()"

TOO_SLOW = "The design took too long to compile. It is probably nested too deep or repeats too much: make it simpler."
CRASHED = "The design made the compiler stop. It is probably nested too deep: make it simpler."
BUSY = "Too many designs are being compiled at this moment. Try again in a few seconds."


def compile_design(mjml: str, *, known: Collection[str] | None = None, preheader: str = "") -> Compiled:
    """Compile a design in a child. Raises DesignError for whatever is wrong with it, a crash included."""
    if len(mjml) > MAX_BYTES:
        raise DesignError(
            [
                Finding(
                    "error",
                    f"The design is larger than {MAX_BYTES // 1024} kB. Move text to a web page and link to it.",
                )
            ]
        )
    mjml = mjml.encode("utf-8", "replace").decode()
    answer = _pool.ask({"mjml": mjml, "known": None if known is None else sorted(known), "preheader": preheader})
    if "compiled" in answer:
        return Compiled.from_json(answer["compiled"])
    raise DesignError([Finding(*finding) for finding in answer["findings"]])


def bring_html(html: str) -> Brought:
    """Clean foreign HTML into a design, in a child. Raises DesignError for whatever is wrong with it, a crash included."""
    answer = _pool.ask({"html": html[: MAX_HTML + 1].encode("utf-8", "replace").decode()})
    if "brought" in answer:
        return Brought.from_json(answer["brought"])
    raise DesignError([Finding(severity, message, line) for severity, message, line in answer["findings"]])


def _failure(message: str) -> dict[str, Any]:
    return {"findings": [["error", message, 0]]}


class _ChildGone(Exception):
    """The child died in the middle."""


class _Child:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},  # no secrets in there
            close_fds=True,
        )
        self.done = 0
        self.receive(time.monotonic() + START_SECONDS)

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        from campaigns.designs.child import write

        self.done += 1
        assert self.process.stdin is not None
        try:
            write(self.process.stdin, request)
        except (BrokenPipeError, OSError) as error:
            raise _ChildGone from error
        return self.receive(time.monotonic() + seconds)

    def receive(self, deadline: float) -> dict[str, Any]:
        import json

        (length,) = struct.unpack(">I", self._exactly(4, deadline))
        if length > MAX_ANSWER:
            raise _ChildGone
        answer: dict[str, Any] = json.loads(self._exactly(length, deadline))
        return answer

    def _exactly(self, count: int, deadline: float) -> bytes:
        assert self.process.stdout is not None
        number = self.process.stdout.fileno()
        data = bytearray()
        while len(data) < count:
            ready, _, _ = select.select([number], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = os.read(number, count - len(data))
            if not piece:
                raise _ChildGone
            data += piece
        return bytes(data)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass


class _Pool:
    """Idle children of this process. A fork starts with none."""

    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(CHILDREN)
        self.lock = threading.Lock()
        self.idle: list[_Child] = []

    def ask(self, request: dict[str, Any], seconds: float = COMPILE_SECONDS) -> dict[str, Any]:
        if not self.free.acquire(timeout=WAIT_SECONDS):
            return _failure(BUSY)
        try:
            return self._ask(request, seconds)
        finally:
            self.free.release()

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        with self.lock:
            child = self.idle.pop() if self.idle else None
        if child is not None and child.process.poll() is not None:  # died while idle: not this design's fault
            child.kill()
            child = None
        try:
            child = child or _Child()
        except (OSError, TimeoutError, _ChildGone):
            return _failure(BUSY)
        try:
            answer = child.ask(request, seconds)
        except TimeoutError:
            child.kill()
            return _failure(TOO_SLOW)
        except (_ChildGone, ValueError):
            child.kill()
            return _failure(CRASHED)
        if child.done >= DESIGNS_PER_CHILD:
            child.kill()
        else:
            with self.lock:
                self.idle.append(child)
        return answer


_pool = _Pool()


def _forget_children() -> None:
    global _pool
    _pool = _Pool()


os.register_at_fork(after_in_child=_forget_children)
