"""Comparing our ledger with the receivers' log."""

from posthouse.sandbox import proof


def test_all_is_well() -> None:
    found = proof.compare(delivered=[1, 2, 3], unconfirmed=[], accepted=proof.tally([1, 2, 3, None]))
    assert (found.lost, found.twice, found.unconfirmed, found.delivered, found.accepted) == ((), (), (), 3, 3)


def test_what_was_lost_doubled_or_is_unknown_is_named() -> None:
    found = proof.compare(delivered=[1, 2, 3], unconfirmed=[5, 4], accepted=proof.tally([1, 1, 3, 4]))
    assert found.lost == (2,)
    assert found.twice == (1,)
    assert found.unconfirmed == (4, 5)
    assert found.unconfirmed_but_accepted == (4,)
