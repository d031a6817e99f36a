"""What pages without a login have in common: no cookies, no scripts, strict headers, the language of the reader."""

from contextlib import AbstractContextManager

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from contacts import languages

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# Mail on a page of its own: what it may carry is what a mail may carry, and its links open as links do.
MAIL_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


def private(response: HttpResponse, policy: str = PAGE_POLICY) -> HttpResponse:
    """Kept nowhere, found by no search engine, told to no other site."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return _strict(response, policy)


def public(response: HttpResponse, policy: str = PAGE_POLICY) -> HttpResponse:
    """For everybody, and kept for some minutes on the way."""
    response["Cache-Control"] = "public, max-age=300"
    return _strict(response, policy)


def gone(request: HttpRequest, title: str, text: str) -> HttpResponse:
    """404 with words, which are lazy translations."""
    with spoken(request):
        page = render(request, "campaigns/public_pages/gone.html", {"title": title, "text": text}, status=404)
    return private(page)


def spoken(request: HttpRequest) -> AbstractContextManager[None]:
    """In the language that the reader's browser asks for."""
    return translation.override(languages.best(accept=request.headers.get("Accept-Language", "")))


def _strict(response: HttpResponse, policy: str) -> HttpResponse:
    response["Vary"] = "Accept-Language"
    response["Content-Security-Policy"] = policy
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    return response
