"""What we hold about a person as a file: for themselves, or for whoever answers their request."""

import json
from typing import Any

from django.http import HttpResponse


def as_file(held: dict[str, Any], name: str) -> HttpResponse:
    """JSON in UTF-8 as it is read by people, to be saved under that name and kept by no cache."""
    text = json.dumps(held, ensure_ascii=False, indent=2)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
