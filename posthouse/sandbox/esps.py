"""What stands for the APIs of ESPs while the sandbox is on: takes what a real one would take, and sends nothing to anybody.

An account's key chooses what it meets: one that begins with `refused` is refused (401), `busy` asked to wait (429), `broken`
gets an error (500); any other is good. Reports do not come by themselves: nobody has told the sandbox where to.
"""

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_BODY = 20 * 1024 * 1024
RETRY_AFTER = "2"
_MARK = re.compile(r"b1-[a-z2-7]+")
SCRIPTED = {"refused": 401, "busy": 429, "broken": 500}


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `mark`: of the message that it brings, "" for none."""

    kind: str
    key: str
    mark: str
    body: str


# What is done with a call: a status, or "hang", "cut" (behind the request), "garbage".
Decide = Callable[[Call], int | str]


def by_key(call: Call) -> int | str:
    """200, or what the key asks for."""
    return next((status for word, status in SCRIPTED.items() if call.key.startswith(word)), 200)


class Esps:
    """The server, on a thread of its own. `calls`: every one with a message; `taken`: those that were answered well."""

    def __init__(self, port: int = 0, decide: Decide = by_key) -> None:
        self.decide = decide
        self.calls: list[Call] = []
        self.taken: list[Call] = []
        self.released = threading.Event()  # ends what hangs
        desk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                desk._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: keys stand in the requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="esps", daemon=True)

    def __enter__(self) -> "Esps":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            request.close_connection = True
            return
        body = request.rfile.read(length).decode("utf-8", "replace")
        found = _MARK.search(body)
        kind = request.path.strip("/").partition("/")[0]
        call = Call(kind, _key(request), found.group() if found else "", body)
        what = self.decide(call)
        if not call.mark and what == 200:
            _say(request, 400, {"message": "There is no message in it."})
            return
        if call.mark:
            self.calls.append(call)
        if what == "hang":
            self.released.wait(120)
            what = "cut"
        if what == "cut":
            request.close_connection = True
        elif what == "garbage":
            _say(request, 200, "<html>")
        elif what == 200:
            self.taken.append(call)
            _say(request, *_good(call, len(self.taken)))
        else:
            _say(request, int(what), {"message": WORDS.get(int(what), "No.")})


WORDS = {
    400: "The message has no subject.",
    401: "Unauthorized: the key is not known.",
    422: "recipient address is invalid",
    429: "Too many requests.",
    500: "Internal error.",
    502: "Bad gateway.",
}


def _key(request: BaseHTTPRequestHandler) -> str:
    for name in ("X-Postmark-Server-Token", "api-key"):
        if request.headers.get(name):
            return str(request.headers[name])
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        user, _, password = base64.b64decode(rest).decode("utf-8", "replace").partition(":")
        return password if user == "api" else user
    return rest if scheme == "Bearer" else scheme


def _good(call: Call, number: int) -> tuple[int, Any]:
    """The answer of each kind that django-anymail understands."""
    name = f"{number}@sandbox"
    if call.kind == "mailgun":
        return 200, {"id": f"<{name}>", "message": "Queued. Thank you."}
    if call.kind == "sendgrid":
        return 202, None
    if call.kind == "brevo":
        return 201, {"messageId": f"<{name}>"}
    if call.kind == "sparkpost":
        return 200, {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": name}}
    if call.kind == "resend":
        return 200, {"id": name}
    given = json.loads(call.body)
    if call.kind == "postmark":
        return 200, {"To": given["To"], "MessageID": name, "ErrorCode": 0, "Message": "OK"}
    if call.kind == "mailjet":
        to = [
            {"Email": each["Email"], "MessageUUID": name, "MessageID": number, "MessageHref": ""}
            for each in given["Messages"][0]["To"]
        ]
        return 200, {"Messages": [{"Status": "success", "To": to, "Cc": [], "Bcc": []}]}
    return 404, {"message": "Nobody stands for this ESP."}


def _say(request: BaseHTTPRequestHandler, status: int, what: Any) -> None:
    octets = b"" if what is None else what.encode() if isinstance(what, str) else json.dumps(what).encode()
    request.send_response(status)
    if status == 429:
        request.send_header("Retry-After", RETRY_AFTER)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(octets)))
    request.end_headers()
    request.wfile.write(octets)
