"""Answers sending's question whether the totals agree with the ledger (sending/ports.py)."""

from collections.abc import Iterator

from reputation.actions import totals


class TotalsAnswers:
    """Plugged in by posthouse/wiring.py."""

    def differences(self, *, limit: int) -> Iterator[str]:
        for d in totals.differences(limit=limit):
            where = f"kind {d.kind}, provider {d.provider or '-'}, variant {d.variant}, link {d.link}"
            yield f"mailing {d.mailing_id}: {where}: counted {d.counted}, ledger and log say {d.true}"
