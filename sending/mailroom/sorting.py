"""Sorting one piece of incoming mail: a late bounce, a receipt, a complaint, an opt-out, a DMARC report, or nothing.

Policy: **only our own signed token says whom a mail is about**; addresses, names and dates in the mail prove nothing, or a
stranger could unsubscribe anybody. Reports to boxes that everybody knows have to be signed by who sends them (RFC 9477,
section 3.2). Automatic answers are ignored (RFC 3834), and so is what goes in circles. Nothing that comes in is answered.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sending.mailroom import arf, dmarc, dsn, text_bounces
from sending.mailroom.parts import Part, open_message

COMPLAINT_BOX = "fbl"
DMARC_BOX = "dmarc"
MOST_HOPS = (
    50  # Received fields; RFC 5321, section 6.3 asks for at least 100 in transit, but this is the end of the way
)
OPT_OUT_PREFIX = "u+"

_CANDIDATE = re.compile(r"[A-Za-z0-9_.+=-]{8,200}")
_AUTO_SUBJECT = re.compile(
    r"^\s*(?:auto(?:matic|matische)?[ -]?(?:reply|response|antwort|svar)|out of (?:the )?office|abwesen"
    r"|réponse automatique|respuesta autom)",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What a piece of mail is to us."""

    BOUNCED = "bounced"
    ARRIVED = "arrived"
    COMPLAINED = "complained"
    OPTED_OUT = "opted out"
    LEFT = "left by a report"
    DMARC = "DMARC report"
    IGNORED = "ignored"


class Box(StrEnum):
    """Which of our boxes an address names."""

    RETURN = "return"
    OPT_OUT = "opt-out"
    COMPLAINTS = "complaints"
    DMARC = "dmarc"


@dataclass(frozen=True, slots=True)
class Address:
    """An address of ours that may get mail: its box, and what its token says (a delivery's id for RETURN, else 0)."""

    box: Box
    delivery_id: int = 0
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one mail tells us. `code` is an SMTP reply code or 0, `status` an RFC 3463 code or "", `detail` a short reason,
    `host` the server that refused, `report` what a DMARC report says, `signer` the domain that signed it.
    """

    kind: Kind
    delivery_id: int = 0
    token: str = ""
    code: int = 0
    status: str = ""
    text: str = ""
    detail: str = ""
    host: str = ""
    report: dmarc.Report | None = None
    signer: str = ""


@dataclass(frozen=True, kw_only=True)
class Seals:
    """How to read our tokens. Each gives None (or False) for what we did not sign.

    delivery: the local part of a return path, or a header's word, to the id of the delivery.
    opt_out: whether the token of a `u+<token>@` address is genuine.
    signer: the domain that signed a mail and stands for its From address, "" when there is none; may raise DnsAway.
    """

    delivery: Callable[[str], int | None]
    opt_out: Callable[[str], bool]
    signer: Callable[[bytes], str]


def address(recipient: str, seals: Seals) -> Address | None:
    """Which box a recipient names; None for everything that is not ours, to be refused with 550 5.1.1."""
    local, at, _ = recipient.rpartition("@")
    if not at or len(local) > 200 or not local.isascii():
        return None
    if local.lower() == COMPLAINT_BOX:
        return Address(Box.COMPLAINTS)
    if local.lower() == DMARC_BOX:
        return Address(Box.DMARC)
    if local.lower().startswith(OPT_OUT_PREFIX):
        token = local[len(OPT_OUT_PREFIX) :]
        return Address(Box.OPT_OUT, token=token) if seals.opt_out(token) else None
    delivery_id = seals.delivery(local)
    return Address(Box.RETURN, delivery_id=delivery_id) if delivery_id is not None else None


def sort(*, sender: str, to: Address, raw: bytes, seals: Seals) -> Finding:
    """What a mail to one of our addresses is. Never raises for what a stranger wrote; DnsAway when a signature that counts
    cannot be checked now.
    """
    if to.box is Box.OPT_OUT:
        if not sender:
            return _ignored("a bounce cannot opt out")
        return Finding(kind=Kind.OPTED_OUT, token=to.token, detail="mail to the opt-out address")
    message = open_message(raw)
    if len(message.headers.get_all("received", [])) > MOST_HOPS:
        return _ignored("it goes in circles")
    if to.box is Box.DMARC:
        return _dmarc(message, raw, seals)
    complaint = arf.read(message)
    if complaint is not None:
        return _complaint(complaint, to, raw, seals)
    if to.box is Box.COMPLAINTS:
        return _ignored("not a complaint report")
    notices = dsn.read(message)
    if notices:
        return _notice(notices, to)
    if message.kind == "multipart/report" and message.parameter("report-type") != "delivery-status":
        return _ignored("a report of another kind")
    why = auto_reply(message)
    if why:
        return _ignored(why)
    if sender and not sender.lower().startswith(("mailer-daemon@", "postmaster@")):
        return _ignored("a person wrote to the return path")
    notices = text_bounces.read(message, text_bounces.words_of(message))
    return _notice(notices, to) if notices else _ignored("a bounce without a reason")


def auto_reply(message: Part) -> str:
    """Why a message is an automatic answer (RFC 3834, section 5, and older habits), or "" when it is not."""
    submitted = message.header("auto-submitted").lower()
    if submitted and submitted.split(";")[0].strip() != "no":
        # Bounces in plain text are marked so as well: they are told by a reason that reads as one.
        return "" if _is_bounce(message) else "an automatic answer"
    if message.header("x-autoreply") or message.header("x-autorespond") or message.header("x-auto-response-suppress"):
        return "an automatic answer"
    if message.header("precedence").lower() in ("auto_reply", "auto-reply"):
        return "an automatic answer"
    if _AUTO_SUBJECT.match(message.words("subject")):
        return "an automatic answer"
    return ""


def _is_bounce(message: Part) -> bool:
    sender = message.header("from").lower()
    return "mailer-daemon" in sender or "postmaster" in sender or bool(message.header("x-failed-recipients"))


def _notice(notices: tuple[dsn.Notice, ...], to: Address) -> Finding:
    # One message has one recipient here, so any failure in the report is that recipient's.
    failed = next((n for n in notices if n.action is dsn.Action.FAILED), None)
    if failed is not None:
        return Finding(
            kind=Kind.BOUNCED,
            delivery_id=to.delivery_id,
            code=failed.code,
            status=failed.status,
            text=failed.text,
            host=failed.host,
        )
    arrived = next((n for n in notices if n.action is dsn.Action.DELIVERED), None)
    if arrived is not None:
        return Finding(
            kind=Kind.ARRIVED, delivery_id=to.delivery_id, code=arrived.code, status=arrived.status, text=arrived.text
        )
    return _ignored(f"a report that says {notices[0].action}")


def _dmarc(message: Part, raw: bytes, seals: Seals) -> Finding:
    try:
        report = dmarc.read(message)
    except dmarc.Unreadable as error:
        return _ignored(f"no DMARC report: {error}")
    signer = seals.signer(raw)
    if not signer:
        return _ignored("a DMARC report that nobody signed")
    return Finding(kind=Kind.DMARC, report=report, signer=signer, detail=f"by {report.reporter} about {report.domain}")


def _complaint(complaint: arf.Complaint, to: Address, raw: bytes, seals: Seals) -> Finding:
    delivery_id = to.delivery_id if to.box is Box.RETURN else 0
    if not delivery_id:
        delivery_id = next((found for found in (seals.delivery(word) for word in _words(complaint.marks)) if found), 0)
    if not delivery_id:
        return _ignored("a complaint without our token")
    if not complaint.is_complaint and not complaint.is_opt_out:
        return _ignored(f"a report of kind {complaint.kind}")
    # Everybody knows this box, and who forwards a mail shows its token to others. The return path's is known to few.
    if to.box is Box.COMPLAINTS and not seals.signer(raw):
        return _ignored("a complaint that nobody signed")
    if complaint.is_opt_out:
        return Finding(kind=Kind.LEFT, delivery_id=delivery_id, detail=complaint.kind, text=complaint.agent)
    return Finding(kind=Kind.COMPLAINED, delivery_id=delivery_id, detail=complaint.kind, text=complaint.agent)


def _words(marks: tuple[str, ...]) -> Iterator[str]:
    """Every word of the marks that might be a token, the parts of dotted and joined ones too; at most 100."""
    given = 0
    for mark in marks:
        for match in _CANDIDATE.finditer(mark):
            word = match.group()
            for candidate in (word, *(part for part in re.split(r"[.=]", word) if len(part) >= 8 and part != word)):
                yield candidate
                given += 1
                if given >= 100:
                    return


def _ignored(detail: str) -> Finding:
    return Finding(kind=Kind.IGNORED, detail=detail)
