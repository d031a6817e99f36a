"""The doors to the objects of contacts: 404 for strangers and for what does not exist, 403 for the weak."""

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


def contact_for(request: HttpRequest, pk: int, need: Role = Role.ANALYST) -> Contact:
    """A person of this organization; erased ones are gone."""
    contact = Contact.objects.filter(organization=request.organization, pk=pk, erased_at=None).first()
    if contact is None:
        raise Http404
    require(request, need)
    return contact


def topic_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Topic:
    topic = Topic.objects.filter(organization=request.organization, public_id=public_id).first()
    if topic is None:
        raise Http404
    require(request, need)
    return topic


def form_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> SignupForm:
    forms = SignupForm.objects.select_related("brand", "organization")
    form = forms.filter(organization=request.organization, public_id=public_id).first()
    if form is None:
        raise Http404
    require(request, need)
    return form


def segment_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Segment:
    segment = Segment.objects.filter(organization=request.organization, public_id=public_id).first()
    if segment is None:
        raise Http404
    require(request, need)
    return segment


def import_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Import:
    import_ = Import.objects.filter(organization=request.organization, public_id=public_id).first()
    if import_ is None:
        raise Http404
    require(request, need)
    return import_


def suppression_for(request: HttpRequest, pk: int, need: Role = Role.ANALYST) -> Suppression:
    suppression = Suppression.objects.filter(organization=request.organization, pk=pk).first()
    if suppression is None:
        raise Http404
    require(request, need)
    return suppression


def field_for(request: HttpRequest, key: str, need: Role = Role.ANALYST) -> Field:
    """A field, archived ones too; the names that everybody has are unsaved rows until somebody renames them."""
    rows = fields.rows(request.organization, archived=True)
    field = next((row for row in rows if row.key == key), None)
    if field is None:
        raise Http404
    require(request, need)
    return field


def job_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> Job:
    job = Job.objects.filter(organization=request.organization, public_id=public_id).first()
    if job is None:
        raise Http404
    require(request, need)
    return job


def view_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> SavedView:
    """A saved view of the list of people."""
    view = SavedView.objects.filter(organization=request.organization, public_id=public_id).first()
    if view is None:
        raise Http404
    require(request, need)
    return view


def tag_for(request: HttpRequest, pk: int, need: Role = Role.ANALYST) -> Tag:
    tag = Tag.objects.filter(organization=request.organization, pk=pk).first()
    if tag is None:
        raise Http404
    require(request, need)
    return tag


def privacy_request_for(request: HttpRequest, public_id: str, need: Role = Role.ANALYST) -> PrivacyRequest:
    found = PrivacyRequest.objects.filter(organization=request.organization, public_id=public_id).first()
    if found is None:
        raise Http404
    require(request, need)
    return found
