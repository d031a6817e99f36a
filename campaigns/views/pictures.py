"""Pictures as mail programs fetch them: by the hash of what they show, kept for ever, on web and link host alike."""

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}


@require_safe
def serve(request: HttpRequest, org: str, name: str, suffix: str) -> HttpResponse:
    """No database is asked: whoever knows the name has seen the mail. The file never changes, so nobody asks twice."""
    path = f"{org}/{name}.{suffix}"
    tag = f'"{name}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        try:
            with default_storage.open(path) as file:
                response = HttpResponse(file.read(), content_type=TYPES[suffix])
        except (FileNotFoundError, OSError) as error:
            raise Http404("There is no such picture.") from error
    response["ETag"] = tag
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # web mail shows it on its own pages
    return response
