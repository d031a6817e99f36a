"""What sending needs to know of upper floors, and may not ask for: questions that are answered there (posthouse/wiring.py)."""

from collections.abc import Iterable
from typing import Protocol

from sending.mailroom.dmarc import Report


class Totals(Protocol):
    """Whoever folds tallies away and knows what has become of them."""

    def differences(self, *, limit: int) -> Iterable[str]:
        """Where totals and tallies do not agree with the ledger and the log, one line each. Called inside of cross_tenant."""
        ...


class Unfolded:
    """Nobody folds tallies here, so there is nobody to ask."""

    def differences(self, *, limit: int) -> Iterable[str]:
        return ()


totals: Totals = Unfolded()


def plug_totals(answers: Totals) -> None:
    """Let `answers` answer from now on."""
    global totals
    totals = answers


class DmarcReports(Protocol):
    """Whoever keeps what receivers report about our domains (RFC 7489, section 7.2)."""

    def take(self, report: Report, *, signer: str) -> bool:
        """Keep a report that `signer` signed; False when it is about no domain of ours, or known. Raises django.db.Error."""
        ...


class Unkept:
    """Nobody keeps reports here."""

    def take(self, report: Report, *, signer: str) -> bool:
        return False


dmarc: DmarcReports = Unkept()


def plug_dmarc(keeper: DmarcReports) -> None:
    """Let `keeper` keep them from now on."""
    global dmarc
    dmarc = keeper
