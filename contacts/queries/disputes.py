"""How many people say that they never signed up, by what brought them in: for the pages of imports and forms."""

from contacts.enums import SuppressionReason
from contacts.models import Import, SignupForm, Suppression


def of_import(import_: Import) -> int:
    """People of this import who say that they never signed up, and did not take it back."""
    return _count(import_.organization_id, f"import {import_.pk}")


def of_form(form: SignupForm) -> int:
    """People who came by this form and say that they did not."""
    return _count(form.organization_id, f"form {form.pk}")


def _count(organization_id: int, about: str) -> int:
    return Suppression.objects.filter(
        organization_id=organization_id,
        reason=SuppressionReason.MANUAL,
        source="page",
        lifted_at=None,
        about=about,
    ).count()
