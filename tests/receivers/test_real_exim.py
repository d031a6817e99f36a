"""Mail arrives in a real Exim once each and octet for octet, and dkimpy, which is not ours either, says who it is from."""

from collections import Counter

import dkim
import pytest

from bench import house
from posthouse.sandbox.store import Store
from posthouse.up.places import CHECKOUT
from tests.receivers import letters
from tests.receivers.conftest import EXIM_DOMAIN
from tests.receivers.real_exim import RealExim, Received

PEOPLE = 40
SEEDING = CHECKOUT / "prove" / "seeding.py"
LETTERS = CHECKOUT / "tests" / "receivers" / "letters.py"
OURS = "exim-harbour.example"


@pytest.fixture(scope="module")
def received(posthouse: house.House, exim: RealExim) -> dict[str, Received]:
    """By recipient, what lies in the maildir after a campaign and letters that are hard to carry."""
    made = posthouse.script(SEEDING, "found", "--prefix=exim-", f"--people={PEOPLE}", f"--domains={EXIM_DOMAIN}")
    assert posthouse.script(SEEDING, "launch", f"--campaign={made['campaign']}")["launched"]
    put = posthouse.script(LETTERS, f"--organization={made['organization']}", f"--at={EXIM_DOMAIN}")
    wanted = PEOPLE + int(str(put["letters"]))
    try:
        house.wait_until(
            lambda: exim.count() >= wanted and states(posthouse) == {10: wanted}, within=120, what="all is delivered"
        )
    except TimeoutError as error:
        words = [exim.logs(), *(f"{name}: {posthouse.logs(name)}" for name in ("relay", "worker"))]
        pytest.fail("\n".join([f"{error}", f"ledger: {states(posthouse)}", *words]))
    found = exim.received()
    assert Counter(each.recipient for each in found) == Counter(dict.fromkeys([each.recipient for each in found], 1))
    assert len(found) == wanted
    return {each.recipient: each for each in found}


def states(posthouse: house.House) -> dict[int, int]:
    with posthouse.connect() as connection:
        return dict(connection.execute("SELECT state, count(*) FROM sending_delivery GROUP BY state").fetchall())  # type: ignore[arg-type]


def test_everybody_gets_the_campaign_once(received: dict[str, Received]) -> None:
    assert {each for each in received if each.startswith("exim-")} == {
        f"exim-{number}@{EXIM_DOMAIN}" for number in range(PEOPLE)
    }


@pytest.mark.parametrize("name", list(letters.BODIES))
def test_every_octet_of_a_hard_letter_arrives(received: dict[str, Received], name: str) -> None:
    """Dots at the beginning of lines, 8-bit text (RFC 6152), UTF-8 addresses and fields (RFC 6531), the longest line there is."""
    to = letters.address(name, at=EXIM_DOMAIN)
    content = received[to].content
    sent = letters.raw(name, to=to, domain=OURS)
    assert content.endswith(sent), content[-2_000:]
    before = content.removesuffix(sent)
    assert before.startswith(b"DKIM-Signature:")


def test_dkimpy_passes_every_message(received: dict[str, Received], posthouse: house.House) -> None:
    with Store(posthouse.here.var / "sandbox" / "world.sqlite3") as store:

        def txt(name: bytes, timeout: int = 5) -> bytes | None:
            values = [r.value for r in store.records(name.decode().rstrip(".")) if r.kind == "TXT"]
            return values[0].encode() if values else None

        for each in received.values():
            assert dkim.verify(each.content, dnsfunc=txt), each.recipient
        some = next(iter(received.values())).content
        assert not dkim.verify(some.replace(b"Harbour", b"Arbour", 1), dnsfunc=txt), "a judge that cannot say no"


def test_it_came_over_tls(received: dict[str, Received]) -> None:
    assert all("esmtps" in each.trace or "utf8esmtps" in each.trace for each in received.values()), [
        each.trace for each in received.values()
    ][:2]
