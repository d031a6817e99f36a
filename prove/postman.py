"""The receivers' second thoughts: reports of mail that they had taken and could not deliver after all, sent to the mailroom.

A report that was answered 250 must be in the ledger. One that was answered 4xx, or not at all, is sent again, as every mail
server does (RFC 5321, section 4.5.4.1); so the mailroom may get one twice, and the ledger must count it once.
"""

import smtplib
import sqlite3
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from posthouse.sandbox import reports
from posthouse.sandbox.store import Accepted, Store

HOST = "mx.elsewhere.test"
SECONDS = 15.0  # for one report
PAUSE = 0.5  # seconds between two tries
WORDS = (
    ("5.1.1", "550 5.1.1 <{rcpt}>: this person has left"),
    ("5.2.2", "552 5.2.2 <{rcpt}>: mailbox is full"),
    ("5.7.1", "550 5.7.1 <{rcpt}>: a filter behind the front door refused this message"),
)


@dataclass
class Told:
    """What was sent back. `again`: tries without an answer, or with 4xx; `refused`: with 5xx, which must not happen."""

    reports: int = 0
    again: int = 0
    refused: int = 0


class Postman:
    """Sends a share of what the receivers take back to where it came from, from `with` to `finish`."""

    def __init__(self, path: Path, *, prefix: str, mailroom: tuple[str, int], one_in: int) -> None:
        self.told = Told()
        self.returned: set[str] = set()  # whose reports were answered 250
        self._path = path
        self._prefix = prefix
        self._mailroom = mailroom
        self._one_in = one_in
        self._seen: set[str] = set()
        self._waiting: deque[Accepted] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def __enter__(self) -> "Postman":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(SECONDS * 2)

    @property
    def left(self) -> int:
        return len(self._waiting)

    def finish(self, *, within: float) -> None:
        """Until all reports of what has arrived are told. Raises TimeoutError."""
        until = time.monotonic() + within
        quiet = 0
        while quiet < 3:
            quiet = quiet + 1 if not self._waiting else 0
            if time.monotonic() > until:
                raise TimeoutError(f"{self.left} reports could not be told to the mailroom within {within:.0f} s.")
            time.sleep(PAUSE * 2)

    def _run(self) -> None:
        with Store(self._path) as store:
            since = time.time() - 3600.0
            while not self._stop.is_set():
                try:
                    for accepted in store.accepted(since=since - 5.0):
                        since = max(since, accepted.at)
                        self._consider(accepted)
                except sqlite3.OperationalError:  # it is being written
                    pass
                if not self._waiting:
                    self._stop.wait(PAUSE)
                    continue
                self._tell(self._waiting[0])

    def _consider(self, accepted: Accepted) -> None:
        rcpt = accepted.rcpt
        chosen = rcpt.startswith(self._prefix) and zlib.crc32(rcpt.encode()) % self._one_in == 0
        if chosen and accepted.sender and rcpt not in self._seen:
            self._seen.add(rcpt)
            self._waiting.append(accepted)

    def _tell(self, accepted: Accepted) -> None:
        status, reply = WORDS[zlib.crc32(accepted.rcpt.encode()[::-1]) % len(WORDS)]
        report = reports.bounce(
            host=HOST,
            to=accepted.sender,
            rcpt=accepted.rcpt,
            status=status,
            reply=reply.format(rcpt=accepted.rcpt),
            original=f"Message-ID: <{accepted.message_id}>\r\nTo: <{accepted.rcpt}>\r\n\r\n".encode(),
        )
        try:
            with smtplib.SMTP(*self._mailroom, local_hostname=HOST, timeout=SECONDS) as session:
                session.sendmail("", [accepted.sender], report)
        except smtplib.SMTPRecipientsRefused as refused:
            code = min(code for code, _ in refused.recipients.values())
            self._answered(code)
        except smtplib.SMTPResponseException as refused:
            self._answered(refused.smtp_code)
        except (OSError, smtplib.SMTPException):
            self._answered(0)
        else:
            self.told.reports += 1
            self.returned.add(accepted.rcpt)
            self._waiting.popleft()

    def _answered(self, code: int) -> None:
        """Not taken: the other reports first, this one later."""
        if code >= 500:
            self.told.refused += 1
            self._waiting.popleft()
            return
        self.told.again += 1
        self._waiting.rotate(-1)
        self._stop.wait(PAUSE)
