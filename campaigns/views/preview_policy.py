"""Mail shown in a frame: its own strict policy, in a sandbox without scripts, forms or our origin.

What a design contains is foreign: it may carry its styles and pictures, and nothing else.
"""

from django.http import HttpResponse
from django.utils.html import format_html

POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_WORDS = '<!doctype html><html lang="en"><head><title>Preview</title></head><body><p>{}</p></body></html>'


def mail(html: str) -> HttpResponse:
    """The answer that shows a mail."""
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def words(text: str) -> HttpResponse:
    """The answer where there is no mail to show."""
    return mail(format_html(_WORDS, text))
