"""The doors to the objects of contacts: 404 for strangers and for what does not exist, 403 for the weak."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from accounts.access import require
from accounts.enums import Role
from contacts.models import (
    Contact,
    Field,
    Import,
    Job,
    PrivacyRequest,
    SavedView,
    Segment,
    SignupForm,
    Suppression,
    Tag,
    Topic,
)
from contacts.queries import fields

M = TypeVar("M", bound=Model)


def contact_for(request: HttpRequest, pk: int, need: Role = Role.ANALYST) -> Contact:
    """A person of this organization; erased ones are gone."""
    return _opened(request, need, Contact.objects.filter(pk=pk, erased_at=None))


def topic_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Topic:
    return _opened(request, need, Topic.objects.filter(public_id=public_id))


def form_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> SignupForm:
    forms = SignupForm.objects.select_related("brand", "organization")
    return _opened(request, need, forms.filter(public_id=public_id))


def segment_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Segment:
    return _opened(request, need, Segment.objects.filter(public_id=public_id))


def import_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Import:
    return _opened(request, need, Import.objects.filter(public_id=public_id))


def suppression_for(request: HttpRequest, pk: int, need: Role = Role.ANALYST) -> Suppression:
    return _opened(request, need, Suppression.objects.filter(pk=pk))


def field_for(request: HttpRequest, key: str, need: Role = Role.ANALYST) -> Field:
    """A field, archived ones too; the names that everybody has are unsaved rows until somebody renames them."""
    rows = fields.rows(request.organization, archived=True)
    field = next((row for row in rows if row.key == key), None)
    if field is None:
        raise Http404
    require(request, need)
    return field


def job_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Job:
    return _opened(request, need, Job.objects.filter(public_id=public_id))


def view_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> SavedView:
    """A saved view of the list of people."""
    return _opened(request, need, SavedView.objects.filter(public_id=public_id))


def tag_for(request: HttpRequest, pk: int, need: Role = Role.ANALYST) -> Tag:
    return _opened(request, need, Tag.objects.filter(pk=pk))


def privacy_request_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> PrivacyRequest:
    return _opened(request, need, PrivacyRequest.objects.filter(public_id=public_id))


def _opened(request: HttpRequest, need: Role, rows: QuerySet[M]) -> M:
    """The one of these rows that is this organization's."""
    found = rows.filter(organization=request.organization).first()
    if found is None:
        raise Http404
    require(request, need)
    return found
