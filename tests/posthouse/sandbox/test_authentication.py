"""SPF, DKIM and DMARC as a strict receiver weighs them."""

import pytest

from posthouse.sandbox import authentication
from tests.sending.mailroom.test_verification import MESSAGE, RECORDS, SIGNED

DNS: dict[tuple[str, str], list[str]] = {
    ("bounces.acme.example", "TXT"): ["some text", "v=spf1 include:spf.posthouse.example -all"],
    ("spf.posthouse.example", "TXT"): ["v=spf1 ip4:127.0.0.0/24 -all"],
    ("_dmarc.acme.example", "TXT"): ["v=DMARC1; p=none"],
    ("a.example", "TXT"): ["v=spf1 a mx/30 -all"],
    ("a.example", "A"): ["127.0.0.9"],
    ("a.example", "MX"): ["10 mx.a.example."],
    ("mx.a.example", "A"): ["192.0.2.5"],
    ("soft.example", "TXT"): ["v=spf1 ~all"],
    ("none.example", "TXT"): ["hello"],
    ("two.example", "TXT"): ["v=spf1 -all", "v=spf1 +all"],
    ("loop.example", "TXT"): ["v=spf1 include:loop.example -all"],
    ("redirect.example", "TXT"): ["v=spf1 redirect=spf.posthouse.example"],
    ("bad.example", "TXT"): ["v=spf1 ip4:what -all"],
    **{(name, "TXT"): values for name, values in RECORDS.items()},
}


def values(name: str, kind: str) -> list[str]:
    return DNS.get((name, kind), [])


@pytest.mark.parametrize(
    ("domain", "client", "result"),
    [
        ("bounces.acme.example", "127.0.0.1", "pass"),
        ("bounces.acme.example", "192.0.2.1", "fail"),
        ("a.example", "127.0.0.9", "pass"),
        ("a.example", "192.0.2.6", "pass"),
        ("a.example", "192.0.2.66", "fail"),
        ("soft.example", "127.0.0.1", "softfail"),
        ("none.example", "127.0.0.1", "none"),
        ("two.example", "127.0.0.1", "permerror"),
        ("loop.example", "127.0.0.1", "permerror"),
        ("redirect.example", "127.0.0.1", "pass"),
        ("bad.example", "127.0.0.1", "permerror"),
    ],
)
def test_spf(domain: str, client: str, result: str) -> None:
    assert authentication.spf(domain, client, values) == result


def weigh(
    message: bytes = SIGNED,
    *,
    from_domain: str = "acme.example",
    sender: str = "b1-x@bounces.acme.example",
    client: str = "127.0.0.1",
):  # type: ignore[no-untyped-def]
    return authentication.weigh(
        message=message,
        from_domain=from_domain,
        sender=sender,
        client=client,
        helo="relay.posthouse.example",
        values=values,
    )


def test_a_good_message_has_all_three() -> None:
    result = weigh()
    assert (result.spf, result.dkim, result.dmarc, result.why) == (True, True, True, {})


def test_alignment_by_either_is_enough_and_none_is_not() -> None:
    assert weigh(MESSAGE).dmarc, "SPF of a subdomain is aligned"
    assert weigh(client="192.0.2.1").dmarc, "DKIM is aligned"
    assert not weigh(MESSAGE, client="192.0.2.1").dmarc
    assert "acme.example publishes no" not in weigh(MESSAGE, client="192.0.2.1").why["dmarc"]


def test_a_missing_policy_is_named() -> None:
    assert weigh(from_domain="other.example").why["dmarc"] == "other.example publishes no DMARC policy"


def test_the_policy_of_the_organizational_domain_holds_below_it() -> None:
    assert authentication.dmarc_policy("shop.acme.example", values) == "none"
    assert authentication.organizational("mail.example.co.uk") == "example.co.uk"
