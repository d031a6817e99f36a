"""Mail shown in a frame: its own strict policy, in a sandbox without scripts, forms or our origin.

What a design contains is foreign: it may carry its styles and pictures, and nothing else.
"""

import hashlib
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.html import format_html

from accounts.models import Brand
from campaigns.queries import brand_kits, content
from sending.actions.letters import facts_of

_PICTURES = "img-src https: http: data:"
POLICY = (
    f"default-src 'none'; {_PICTURES}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_WORDS = '<!doctype html><html lang="en"><head><title>Preview</title></head><body><p>{}</p></body></html>'
_TEXT = (
    '<!doctype html><html lang="en"><head><title>Plain text</title><style>pre{{white-space:pre-wrap;overflow-wrap:anywhere;'
    "font:14px/20px ui-monospace,monospace;margin:16px}}</style></head><body><pre>{}</pre></body></html>"
)


def mail(html: str, *, pictures: bool = True) -> HttpResponse:
    """The answer that shows a mail, with its pictures or without."""
    return _strict(HttpResponse(_from_here(html)), POLICY if pictures else POLICY.replace(_PICTURES, "img-src 'none'"))


def template(request: HttpRequest, *, mjml: str, brand: Brand, trouble: str) -> HttpResponse:
    """The answer that shows a design with the fallbacks; the words `trouble` when it does not compile.

    A gallery shows many: a browser that has one already is told so before anything is compiled.
    """
    organization = request.organization
    names = content.merge_names(organization)
    mjml = brand_kits.dressed(mjml, brand)
    said = [mjml, sorted(names), facts_of(organization, brand), organization.locale, timezone.localdate().isoformat()]
    tag = f'"{hashlib.sha256(json.dumps(said).encode()).hexdigest()}"'
    response = get_conditional_response(request, etag=tag)
    if response is None:
        made = content.make_from(mjml=mjml, names=names)
        if made.plan is None:
            return words(trouble)
        shown = content.show(made.plan, organization=organization, brand=brand, contact=None)
        response = HttpResponse(_from_here(shown.html))
    response["ETag"] = tag
    _strict(response, POLICY)
    response["Cache-Control"] = "private, no-cache"
    return response


def _strict(response: HttpResponse, policy: str) -> HttpResponse:
    response["Content-Security-Policy"] = policy
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def _from_here(html: str) -> str:
    """Pictures of this house from the page's own host, where they lie, too: a preview works before the link host does."""
    for path in (settings.MEDIA_URL, f"{settings.STATIC_URL}designs/"):
        html = html.replace(f'"{settings.LINK_URL}{path}', f'"{path}')
    return html


def words(text: str) -> HttpResponse:
    """The answer where there is no mail to show."""
    return mail(format_html(_WORDS, text))


def text(words: str) -> HttpResponse:
    """The answer that shows the plain text of a mail."""
    return mail(format_html(_TEXT, words))
