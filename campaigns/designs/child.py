"""The guarded child: compiles one design after another, with no way to files or network, and may die of any of them.

Talks over standard input and output: four bytes of length, then JSON.
"""

import json
import resource
import struct
import sys
from typing import IO, Any

MEMORY = 1024 * 1024 * 1024  # bytes of address space; a large design takes about a tenth


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    from campaigns.designs import compiling, foreign  # noqa: F401  (loads the native code before the doors close)

    _compile(
        {"mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section></mj-body></mjml>"}
    )
    _bring({"html": "<p style='color: red'>a</p>"})
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No file and no socket can be opened any more; the pipes are.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    write(outgoing, {"ready": True})
    while (request := read(incoming)) is not None:
        write(outgoing, _bring(request) if "html" in request else _compile(request))


def _bring(request: dict[str, Any]) -> dict[str, Any]:
    from campaigns.designs import foreign
    from campaigns.designs.findings import DesignError

    try:
        return {"brought": foreign.bring(request["html"]).to_json()}
    except DesignError as error:
        return {"findings": [[f.severity, f.message, f.line] for f in error.findings]}
    except (MemoryError, RecursionError):
        return {"findings": [["error", "The page is too complicated to bring in. Make it simpler.", 0]]}


def _compile(request: dict[str, Any]) -> dict[str, Any]:
    from campaigns.designs.compiling import compile_source
    from campaigns.designs.findings import DesignError, Finding

    try:
        known = request.get("known")
        compiled = compile_source(
            request["mjml"], known=None if known is None else frozenset(known), preheader=request.get("preheader", "")
        )
    except DesignError as error:
        return {"findings": [[f.severity, f.message, f.line, f.column] for f in error.findings]}
    except (MemoryError, RecursionError):
        return {
            "findings": [
                ["error", Finding("error", "The design is too complicated to compile. Make it simpler.").message, 0]
            ]
        }
    return {"compiled": compiled.to_json()}


def write(pipe: IO[bytes], message: dict[str, Any]) -> None:
    """One message onto a pipe."""
    data = json.dumps(message).encode()
    pipe.write(struct.pack(">I", len(data)) + data)
    pipe.flush()


def read(pipe: IO[bytes]) -> dict[str, Any] | None:
    """One message from a pipe; None when the other side is gone."""
    header = pipe.read(4)
    if len(header) < 4:
        return None
    (length,) = struct.unpack(">I", header)
    data = pipe.read(length)
    return json.loads(data) if len(data) == length else None
