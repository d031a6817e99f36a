"""The header of marketing mail: which fields it carries, and what of them is the same for a million recipients.

Sources: RFC 5322 (From, Date, Message-ID), RFC 2369 and RFC 8058 (List-Unsubscribe and its one-click post, never folded:
folded ones are dead in some mailboxes), RFC 2919 (List-Id), Google's Feedback-ID, RFC 9477 (CFBL), `Precedence: bulk`.
Traps: Feedback-ID must not differ between recipients; List-Unsubscribe needs exactly one https address, first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sending import dkim
from sending.mime import fields, stencils

MIME_VERSION = b"MIME-Version: 1.0\r\n"
ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_AFTER_UNSUBSCRIBE = len(b"List-Unsubscribe: ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """What the letterhead of one mailing says. Domains are A-labels; `return_path` is the domain of bounces and reports.

    `list_label`: letters, digits and hyphens, dotted (`topic.org.lists`), put before the From domain in List-Id.
    """

    from_name: str
    from_address: str
    reply_to: str
    return_path: str
    list_name: str
    list_label: str
    feedback_id: str
    complaints: str = "fbl"


class Letterhead:
    """The header of one mailing: static fields made once, with their canonical forms for DKIM."""

    __slots__ = ("_static_canonical", "_static_raw", "return_path")

    def __init__(self, sender: Sender) -> None:
        self.return_path = sender.return_path
        domain = sender.from_address.rpartition("@")[2]
        list_id = f"{sender.list_label}.{domain}"
        raw = [fields.mailbox(b"From", sender.from_name, sender.from_address)]
        if sender.reply_to:
            raw.append(fields.mailbox(b"Reply-To", "", sender.reply_to))
        raw += [
            MIME_VERSION,
            stencils.CONTENT_TYPE,
            fields.mailbox(b"List-Id", sender.list_name, list_id) if sender.list_name else _bare_list_id(list_id),
            ONE_CLICK,
            fields.unfolded(b"Feedback-ID", sender.feedback_id),
            fields.unfolded(b"CFBL-Address", f"{sender.complaints}@{sender.return_path}; report=arf"),
            b"Precedence: bulk\r\n",
        ]
        self._static_raw = b"".join(raw)
        self._static_canonical = [(dkim.name_of(field), dkim.relaxed_field(field)) for field in raw]

    def write(
        self,
        *,
        to: str,
        subject: str,
        date: bytes,
        message_id: str,
        unsubscribe_url: str,
        unsubscribe_box: str,
        mark: str,
    ) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """The header of one message without its blank line, and the canonical fields for `dkim.prepare`.

        `date`: RFC 5322 date. `message_id`: without brackets. `unsubscribe_box`: the local part of the mailto address at
        the return path's domain. `mark`: our token, by which a complaint report finds the message.
        ValueError when a field cannot be written within RFC 5322's limits.
        """
        recipient = fields.mailbox(b"To", "", to)
        words = fields.unstructured(b"Subject", subject)
        dated = date + b"\r\n"
        id_ = b"<" + message_id.encode("ascii") + b">\r\n"
        unsubscribe = fields.unfolded(
            b"List-Unsubscribe",
            f"<{unsubscribe_url}>, <mailto:{unsubscribe_box}@{self.return_path}?subject=unsubscribe>",
        )
        marked = mark.encode("ascii") + b"\r\n"
        own = (recipient, words, b"Date: ", dated, b"Message-ID: ", id_, unsubscribe, b"CFBL-Feedback-ID: ", marked)
        # The canonical form of fields of one line without doubled blanks is known without looking.
        canonical = [
            (b"to", dkim.relaxed_field(recipient)),
            (b"subject", dkim.relaxed_field(words)),
            (b"date", b"date:" + dated),
            (b"message-id", b"message-id:" + id_),
            (b"list-unsubscribe", b"list-unsubscribe:" + unsubscribe[_AFTER_UNSUBSCRIBE:]),
            (b"cfbl-feedback-id", b"cfbl-feedback-id:" + marked),
        ]
        return b"".join(own) + self._static_raw, canonical + self._static_canonical


def _bare_list_id(list_id: str) -> bytes:
    return fields.unfolded(b"List-Id", f"<{list_id}>")


def assemble(signature: bytes, head: bytes, body: bytes | Sequence[bytes]) -> bytes:
    """The whole message: signature field, header, blank line, body."""
    return b"".join((signature, head, b"\r\n", body if isinstance(body, bytes) else b"".join(body)))
