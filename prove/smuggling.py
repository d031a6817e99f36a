"""A second message inside of a first one, behind every line end that some mail server takes for the end of a message.

Only <CRLF>.<CRLF> ends a message (RFC 5321, section 4.1.1.4; the CVE-2023-51764 class). Said to the real mailroom, with the
octets cut into two pieces at every place around the false end: it must answer once, to one message.
"""

import socket
import time
from dataclasses import dataclass

from prove.scenarios import MAILROOM, Broken, Ground, Result
from prove.workshop import Workshop

TERMINATORS = (
    b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\n", b"\n\n.\n\n", b"\r.\r\n", b"\n.\r", b"\r\n.\r\r\n",
    b"\r\n\x00.\r\n", b"\r\n.\x00\r\n", b"\r\r\n.\r\r\n", b"\n\r.\n\r", b"\r\n.\t\r\n", b"\r\n .\r\n", b".\r\n", b"\r.\n",
    b"\x85.\x85",
)  # fmt: skip
FIRST = b"From: <a@one.test>\r\nSubject: one\r\n\r\nhello"
SECOND = b"MAIL FROM:<evil@two.test>\r\nRCPT TO:<%b>\r\nDATA\r\nSubject: two\r\n\r\nsmuggled\r\n.\r\n"
PAUSE = 0.003  # seconds between the two pieces, so that they are read one by one
SECONDS = 10.0


@dataclass
class Line:
    """What the mailroom made of one false end."""

    terminator: bytes
    pieces: int = 0
    answers: int = 0
    said: str = ""


def smuggling(ground: Ground, workshop: Workshop) -> Result:
    """False ends of messages, at every cut: the real mailroom sees one message, and answers once."""
    box = f"fbl@{workshop.house.environ.get('HOUSE_DOMAIN') or 'posthouse.example'}".encode()
    mailroom = ("127.0.0.1", ground.house.port + MAILROOM)
    lines = [Line(terminator) for terminator in TERMINATORS]
    for line in lines:
        content = FIRST + line.terminator + SECOND % box
        around = range(len(FIRST) - 1, len(FIRST) + len(line.terminator) + 2)
        for cut in (*around, len(content)):
            with socket.create_connection(mailroom, timeout=SECONDS) as connection:
                answers = talk(connection, box, (content[:cut], content[cut:]))
            line.pieces += 1
            line.answers += len(answers)
            line.said = answers[0]
            if len(answers) != 1:
                raise Broken(f"{line.terminator!r} cut at {cut}: {answers}")
    return Result(
        "smuggling",
        None,
        {"false ends": len(lines), "conversations": sum(line.pieces for line in lines), "messages seen in each": 1},
        lines=[
            "| between two lines | cut at so many places | messages | the mailroom |",
            "|---|---:|---:|---|",
            *(
                f"| `{repr(line.terminator)[2:-1]}` | {line.pieces} | {line.answers / line.pieces:.0f} | {line.said} |"
                for line in lines
            ),
        ],
    )


def talk(connection: socket.socket, box: bytes, pieces: tuple[bytes, bytes]) -> list[str]:
    """All answers to the content, as the sender hears them: one for each message that the other side has seen."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answers = connection.makefile("rb")
    _reply(answers)
    for command in (b"EHLO one.test", b"MAIL FROM:<a@one.test>", b"RCPT TO:<%b>" % box, b"DATA"):
        connection.sendall(command + b"\r\n")
        said = _reply(answers)
        if said[:1] not in "23":
            raise Broken(f"{command!r}: {said}")
    for piece in pieces:
        connection.sendall(piece)
        time.sleep(PAUSE)
    connection.sendall(b"QUIT\r\n")
    found = []
    while not (said := _reply(answers)).startswith("221"):
        if not said:
            break
        found.append(said)
    return found


def _reply(answers) -> str:  # type: ignore[no-untyped-def]
    """One whole reply; "" when the other side has hung up."""
    while line := answers.readline():
        if line[3:4] != b"-":
            return str(line.decode("utf-8", "replace").strip())
    return ""
