"""The link that proves whose mailbox it is: mailed to the address on file, good for one hour, bound to that address.

What the token of an ordinary mail may not do (mail gets forwarded) is done behind such a link. It names a request; when the
address has changed meanwhile it opens nothing.
"""

from dataclasses import dataclass

from django.core import signing

from contacts import fingerprints

SALT = "contacts.links"
SECONDS = 3_600
MAX_CHARS = 300
DIGEST = 20  # hex digits of the address's fingerprint
ON_FILE, NEW = "f", "n"  # which address it was mailed to


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine link says. `step`: ON_FILE, or NEW for a change of address."""

    organization_id: int
    request_id: int
    step: str
    digest: str
    is_too_old: bool

    def was_mailed_to(self, address_key: str) -> bool:
        return self.digest in [whole[:DIGEST] for whole in fingerprints.all_of(address_key)]


def mint(*, organization_id: int, request_id: int, step: str, address_key: str) -> str:
    """For the path of a link."""
    content = [organization_id, request_id, step, fingerprints.of(address_key)[:DIGEST]]
    return signing.dumps(content, salt=SALT)


def read(text: str) -> Link | None:
    """What the link says, None when we did not make it. Never raises."""
    if not text or len(text) > MAX_CHARS:
        return None
    try:
        organization_id, request_id, step, digest = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    try:
        signing.loads(text, salt=SALT, max_age=SECONDS)
    except signing.SignatureExpired:
        return Link(organization_id, request_id, step, digest, is_too_old=True)
    return Link(organization_id, request_id, step, digest, is_too_old=False)
