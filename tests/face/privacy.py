"""Recipients' choices and privacy: the preference centre, one's own data, the page of requests."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization, User
from contacts import links, tokens
from contacts.actions import disputes, preferences, privacy_requests, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, RequestChannel, RequestKind, RequestState, SuppressionReason
from contacts.models import Contact, PrivacyRequest, Topic
from tests.face import audience

YES = Statement(ConsentSource.FORM, "Yes, write to me about kettles.", ip="192.0.2.7")


def _person(organization: Organization) -> Contact:
    audience.people(organization, 6)
    return Contact.objects.order_by("pk")[1]  # عمر الفاروق


def _token(organization: Organization, contact: Contact) -> dict[str, Any]:
    return {"token": tokens.mint(organization_id=organization.pk, contact_id=contact.pk)}


def paused(organization: Organization) -> dict[str, Any]:
    contact = _person(organization)
    preferences.pause(contact=contact, days=60)
    preferences.set_cap(contact=contact, cap="weekly")
    preferences.set_language(contact=contact, language="de")
    return _token(organization, contact)


def disputed(organization: Organization) -> dict[str, Any]:
    contact = _person(organization)
    disputes.never_signed_up(contact=contact, statement=YES)
    return _token(organization, contact)


def own_data(organization: Organization) -> dict[str, Any]:
    return _token(organization, _person(organization))


def _link(organization: Organization, kind: RequestKind, *, step: str = links.ON_FILE, **facts: Any) -> dict[str, Any]:
    contact = _person(organization)
    request = PrivacyRequest.objects.create(
        organization=organization,
        kind=kind,
        channel=RequestChannel.PAGE,
        contact=contact,
        address=contact.address,
        received_at=timezone.now(),
        due_at=timezone.now() + timedelta(days=30),
        **facts,
    )
    address = request.new_address or contact.address_key
    made = links.mint(organization_id=organization.pk, request_id=request.pk, step=step, address_key=address)
    return {"link": made}


def link_to_see(organization: Organization) -> dict[str, Any]:
    return _link(organization, RequestKind.ACCESS)


def link_to_erase(organization: Organization) -> dict[str, Any]:
    return _link(organization, RequestKind.ERASURE)


def link_to_move(organization: Organization) -> dict[str, Any]:
    return _link(organization, RequestKind.ADDRESS)


def link_of_new(organization: Organization) -> dict[str, Any]:
    return _link(organization, RequestKind.ADDRESS, step=links.NEW, new_address="new@post.example")


def link_over(organization: Organization) -> dict[str, Any]:
    return _link(organization, RequestKind.ACCESS, state=RequestState.DONE, closed_at=timezone.now())


def _request(organization: Organization, kind: RequestKind, address: str, *, days: int = 3) -> PrivacyRequest:
    return privacy_requests.receive(
        organization=organization,
        kind=kind,
        channel=RequestChannel.LETTER,
        address=address,
        note="A letter, by registered mail.",
        received_at=timezone.now() - timedelta(days=days),
        actor=User.objects.order_by("pk")[0],
    )


def requests(organization: Organization) -> dict[str, Any]:
    contact = _person(organization)
    subscriptions.subscribe(contact=contact, topic=Topic.objects.order_by("name")[0], statement=YES)
    _request(organization, RequestKind.ERASURE, contact.address, days=40)
    _request(organization, RequestKind.ACCESS, "guest2@post.example")
    _request(organization, RequestKind.ADDRESS, "nobody@post.example", days=10)
    done = _request(organization, RequestKind.ERASURE, "guest3@post.example", days=12)
    refused = _request(organization, RequestKind.ACCESS, "guest4@post.example", days=20)
    admin = User.objects.order_by("pk")[0]
    privacy_requests.erase(request=done, actor=admin)
    privacy_requests.refuse(request=refused, why="Asked the third time within a week.", actor=admin)
    return {}


def open_request(organization: Organization) -> dict[str, Any]:
    requests(organization)
    return {"wish": PrivacyRequest.objects.filter(kind=RequestKind.ERASURE, closed_at=None).latest("pk").public_id}


def closed_request(organization: Organization) -> dict[str, Any]:
    requests(organization)
    return {
        "wish": PrivacyRequest.objects.filter(kind=RequestKind.ERASURE, state=RequestState.DONE).latest("pk").public_id
    }


def stopped(organization: Organization) -> dict[str, Any]:
    contact = _person(organization)
    suppressions.suppress(
        organization=organization,
        address=contact.address,
        reason=SuppressionReason.COMPLAINED,
        source="complaint",
        evidence="arf",
    )
    return _token(organization, contact)


VISITOR: dict[str, Any] = {"who": "nobody", "tenant": False}
PAGES: list[dict[str, Any]] = [
    {"slug": "preferences-paused", "view": "recipients:preferences", "prepare": paused, **VISITOR},
    {"slug": "preferences-stopped", "view": "recipients:preferences", "prepare": stopped, **VISITOR},
    {"slug": "unsubscribe-disputed", "view": "recipients:unsubscribe", "prepare": disputed, **VISITOR},
    {"slug": "own-data", "view": "recipients:data", "prepare": own_data, **VISITOR},
    {"slug": "own-data-see", "view": "recipients:link", "prepare": link_to_see, **VISITOR},
    {"slug": "own-data-erase", "view": "recipients:link", "prepare": link_to_erase, **VISITOR},
    {"slug": "own-data-address", "view": "recipients:link", "prepare": link_to_move, **VISITOR},
    {"slug": "own-data-new-address", "view": "recipients:link", "prepare": link_of_new, **VISITOR},
    {"slug": "own-data-link-over", "view": "recipients:link", "prepare": link_over, **VISITOR},
    {"slug": "privacy-requests-empty", "view": "contacts:privacy_requests"},
    {"slug": "privacy-requests", "view": "contacts:privacy_requests", "prepare": requests},
    {"slug": "privacy-requests-analyst", "view": "contacts:privacy_requests", "prepare": requests, "who": "analyst"},
    {"slug": "privacy-request", "view": "contacts:privacy_request", "prepare": open_request},
    {"slug": "privacy-request-closed", "view": "contacts:privacy_request", "prepare": closed_request},
    {"slug": "privacy-request-new", "view": "contacts:privacy_request_new"},
]
