"""How many people say that they never signed up, by what brought them in: for the pages of imports and forms."""

from collections.abc import Iterable

from django.db.models import Count

from accounts.models import Organization
from contacts.enums import SuppressionReason
from contacts.models import Import, SignupForm, Suppression


def of_import(import_: Import) -> int:
    """People of this import who say that they never signed up, and did not take it back."""
    return _counts(import_.organization_id, [f"import {import_.pk}"]).get(f"import {import_.pk}", 0)


def of_form(form: SignupForm) -> int:
    """People who came by this form and say that they did not."""
    return _counts(form.organization_id, [f"form {form.pk}"]).get(f"form {form.pk}", 0)


def of_imports(organization: Organization, ids: Iterable[int]) -> dict[int, int]:
    """Import id -> people who dispute it; those with none are left out."""
    return _by_id(organization, "import", ids)


def of_forms(organization: Organization, ids: Iterable[int]) -> dict[int, int]:
    """Form id -> people who dispute it; those with none are left out."""
    return _by_id(organization, "form", ids)


def _by_id(organization: Organization, kind: str, ids: Iterable[int]) -> dict[int, int]:
    names = {f"{kind} {pk}": pk for pk in ids}
    return {names[about]: count for about, count in _counts(organization.pk, list(names)).items()}


def _counts(organization_id: int, names: list[str]) -> dict[str, int]:
    rows = Suppression.objects.filter(
        organization_id=organization_id,
        reason=SuppressionReason.MANUAL,
        source="page",
        lifted_at=None,
        about__in=names,
    )
    return dict(rows.values_list("about").annotate(people=Count("pk")))
