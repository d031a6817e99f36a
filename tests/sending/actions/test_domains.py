"""Sending domains: added with a key of their own, refused with a reason, and kept while old sends refer to them."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization

from accounts.models import AuditEntry
from sending import dkim, keys
from sending.actions import domains
from sending.errors import DomainRefused
from sending.models import SendingDomain
from sending.queries import domains as reading
from tests.sending import ledger


def test_a_domain_gets_its_own_key_that_is_stored_sealed(scoped, owner):
    domain = domains.add(organization=scoped, name="Kettle.example", actor=owner)
    assert domain.name == "kettle.example"
    stored = bytes(SendingDomain.objects.get(pk=domain.pk).private_key)
    assert b"PRIVATE" not in stored
    key = dkim.load_key(reading.private_key(domain))
    assert key.key_size == 2048
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert base64.b64encode(public).decode() == domain.public_key
    assert AuditEntry.objects.get(verb="sending.domain_added").target_name == "kettle.example"


def test_the_records_to_publish(scoped, owner):
    domain = domains.add(organization=scoped, name="bücher.example", actor=owner)
    records = reading.records(domain)
    assert [(r.name, r.type) for r in records.needed] == [
        (f"{domain.selector}._domainkey.xn--bcher-kva.example", "TXT"),
        ("bounces.xn--bcher-kva.example", "TXT"),
        ("bounces.xn--bcher-kva.example", "MX"),
        ("_dmarc.xn--bcher-kva.example", "TXT"),
    ]
    assert records.spf.value == "v=spf1 include:spf.posthouse.example -all"
    assert records.mx.value == "10 mail.posthouse.example"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("gmail.com", "mailbox provider"),
        ("co.uk", "share"),
        ("", "Write the domain"),
        ("posthouse.example", "this installation"),
        ("a.posthouse.example", "this installation"),
    ],
)
def test_what_is_refused(scoped, owner, name, word):
    with pytest.raises(DomainRefused, match=word):
        domains.add(organization=scoped, name=name, actor=owner)
    assert not SendingDomain.objects.exists()


def test_twice_is_refused(scoped, owner):
    domains.add(organization=scoped, name="kettle.example", actor=owner)
    with pytest.raises(DomainRefused, match="here already"):
        domains.add(organization=scoped, name="KETTLE.example.", actor=owner)


def test_a_domain_with_sends_stays(scoped, owner):
    used = ledger.domain(scoped)
    ledger.letter(scoped)
    with pytest.raises(DomainRefused, match="old sends"):
        domains.remove(domain=used, actor=owner)
    unused = domains.add(organization=scoped, name="tea.example", actor=owner)
    domains.remove(domain=unused, actor=owner)
    assert list(SendingDomain.objects.values_list("name", flat=True)) == ["kettle.example"]


def test_keys_are_sealed_anew_after_a_change_of_secret_key(scoped, owner, settings):
    domain = domains.add(organization=scoped, name="kettle.example", actor=owner)
    before = reading.private_key(domain), reading.second_private_key(domain)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert domains.reseal_keys(organization=scoped) == 2
    assert domains.reseal_keys(organization=scoped) == 0
    settings.SECRET_KEY_FALLBACKS = []
    domain.refresh_from_db()
    assert (reading.private_key(domain), reading.second_private_key(domain)) == before
    assert not keys.is_stale(domain.private_key)


def test_a_domain_of_old_gets_a_second_key_once(scoped):
    domain = ledger.domain(scoped)
    assert reading.records(domain).dkim2 is None
    assert domains.reseal_keys(organization=scoped) == 0
    first = domains.give_second_key(domain=domain)
    assert domains.give_second_key(domain=domain).second_public_key == first.second_public_key
    record = reading.records(first).dkim2
    assert record.name == f"{first.second_selector}._domainkey.{domain.name}"
    assert record.value == f"v=DKIM1; k=ed25519; p={first.second_public_key}"
    key = dkim.load_key(reading.second_private_key(first)).public_key()
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert base64.b64decode(first.second_public_key) == raw
