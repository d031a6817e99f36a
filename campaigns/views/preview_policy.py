"""Mail shown in a frame: its own strict policy, in a sandbox without scripts, forms or our origin.

What a design contains is foreign: it may carry its styles and pictures, and nothing else.
"""

from django.conf import settings
from django.http import HttpResponse
from django.utils.html import format_html

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
    response = HttpResponse(_from_here(html))
    response["Content-Security-Policy"] = POLICY if pictures else POLICY.replace(_PICTURES, "img-src 'none'")
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
