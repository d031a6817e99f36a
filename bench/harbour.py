"""An organization to measure with, and what it writes. To be imported when Django stands."""

import os

from accounts.actions import organizations
from accounts.models import Brand, Organization, User
from sending.actions import letters
from sending.merging import compile_plan
from sending.models import Letter, SendingDomain


def found(*, name: str = "Bench Harbour", email: str = "bench@posthouse.example") -> tuple[Organization, User]:
    """An organization and its owner."""
    owner = User.objects.create_user(email=email, password=os.urandom(12).hex(), name="Bench")
    organization = organizations.found(
        owner=owner, name=name, postal_address="Quay 1\n20457 Hamburg", time_zone="Europe/Berlin"
    )
    return organization, owner


def letter(*, domain: SendingDomain, subject: str, html: str, text: str) -> Letter:
    """A frozen letter of the domain's organization and its first brand. Call inside of the organization's scope."""
    return letters.freeze(
        organization=domain.organization,
        brand=Brand.objects.get(organization=domain.organization, is_default=True),
        domain=domain,
        from_name="Harbour",
        from_local="news",
        reply_to="",
        subject=subject,
        preheader="",
        html=html,
        text=text,
        plan=compile_plan(subject, html, text),
    )
