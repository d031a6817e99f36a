"""A campaign arrives in a real Postfix, and a real OpenDKIM says that it is ours; its one-click header unsubscribes."""

import http.client
import re
import smtplib
from collections import Counter
from urllib.parse import urlsplit

import pytest

from bench import house
from posthouse.up.places import CHECKOUT
from tests.receivers.conftest import DOMAIN
from tests.receivers.real_postfix import Delivered, RealPostfix

PEOPLE = 60
SEEDING = CHECKOUT / "prove" / "seeding.py"
ONE_LINE = ("List-Unsubscribe", "List-Unsubscribe-Post")


@pytest.fixture(scope="module")
def delivered(posthouse: house.House, postfix: RealPostfix) -> list[Delivered]:
    """What lies in the mailboxes after one campaign: launched, frozen by the worker, sent by the relay."""
    made = posthouse.script(SEEDING, "found", "--prefix=post-", f"--people={PEOPLE}", f"--domains={DOMAIN}")
    assert posthouse.script(SEEDING, "launch", f"--campaign={made['campaign']}")["launched"]
    try:
        house.wait_until(
            lambda: len(postfix.raw()) >= PEOPLE and states(posthouse) == {10: PEOPLE},
            within=240,  # OpenDKIM 2.11 dies now and then; what it refused meanwhile comes again after a minute
            what="all is delivered",
        )
    except TimeoutError as error:
        words = [postfix.logs(), *(f"{name}: {posthouse.logs(name)}" for name in ("relay", "worker", "sandbox"))]
        pytest.fail("\n".join([f"{error}", f"ledger: {states(posthouse)}", *words]))
    return postfix.delivered()


def states(posthouse: house.House) -> dict[int, int]:
    with posthouse.connect() as connection:
        return dict(connection.execute("SELECT state, count(*) FROM sending_delivery GROUP BY state").fetchall())  # type: ignore[arg-type]


def test_every_message_arrives_once(delivered: list[Delivered]) -> None:
    arrived = Counter(each.recipient for each in delivered)
    assert arrived == {f"post-{number}@{DOMAIN}": 1 for number in range(PEOPLE)}
    assert len({str(each.message["Message-ID"]) for each in delivered}) == PEOPLE


def test_opendkim_passes_every_message(delivered: list[Delivered]) -> None:
    for each in delivered:
        assert len(each.results) == 1, each.results
        assert each.results[0].startswith(f"mx.{DOMAIN}; dkim=pass"), each.results
        assert "header.d=post-harbour.example" in each.results[0]
        assert str(each.message["From"]).endswith("<news@post-harbour.example>")


def test_the_judge_can_say_no(delivered: list[Delivered], postfix: RealPostfix) -> None:
    """Else its yes would be worth nothing: one word of a genuine message is changed."""
    raw = delivered[0].raw
    genuine = raw[raw.index(b"DKIM-Signature:") :]
    assert genuine.count(b"harbour opens on Sunday") >= 1
    forged = genuine.replace(b"opens on Sunday", b"opens on Monday").replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
    before = len(postfix.raw())
    with smtplib.SMTP(postfix.address, postfix.port, timeout=20) as session:
        session.sendmail("forger@post-harbour.example", [f"forged@{DOMAIN}"], forged)
    house.wait_until(lambda: len(postfix.raw()) > before, within=20, what="the forged message is delivered")
    (found,) = [each for each in postfix.delivered() if each.recipient == f"forged@{DOMAIN}"]
    assert "dkim=fail" in found.results[0]


def test_unsubscribe_headers_are_unfolded_and_signed(delivered: list[Delivered], posthouse: house.House) -> None:
    for each in delivered:
        for name in ONE_LINE:
            assert len(each.lines(name)) == 1, f"{name} is folded: {each.lines(name)}"
            assert name.lower() in each.signed_fields
        assert each.lines("List-Unsubscribe-Post") == [b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
        assert re.fullmatch(
            rf"<http://localhost:{posthouse.port + 1}/u/[A-Za-z0-9_.-]+>, "
            r"<mailto:[^>]+@bounces\.post-harbour\.example\?subject=unsubscribe>",
            str(each.message["List-Unsubscribe"]),
        )
    assert len({one_click(each) for each in delivered}) == PEOPLE, "everybody has a link of his own"


def test_bounces_come_back_to_a_signed_return_path(delivered: list[Delivered]) -> None:
    paths = {each.return_path for each in delivered}
    assert len(paths) == PEOPLE
    for path in paths:
        assert path.endswith("@bounces.post-harbour.example")


def test_nothing_happens_by_looking(delivered: list[Delivered], hits: house.House) -> None:
    """Scanners follow links; a GET shows a page and changes nothing."""
    status, _ = asked("GET", one_click(delivered[0]))
    assert status == 200
    assert subscription(hits, delivered[0].recipient) == "subscribed"


@pytest.mark.parametrize(
    ("which", "content_type", "body"),
    [
        (1, "application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        (
            2,
            "multipart/form-data; boundary=frontier",
            b'--frontier\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--frontier--\r\n',
        ),
    ],
    ids=["urlencoded", "multipart"],
)
def test_one_click_unsubscribes(
    delivered: list[Delivered], hits: house.House, which: int, content_type: str, body: bytes
) -> None:
    """RFC 8058, section 3.2: a POST without cookies, in either encoding; no redirect."""
    person = delivered[which]
    assert subscription(hits, person.recipient) == "subscribed"
    status, _ = asked("POST", one_click(person), body, {"Content-Type": content_type})
    assert status in {200, 202, 204}
    assert subscription(hits, person.recipient) == "unsubscribed"
    status, _ = asked("POST", one_click(person), body, {"Content-Type": content_type})
    assert status in {200, 202, 204}, "a second press is no error"
    assert consents(hits, person.recipient) == ["one_click"]


def one_click(message: Delivered) -> str:
    found = re.match(r"<(http[^>]+)>", str(message.message["List-Unsubscribe"]))
    assert found
    return found[1]


def asked(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=15)
    connection.request(method, parts.path, body, {"Host": parts.netloc} | (headers or {}))
    answer = connection.getresponse()
    return answer.status, answer.read()


def subscription(posthouse: house.House, address: str) -> str:
    with posthouse.connect() as connection:
        row = connection.execute(
            "SELECT s.state FROM contacts_subscription s JOIN contacts_contact c ON c.id = s.contact_id WHERE c.address_key = %s",
            [address],
        ).fetchone()
    assert row
    return {1: "subscribed", 2: "pending", 3: "unsubscribed"}[int(str(row[0]))]


def consents(posthouse: house.House, address: str) -> list[str]:
    with posthouse.connect() as connection:
        rows = connection.execute(
            "SELECT r.source FROM contacts_consentrecord r JOIN contacts_contact c ON c.id = r.contact_id "
            "WHERE c.address_key = %s AND r.action = 'unsubscribed' ORDER BY r.id",
            [address],
        ).fetchall()
    return [str(source) for (source,) in rows]
