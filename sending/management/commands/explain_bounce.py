"""`manage.py explain_bounce FILE...`: one JSON line a file, saying what that mail is and what would follow from it."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sending.mailroom.explaining import UNKNOWN, Explanation, explain

MAX_OCTETS = 10_000_000


class Command(BaseCommand):
    help = "Explains bounces, complaint reports and opt-outs in files (- is the standard input). Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *args: Any, files: list[str], **options: Any) -> None:
        unread = 0
        for name in files:
            try:
                raw = _read(name)
            except OSError as error:
                self.stderr.write(f"{name}: {error.strerror or error}")
                self.stdout.write(line(name, Explanation(kind=UNKNOWN)))
                unread += 1
            else:
                self.stdout.write(line(name, explain(raw)))
        if unread:
            sys.exit(1)


def line(name: str, explanation: Explanation) -> str:
    """One file's JSON, in ASCII so that no terminal and no pipe can stumble over it."""
    return json.dumps(
        {
            "file": name,
            "kind": explanation.kind,
            "recipients": [
                {
                    "address": one.address,
                    "action": one.action,
                    "status": one.status,
                    "code": one.code or None,
                    "class": one.category,
                    "suppress": one.suppress,
                }
                for one in explanation.recipients
            ],
            "feedback_type": explanation.feedback_type or None,
        }
    )


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_OCTETS)
    with Path(name).open("rb") as file:
        return file.read(MAX_OCTETS)
