"""DANE for SMTP (RFC 7672): what TLSA records ask of a certificate, and whether one fulfils it. Pure: octets in, answers out.

Policy: usages 2 (a trust anchor) and 3 (the server's own certificate or key) are used; 0 and 1 lean on public authorities,
which a mail server need not have, and count as unusable (section 3.1.3). Of several digests of one kind only the strongest
counts (RFC 7671, section 9).
Trap: with usage 3 neither names nor dates of the certificate matter (section 3.1.1): the record is the proof. With usage 2
both matter, and the chain has to be verified up to the anchor: whoever has the chain asks `anchor`, and lets OpenSSL do it.
"""

import hashlib
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sending.relay.dns import Tlsa

TRUST_ANCHOR, END_ENTITY = 2, 3
CERTIFICATE, PUBLIC_KEY = 0, 1
WHOLE, SHA256, SHA512 = 0, 1, 2
DIGEST_OCTETS = {SHA256: 32, SHA512: 64}
MOST_CHAIN = 10
MOST_RECORDS = 50


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    """Those that a client can act on."""
    known = [record for record in list(records)[:MOST_RECORDS] if _is_usable(record)]
    strongest: dict[tuple[int, int], int] = {}
    for record in known:
        if record.matching != WHOLE:
            kind = (record.usage, record.selector)
            strongest[kind] = max(strongest.get(kind, 0), record.matching)
    return tuple(
        record
        for record in known
        if record.matching == WHOLE or record.matching == strongest[(record.usage, record.selector)]
    )


def _is_usable(record: Tlsa) -> bool:
    if record.usage not in (TRUST_ANCHOR, END_ENTITY) or record.selector not in (CERTIFICATE, PUBLIC_KEY):
        return False
    if record.matching == WHOLE:
        return bool(record.data)
    return len(record.data) == DIGEST_OCTETS.get(record.matching, -1)


def is_the_server(records: Iterable[Tlsa], certificate: bytes) -> bool:
    """Whether a record of usage 3 names the server's own certificate (DER)."""
    return any(record.usage == END_ENTITY and fits(record, certificate) for record in records)


def anchor(records: Sequence[Tlsa], chain: Sequence[bytes]) -> bytes | None:
    """The certificate (DER) above the server's that a record of usage 2 names, out of the chain that the server showed."""
    for certificate in chain[1:MOST_CHAIN]:
        if any(record.usage == TRUST_ANCHOR and fits(record, certificate) for record in records):
            return certificate
    return None


def fits(record: Tlsa, certificate: bytes) -> bool:
    """Whether a record names this certificate (DER). False for what is no certificate."""
    if record.selector == PUBLIC_KEY:
        try:
            key = x509.load_der_x509_certificate(certificate).public_key()
            data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except Exception:  # noqa: BLE001  (a stranger's octets; cryptography raises many things)
            return False
    else:
        data = certificate
    if record.matching == SHA256:
        data = hashlib.sha256(data).digest()
    elif record.matching == SHA512:
        data = hashlib.sha512(data).digest()
    return data == record.data


def chain_of(tls: Any) -> list[bytes]:
    """The certificates (DER) that the server showed, its own first; only that one where Python does not give the others.

    `tls`: an ssl.SSLObject. Python has a public method for it since 3.13; 3.10 to 3.12 have the same one inside.
    """
    own = tls.getpeercert(binary_form=True)
    show = getattr(tls, "get_unverified_chain", None) or getattr(
        getattr(tls, "_sslobj", None), "get_unverified_chain", None
    )
    if show is None:
        return [own] if own else []
    return [
        certificate if isinstance(certificate, bytes) else ssl.PEM_cert_to_DER_cert(certificate.public_bytes())
        for certificate in show() or ()
    ]


def trusting(certificate: bytes) -> ssl.SSLContext:
    """TLS that trusts what stands below this one certificate (DER), root or not, and nothing else. Names: see `names_fit`.

    Raises ssl.SSLError when OpenSSL cannot read it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # there are two names that will do
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context


def names_fit(certificate: dict[str, Any], names: Iterable[str]) -> bool:
    """Whether a verified certificate (as `getpeercert()` gives it) is for one of these names (RFC 7672, section 3.2.2)."""
    given = [str(value).lower().rstrip(".") for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    wanted = {name.lower().rstrip(".") for name in names if name}
    parents = {name.partition(".")[2] for name in wanted}
    return any(name in wanted or (name.startswith("*.") and name[2:] in parents) for name in given)
