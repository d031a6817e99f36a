"""DKIM: is the key in DNS the one that we sign with (RFC 6376, 3.6.1)?"""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from reputation.dns_checks.findings import Finding, Status
from reputation.dns_checks.resolver import Outcome, Resolver
from reputation.dns_checks.tags import parse
from sending.dns_records import Record

SECOND = "dkim2"
LEAST_BITS = 1024
GOOD_BITS = 2048


async def check_second(resolver: Resolver, *, expected: Record | None) -> Finding | None:
    """Check the record of the second key (RFC 8463), which is optional: None while it is not published. Never a failure."""
    if expected is None:
        return None
    answer = await resolver.lookup(expected.name, "TXT")
    if answer.outcome is Outcome.UNKNOWN:
        return Finding(SECOND, Status.UNKNOWN, "The name server did not answer; we will ask again.", answer.lines)
    if not answer.values:
        return None
    found = parse(answer.values[0]) or {}
    ours = (parse(expected.value) or {})["p"]
    right = "".join(found.get("p", "").split()) == ours and found.get("k", "rsa").lower() == "ed25519"
    if len(answer.values) > 1 or not right or found.get("v", "DKIM1") != "DKIM1":
        summary = "The record is not the one that we ask for, so mail is signed with the first key only."
        return Finding(
            SECOND, Status.WARN, summary, answer.lines, "Replace it with this record, or remove it.", expected
        )
    return Finding(SECOND, Status.PASS, "Mail is signed with this key too (Ed25519).", answer.lines)


async def check(resolver: Resolver, *, expected: Record) -> Finding:
    """Check the key record at `expected.name` (selector._domainkey.domain) against the one that we ask to publish."""

    def finding(status: Status, summary: str, fix: str = "") -> Finding:
        return Finding("dkim", status, summary, answer.lines, fix, expected if fix else None)

    answer = await resolver.lookup(expected.name, "TXT")
    if answer.outcome is Outcome.UNKNOWN:
        return finding(Status.UNKNOWN, "The name server did not answer; we will ask again.")
    if not answer.values:
        return finding(Status.FAIL, "The key is not published yet.", "Publish this record.")
    if len(answer.values) > 1:
        summary = f"There are {len(answer.values)} records where one must be; receivers may take the wrong one."
        return finding(Status.FAIL, summary, "Keep only this record.")
    found = parse(answer.values[0])
    if found is None or "p" not in found:
        return finding(Status.FAIL, "The record is not a DKIM key.", "Replace it with this record.")
    if not found["p"]:
        return finding(Status.FAIL, "The key was withdrawn (p= is empty).", "Publish this record again.")
    ours = (parse(expected.value) or {}).get("p", "")
    theirs = "".join(found["p"].split())
    if theirs != ours and ours.startswith(theirs):
        summary = "It is our key, but cut off: some DNS forms take no more than 255 characters in one piece."
        return finding(Status.FAIL, summary, "Paste this record in pieces, or ask your DNS provider how to.")
    if theirs != ours:
        return finding(Status.FAIL, "It is another key than ours.", "Replace it with this record.")
    if found.get("k", "rsa").lower() != "rsa" or found.get("v", "DKIM1") != "DKIM1":
        return finding(Status.FAIL, "The key is ours but k= or v= is wrong.", "Replace it with this record.")
    if "y" in found.get("t", "").lower().split(":"):
        return finding(
            Status.WARN, "The key is marked as a test (t=y); some receivers ignore it.", "Replace it with this record."
        )
    bits = key_bits(ours)
    if bits is None or bits < LEAST_BITS:
        return finding(Status.FAIL, f"The key is too short ({bits or 0} bits).", "Make a new key.")
    if bits < GOOD_BITS:
        return finding(Status.WARN, f"The key works; {GOOD_BITS} bits are recommended, it has {bits}.")
    return finding(Status.PASS, f"The key in DNS is the one that we sign with ({bits} bits).")


def key_bits(encoded: str) -> int | None:
    """The size of a public RSA key from a record's p= in bits; None when it is no such key."""
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None
