"""Sites and providers: data that reads, and names that people recognise."""

import pytest

from sending.relay import sites


def test_the_shipped_directory_reads() -> None:
    book = sites.directory()
    assert len({p.name for p in book.providers}) == len(book.providers)
    assert all(len(p.name) <= 40 and p.suffixes for p in book.providers)
    assert book.default.connections >= 1


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        (["gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"], "Gmail"),
        (["mta5.am0.yahoodns.net"], "Yahoo"),
        (["outlook-com.olc.protection.outlook.com"], "Outlook.com"),
        (["firm-example.mail.protection.outlook.com"], "Microsoft 365"),
        (["mx.example.org"], sites.OTHER),
        (["gmail-smtp-in.l.google.com", "mx.example.org"], sites.OTHER),  # a vanity mixture is nobody's
        (["notgoogle.com"], sites.OTHER),
        ([], sites.OTHER),
    ],
)
def test_providers_by_mx(hosts: list[str], name: str) -> None:
    assert sites.directory().provider_of(hosts).name == name


def test_names_roll_up() -> None:
    hosts = [f"alt{n}.gmail-smtp-in.l.google.com" for n in (1, 2)] + ["gmail-smtp-in.l.google.com"]
    assert sites.name_of(hosts) == "(alt1|alt2)?.gmail-smtp-in.l.google.com"
    assert sites.name_of(hosts[::-1]) == sites.name_of(hosts)
    assert sites.name_of(["MX.Example."]) == "mx.example"
    assert len(sites.name_of([f"mx{n}.example" for n in range(500)])) == sites.MAX_NAME


def test_limits_are_divided_by_the_relays_that_share_an_address() -> None:
    manners = sites.Manners(10, 100, 5.0)
    assert manners.shared(1).connections == 10
    assert manners.shared(3).connections == 3
    assert manners.shared(99).connections == 1
    assert manners.shared(0).connections == 10


@pytest.mark.parametrize("text", ["[default]\nconnections=0\nmessages=1\nidle=1", "[default]", "nonsense"])
def test_impossible_directories_are_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        sites.directory(text)


def test_providers_that_have_had_tls_for_years_get_nothing_in_clear_text() -> None:
    required = {provider.name for provider in sites.directory().providers if provider.tls_required}
    assert {"Gmail", "Yahoo", "Outlook.com", "Microsoft 365", "iCloud"} <= required
    assert not sites.directory().provider_of(["mx.example.org"]).tls_required
    with pytest.raises(ValueError, match="no such rule for TLS"):
        sites.directory(
            '[default]\nconnections=1\nmessages=1\nidle=1\nage=1\n[[provider]]\nname="A"\nmx=[".a"]\ntls="sometimes"'
        )
