"""What providers and people write back: bounces (RFC 3464), complaint reports (RFC 5965), out-of-office answers (RFC 3834).

Complaint reports are signed by the provider (RFC 9477, section 3.2), with one key for all of the sandbox.
"""

import base64
import email.utils
import time
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sending import dkim

SELECTOR = "reports"


def bounce(*, host: str, to: str, rcpt: str, status: str, reply: str, original: bytes) -> bytes:
    """A late "could not be delivered": `status` as "5.1.1", `reply` what the last server said."""
    return _report(
        kind="delivery-status",
        sender=f"MAILER-DAEMON@{host}",
        to=to,
        subject="Undelivered mail returned to sender",
        text=f"This is {host}. Your message to {rcpt} could not be delivered:\r\n\r\n    {reply}\r\n",
        fields=(
            f"Reporting-MTA: dns; {host}\r\nArrival-Date: {email.utils.formatdate()}\r\n\r\n"
            f"Final-Recipient: rfc822; {rcpt}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {reply}\r\n"
        ),
        copy_kind="text/rfc822-headers",
        copy=_head(original),
    )


def complaint(*, host: str, to: str, original: bytes) -> bytes:
    """Somebody pressed the spam button. The recipient is blanked out, as providers do."""
    report = _report(
        kind="feedback-report",
        sender=f"feedback@{host}",
        to=to,
        subject="Complaint about your message",
        text="One of our people marked the message below as spam.\r\n",
        fields="Feedback-Type: abuse\r\nUser-Agent: PosthouseSandbox/1\r\nVersion: 1\r\nIncidents: 1\r\n",
        copy_kind="message/rfc822",
        copy=_without_recipient(original),
    )
    return dkim.sign_message(dkim.Signer(host, SELECTOR, _key()), report, at=int(time.time()))


def key_record(host: str) -> tuple[str, str]:
    """The name and the value of the TXT record with which a provider's reports are checked."""
    der = _key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"{SELECTOR}._domainkey.{host}", f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode('ascii')}"


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def away(*, rcpt: str, to: str, subject: str) -> bytes:
    """An out-of-office answer."""
    lines = (
        f"From: <{rcpt}>",
        f"To: <{to}>",
        f"Subject: Automatic reply: {subject.encode('ascii', 'replace').decode()[:120]}",
        f"Date: {email.utils.formatdate()}",
        f"Message-ID: {email.utils.make_msgid(domain=rcpt.rpartition('@')[2])}",
        "Auto-Submitted: auto-replied",
        "",
        "I am away and read my mail when I am back.",
        "",
    )
    return "\r\n".join(lines).encode("utf-8")


def _report(
    *, kind: str, sender: str, to: str, subject: str, text: str, fields: str, copy_kind: str, copy: bytes
) -> bytes:
    host = sender.rpartition("@")[2]
    boundary = "sandbox-" + email.utils.make_msgid(domain="x").strip("<>").partition("@")[0]
    head = (
        f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {email.utils.formatdate()}\r\n"
        f"Message-ID: {email.utils.make_msgid(domain=host)}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind};\r\n boundary="{boundary}"\r\n\r\n'
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--{boundary}\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n"
        f"--{boundary}\r\nContent-Type: {copy_kind}\r\n\r\n"
    )
    return head.encode("utf-8") + copy + f"\r\n--{boundary}--\r\n".encode("ascii")


def _head(original: bytes) -> bytes:
    return original.partition(b"\r\n\r\n")[0] + b"\r\n"


def _without_recipient(original: bytes) -> bytes:
    """The message with the person's address blanked out of To, and cut: reports carry no more than 64 KB of it."""
    head, blank, body = original.partition(b"\r\n\r\n")
    lines = []
    for line in head.split(b"\r\n"):
        if line[:3].lower() == b"to:":
            line = b"To: redacted"
        lines.append(line)
    return b"\r\n".join(lines) + blank + body[:65_536]
