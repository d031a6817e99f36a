"""Replies as others write them down: out of reports, logs and letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.judging import trouble
from sending.judging.book import shipped
from sending.judging.replies import MAX_TEXT, Reply, quoted


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("550 5.1.1 no such user", 550, "5.1.1"),
        ("host mx.x.example[192.0.2.1] said: 550-5.1.1 no such 550 5.1.1 user", 550, "5.1.1"),
        ("smtp;550 5.1.1 RESOLVER", 550, "5.1.1"),
        ("554: delivery error: dd", 554, ""),
        ("Sorry, no mailbox here by that name. (#5.1.1)", 0, "5.1.1"),
        ("at 10:550 we met in 1550 by 10.5.1.1", 0, ""),
        ("552 4.2.2 is contradictory 5.2.2", 552, "5.2.2"),
        ("", 0, ""),
        ("version 5.1.1.2 of 250 things", 0, ""),
    ],
)
def test_codes_in_words(text: str, code: int, status: str) -> None:
    reply = quoted(text)
    assert (reply.code, reply.status) == (code, status)


def test_the_codes_of_further_lines_are_taken_out() -> None:
    said = "550-5.1.1 The account that you 550-5.1.1 tried to reach 550 5.1.1 does not exist"
    assert quoted(said).text == "550-5.1.1 The account that you tried to reach does not exist"


@given(st.text(max_size=6000), st.integers(0, 999), st.sampled_from(["", "5.1.1", "4.2.2", "2.0.0", "5.999.999", "x"]))
def test_any_reply_is_judged(text: str, code: int, status: str) -> None:
    reply = Reply(code, status, (text,))
    assert len(reply.text) <= MAX_TEXT
    judgement = trouble.judge_report(reply, provider="Gmail")
    assert judgement.category in shipped().categories
    assert judgement.outcome is trouble.Outcome.BOUNCED
    if 400 <= code < 600:
        live = trouble.judge(reply, stage=trouble.Stage.RCPT)
        assert not live.suppress or code >= 500
    found = quoted(text)
    assert found.code == 0 or 400 <= found.code <= 599
