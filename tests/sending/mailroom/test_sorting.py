"""The sorting office: only our own tokens say whom a mail is about, and automatic answers change nothing."""

from hypothesis import given
from hypothesis import strategies as st

from sending.mailroom import sorting
from sending.mailroom.sorting import Address, Box, Finding, Kind, Seals
from tests.sending.mailroom.test_arf import report as complaint
from tests.sending.mailroom.test_dsn import POSTFIX, report

SEALS = Seals(
    delivery=lambda word: {"b1-token": 7, "b1-path": 8}.get(word.lower()),
    opt_out=lambda token: token == "good",
    signer=lambda raw: "" if b"unsigned" in raw else "provider.example",
)
RETURN = Address(Box.RETURN, delivery_id=8)
COMPLAINTS = Address(Box.COMPLAINTS)


def sort(raw: bytes, *, to: Address = RETURN, sender: str = "") -> Finding:
    return sorting.sort(sender=sender, to=to, raw=raw, seals=SEALS)


def test_only_our_own_addresses_exist() -> None:
    assert sorting.address("B1-PATH@bounces.example", SEALS) == RETURN
    assert sorting.address("fbl@bounces.example", SEALS) == COMPLAINTS
    assert sorting.address("DMARC@bounces.example", SEALS) == Address(Box.DMARC)
    assert sorting.address("u+good@bounces.example", SEALS) == Address(Box.OPT_OUT, token="good")
    for stranger in ("b1-forged@bounces.example", "u+forged@x", "info@x", "@x", "b1-path", "ü@x", "x" * 300 + "@x"):
        assert sorting.address(stranger, SEALS) is None


def test_a_late_bounce_is_about_the_address_that_it_came_to() -> None:
    finding = sort(report(POSTFIX))
    assert (finding.kind, finding.delivery_id, finding.code, finding.status) == (Kind.BOUNCED, 8, 550, "5.1.1")


def test_a_delay_is_no_bounce_and_a_receipt_is_one() -> None:
    assert sort(report("Final-Recipient: rfc822; a@x\r\nAction: delayed\r\nStatus: 4.4.1")).kind is Kind.IGNORED
    assert sort(report("Final-Recipient: rfc822; a@x\r\nAction: delivered\r\nStatus: 2.0.0")).kind is Kind.ARRIVED


def test_a_complaint_is_about_the_message_whose_token_it_carries() -> None:
    finding = sort(complaint(), to=COMPLAINTS, sender="feedback@provider.example")
    assert (finding.kind, finding.delivery_id, finding.detail) == (Kind.COMPLAINED, 7, "abuse")


def test_a_complaint_finds_the_token_in_a_message_id_or_return_path() -> None:
    for copy in (
        "Message-ID: <b1-token.x@y>\r\n\r\n",
        "Return-Path: <B1-TOKEN@bounces.example>\r\n\r\n",
        "Message-ID: <1.b1-token@y>\r\n\r\n",
    ):
        assert sort(complaint(copy=copy), to=COMPLAINTS).delivery_id == 7


def test_a_complaint_without_our_token_changes_nothing() -> None:
    assert (
        sort(complaint(copy="To: anybody@x.example\r\nMessage-ID: <b1-forged@y>\r\n\r\n"), to=COMPLAINTS).kind
        is Kind.IGNORED
    )


def test_a_complaint_to_the_known_box_has_to_be_signed() -> None:
    assert sort(b"X-Is: unsigned\r\n" + complaint(), to=COMPLAINTS).kind is Kind.IGNORED
    assert sort(b"X-Is: unsigned\r\n" + complaint()).kind is Kind.COMPLAINED, "the return path's token says enough"


def test_an_opt_out_report_leaves_the_list_of_that_mail() -> None:
    finding = sort(complaint(fields="Feedback-Type: opt-out\r\nVersion: 1\r\n"), to=COMPLAINTS)
    assert (finding.kind, finding.delivery_id) == (Kind.LEFT, 7)


def test_what_goes_in_circles_is_ignored() -> None:
    hops = b"".join(b"Received: from a by b%d\r\n" % n for n in range(60))
    assert sort(hops + report(POSTFIX)).kind is Kind.IGNORED


def test_not_spam_changes_nothing() -> None:
    assert sort(complaint(fields="Feedback-Type: not-spam\r\nVersion: 1\r\n"), to=COMPLAINTS).kind is Kind.IGNORED


def test_any_mail_to_the_opt_out_address_opts_out_except_a_bounce() -> None:
    to = Address(Box.OPT_OUT, token="good")
    assert sort(b"\r\n", to=to, sender="a@x.example") == Finding(
        kind=Kind.OPTED_OUT, token="good", detail="mail to the opt-out address"
    )
    assert sort(b"Auto-Submitted: auto-generated\r\n\r\n", to=to, sender="a@x.example").kind is Kind.OPTED_OUT
    assert sort(report(POSTFIX), to=to, sender="").kind is Kind.IGNORED


def test_a_report_whose_fields_are_broken_is_read_as_its_words() -> None:
    raw = report("nonsense").replace(b"Sorry.", b"550 5.1.1 No such user here")
    finding = sort(raw)
    assert (finding.kind, finding.code, finding.status) == (Kind.BOUNCED, 550, "5.1.1")
    assert sort(raw.replace(b"report-type=delivery-status", b"report-type=else")).kind is Kind.IGNORED


def test_automatic_answers_change_nothing() -> None:
    for head in (
        b"Auto-Submitted: auto-replied", b"X-Autoreply: yes", b"Precedence: auto_reply", b"Subject: Out of office: 550 5.1.1 gone",
        b"Subject: Automatic reply: x", b"Subject: Abwesenheitsnotiz", b"X-Auto-Response-Suppress: All",
    ):  # fmt: skip
        assert sort(head + b"\r\n\r\nI left. 550 5.1.1 I am unknown\r\n").kind is Kind.IGNORED, head


def test_a_person_who_answers_to_the_return_path_changes_nothing() -> None:
    assert sort(b"Subject: hi\r\n\r\n550 5.1.1 you wrote\r\n", sender="a@x.example").kind is Kind.IGNORED


def test_a_bounce_in_plain_text_counts_when_it_comes_from_nobody() -> None:
    text = (
        b"From: MAILER-DAEMON@x\r\nAuto-Submitted: auto-replied\r\nSubject: failure notice\r\n\r\n550 5.1.1 unknown\r\n"
    )
    assert sort(text).kind is Kind.BOUNCED
    assert sort(text, sender="mailer-daemon@x").kind is Kind.BOUNCED


@given(st.binary(max_size=1500), st.sampled_from([RETURN, COMPLAINTS]), st.sampled_from(["", "a@x"]))
def test_any_mail_can_be_sorted(raw: bytes, to: Address, sender: str) -> None:
    finding = sort(raw, to=to, sender=sender)
    assert finding.kind in (Kind.IGNORED, Kind.BOUNCED)
