"""Words of status are understood in one way only, and the numbers are the models'."""

import pytest

from contacts.enums import RowNote, RowStatus
from contacts.importing import doubts, names, statuses


def test_the_numbers_are_those_of_the_models():
    for status in RowStatus:
        assert getattr(statuses, status.name) == status.value
    assert set(statuses.NAMES) == set(RowStatus.values) == set(statuses.GRAVITY)
    assert (doubts.TYPO, doubts.ROLE) == (RowNote.TYPO, RowNote.ROLE)


def test_no_word_says_two_things():
    words = [word for words in statuses._WORDS.values() for word in words.split()]
    assert len(words) == len(set(words))
    assert all(word == names.plain(word) for word in words)


@pytest.mark.parametrize(
    ("words", "fits"),
    [(["subscribed", "bounced"], True), (["subscribed", "gold"], False), ([], False), (["Oslo"], False)],
)
def test_a_column_of_statuses_has_nothing_else(words, fits):
    assert statuses.mostly(words) == fits


def test_to_leave_is_graver_than_to_stay():
    order = sorted(RowStatus.values, key=statuses.gravity)
    assert order[:2] == [statuses.NONE, statuses.SUBSCRIBED]
    assert order[-1] == statuses.COMPLAINED
