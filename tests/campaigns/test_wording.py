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
