"""What providers write back is what our mailroom understands."""

from posthouse.sandbox import reports
from sending.mailroom import arf, dsn, sorting
from sending.mailroom.parts import open_message

ORIGINAL = b"To: Zo\xc3\xab <zoe@x.example>\r\nCFBL-Feedback-ID: b1-token\r\nSubject: hi\r\n\r\nhello zoe\r\n"


def test_a_bounce() -> None:
    raw = reports.bounce(
        host="mx.x.example",
        to="b1-t@y",
        rcpt="zoe@x.example",
        status="5.1.1",
        reply="550 5.1.1 gone",
        original=ORIGINAL,
    )
    (notice,) = dsn.read(open_message(raw))
    assert (notice.status, notice.code, notice.text, notice.recipient) == (
        "5.1.1",
        550,
        "550 5.1.1 gone",
        "zoe@x.example",
    )


def test_a_complaint_hides_the_person_and_keeps_our_mark() -> None:
    raw = reports.complaint(host="mx.x.example", to="fbl@y", original=ORIGINAL)
    found = arf.read(open_message(raw))
    assert found is not None and found.is_complaint
    assert found.marks == ("b1-token",)
    assert b"zoe@x.example" not in raw


def test_an_absence() -> None:
    raw = reports.away(rcpt="zoe@x.example", to="b1-t@y", subject="Tée")
    assert sorting.auto_reply(open_message(raw))
