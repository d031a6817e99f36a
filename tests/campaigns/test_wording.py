"""Every word of the ledger has words for people."""

import pytest

from campaigns import wording
from contacts.enums import SuppressionReason
from sending.enums import DeliveryState, Reason
from sending.judging.book import shipped


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_has_words(state: DeliveryState) -> None:
    assert wording.words(state.name.lower()).what.endswith(".")


@pytest.mark.parametrize("reason", [*SuppressionReason.values, *Reason.values])
def test_every_reason_has_words_of_its_own(reason: str) -> None:
    assert reason in wording.SKIPPED or reason in wording.TROUBLE


def test_every_class_of_trouble_has_words_of_its_own() -> None:
    assert set(shipped().categories) <= set(wording.TROUBLE)


def test_words_fit_the_state() -> None:
    assert "gave up" in wording.words("expired", "mailbox_full").what
    assert "might then get it twice" in wording.words("in_doubt", "relay_lost").do
    assert wording.words("bounced", "never heard of").what == "Their server refused it."
    assert wording.words("suppressed", "complained").do == "Do not write to them again."
    assert wording.delay("421 4.7.0", "") == "Their server answered 421 4.7.0."


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ("", ""),
        ("none", "In clear text: their server offered no encryption that works."),
        (
            "TLSv1.3 TLS_AES_256_GCM_SHA384 dane",
            "Encrypted, and the server proved by DANE that it is theirs (TLSv1.3, TLS_AES_256_GCM_SHA384).",
        ),
        ("TLSv1.2 AES128-SHA", "Encrypted (TLSv1.2, AES128-SHA)."),  # of before proofs were written down
    ],
)
def test_how_a_conversation_was_protected(tls: str, words: str) -> None:
    assert wording.protection(tls) == words


def test_what_an_operator_held_is_told_as_that() -> None:
    assert wording.words("expired", "operator").what == (
        "An operator of this Posthouse held it back until it was too old to be sent."
    )
    facts = {"waited": 3600, "held": 3500, "held_for": "operator"}
    assert wording.waited(facts, "Gmail") == (
        "Before that we waited 60 minutes because an operator of this Posthouse held it back."
    )


def test_what_was_decreed() -> None:
    told = {"cause": "", "provider": "Other", "whose": "your", "limits": "", "told": ""}
    assert wording.ruled(is_hold=True, **told) == "An operator of this Posthouse holds your mail to other servers."
    slower = told | {
        "provider": "Gmail",
        "whose": "this campaign's",
        "limits": ": at most 2 connections",
        "told": "Sorry.",
    }
    assert wording.ruled(is_hold=False, **slower) == (
        "An operator of this Posthouse lets this campaign's mail to Gmail go slower: at most 2 connections. Sorry."
    )
    parked = told | {"cause": "content", "provider": "Gmail", "whose": "this campaign's"}
    assert wording.ruled(is_hold=True, **parked) == (
        "Gmail took the content for spam or harmful. We send nothing there of this campaign's mail for a while, from any address."
    )


def test_a_try_tells_where_it_left_from() -> None:
    place = {"host": "mx.example", "address": "192.0.2.7", "took": 0.412}
    assert wording.tried(place) == "At mx.example (192.0.2.7) in 412 ms."
    assert wording.tried(place | {"source": "192.0.2.1"}) == "At mx.example (192.0.2.7), from 192.0.2.1 in 412 ms."
    named = place | {"source": "192.0.2.1", "source_name": "mail1.example.com"}
    assert wording.tried(named) == "At mx.example (192.0.2.7), from 192.0.2.1 (mail1.example.com) in 412 ms."
    assert wording.tried({"source": "192.0.2.1"}) == ""
