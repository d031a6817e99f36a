"""Sending domains: adding them with a key of their own, and what the DNS checks make of their state.

Policy: DNS proves ownership. Several organizations may wait for the same domain; it belongs to the first one whose key is
found in DNS, and a second one stays waiting (a unique index over the whole installation decides, not a read before it).
A new key is made for each organization, so nobody can sign with what another one published.
"""

import base64
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import public_ids
from accounts.actions import audit
from accounts.models import Organization, User
from sending import domain_names, keys
from sending.enums import DomainState
from sending.errors import DomainRefused
from sending.models import Letter, SendingDomain, StoredMessage

KEY_BITS = 2048
MAX_DOMAINS = 200  # an organization's
PENDING_EVERY = timedelta(hours=1)
VERIFIED_EVERY = timedelta(days=1)
FAILING_EVERY = timedelta(hours=1)


@transaction.atomic
def add(*, organization: Organization, name: str, actor: User | None) -> SendingDomain:
    """Add a domain, with new keys: RSA-2048 and Ed25519. Raises DomainRefused with a sentence for the person who typed it."""
    try:
        name = domain_names.parse(name)
    except domain_names.BadName as refused:
        raise DomainRefused(str(refused)) from refused
    house = settings.HOUSE_DOMAIN
    if house and not organization.is_house and (name == house or name.endswith("." + house)):
        raise DomainRefused(f"{house} is the domain of this installation. Use a domain of your own.")
    domains = SendingDomain.objects.filter(organization=organization)
    if domains.filter(name=name).exists():
        raise DomainRefused(f"{domain_names.shown(name)} is here already.")
    if domains.count() >= MAX_DOMAINS:
        raise DomainRefused(f"There are {MAX_DOMAINS} domains already. Remove one that you do not use.")
    private, public = make_key()
    second_private, second_public = make_second_key()
    try:
        with transaction.atomic():
            domain = SendingDomain.objects.create(
                organization=organization,
                name=name,
                selector="ph" + public_ids.new()[:6],
                private_key=keys.encrypt(private, purpose=keys.DKIM),
                public_key=public,
                second_selector="ed" + public_ids.new()[:6],
                second_private_key=keys.encrypt(second_private, purpose=keys.DKIM),
                second_public_key=second_public,
                check_due_at=timezone.now(),
            )
    except IntegrityError as error:  # two tabs at once
        raise DomainRefused(f"{domain_names.shown(name)} is here already.") from error
    audit.record(organization=organization, actor=actor, verb="sending.domain_added", target=domain)
    return domain


@transaction.atomic
def remove(*, domain: SendingDomain, actor: User) -> None:
    """Remove a domain that no mail was written from; otherwise DomainRefused: what was sent must stay explainable."""
    used = Letter.objects.filter(domain=domain).exists() or StoredMessage.objects.filter(domain=domain).exists()
    if used:
        raise DomainRefused(f"Mail was sent from {domain.name}, so it stays: old sends refer to it.")
    audit.record(organization=domain.organization, actor=actor, verb="sending.domain_removed", target=domain)
    domain.delete()


def ask_for_check(*, domain: SendingDomain) -> None:
    """Let the next check come at once."""
    SendingDomain.objects.filter(pk=domain.pk).update(check_due_at=timezone.now())


@transaction.atomic
def give_second_key(*, domain: SendingDomain) -> SendingDomain:
    """A second key (Ed25519) for a domain that has none yet."""
    if domain.second_selector:
        return domain
    domain = SendingDomain.objects.select_for_update().get(pk=domain.pk)
    if not domain.second_selector:
        private, domain.second_public_key = make_second_key()
        domain.second_selector = "ed" + public_ids.new()[:6]
        domain.second_private_key = keys.encrypt(private, purpose=keys.DKIM)
        domain.save(update_fields=["second_selector", "second_private_key", "second_public_key"])
    return domain


@transaction.atomic
def settle_second_key(*, domain: SendingDomain, works: bool) -> None:
    """Whether the second key is in DNS as it has to be, so that mail is signed with it too."""
    changed = SendingDomain.objects.filter(pk=domain.pk).exclude(second_works=works).update(second_works=works)
    if changed:
        verb = "sending.second_key_used" if works else "sending.second_key_unused"
        audit.record(organization=domain.organization, verb=verb, target=domain)


@transaction.atomic
def settle_check(*, domain: SendingDomain, works: bool | None, at: datetime) -> SendingDomain:
    """What a check means for the domain's state; `works` None: DNS did not tell, and nothing changes but the next date.

    Raises DomainRefused when another organization proved before that the domain is theirs.
    """
    domain = SendingDomain.objects.select_for_update().get(pk=domain.pk)
    before = domain.state
    domain.checked_at = at
    if works:
        domain.state = DomainState.VERIFIED
        domain.verified_at = domain.verified_at or at
    elif works is False and domain.state == DomainState.VERIFIED:
        domain.state = DomainState.FAILING
    every = {DomainState.VERIFIED: VERIFIED_EVERY, DomainState.FAILING: FAILING_EVERY}
    domain.check_due_at = at + (PENDING_EVERY if works is None else every.get(DomainState(domain.state), PENDING_EVERY))
    changed = ["state", "verified_at", "checked_at", "check_due_at"]
    try:
        with transaction.atomic():
            domain.save(update_fields=changed)
    except IntegrityError as error:
        domain.state, domain.verified_at = before, None
        domain.save(update_fields=changed)
        raise DomainRefused(f"Another organization proved before that {domain.name} is theirs.") from error
    if domain.state != before:
        audit.record(
            organization=domain.organization, verb=f"sending.domain_{domain.state}", target=domain, data={"was": before}
        )
    return domain


@transaction.atomic
def reseal_keys(*, organization: Organization) -> int:
    """Seal keys anew that an old SECRET_KEY sealed; their number. Afterwards that one may leave the fallbacks."""
    resealed = 0
    for domain in SendingDomain.objects.select_for_update().filter(organization=organization):
        for name in ("private_key", "second_private_key"):
            sealed = getattr(domain, name)
            if sealed and keys.is_stale(sealed):
                setattr(domain, name, keys.encrypt(keys.decrypt(sealed, purpose=keys.DKIM), purpose=keys.DKIM))
                domain.save(update_fields=[name])
                resealed += 1
    return resealed


def make_key() -> tuple[bytes, str]:
    """A new RSA key pair: the private one as PEM (PKCS #8), the public one as the base64 of a DKIM record's p= (RFC 6376)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, base64.b64encode(der).decode("ascii")


def make_second_key() -> tuple[bytes, str]:
    """A new Ed25519 key pair likewise; p= holds the 32 octets of the key itself (RFC 8463, section 4)."""
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return pem, base64.b64encode(raw).decode("ascii")
