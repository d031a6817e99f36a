"""CSV for spreadsheets: written while it is sent, and nothing in it can be taken for a formula."""

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse

from contacts.adapters import export_files

PIECE = 1_000  # rows of an export that are read at once


def response(name: str, rows: Iterator[list[Any]]) -> StreamingHttpResponse:
    """A file for download. `rows`, the header first, are read while it is sent, when the request's scope is closed: they open
    their own."""

    def lines() -> Iterator[str]:
        yield from export_files.csv_lines(next(rows), ([row] for row in rows))

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
