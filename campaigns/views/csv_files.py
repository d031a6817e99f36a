"""CSV for spreadsheets: written while it is sent, and nothing in it can be taken for a formula."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

PIECE = 1_000  # rows of an export that are read at once
BOM = "\ufeff"  # without it a spreadsheet takes UTF-8 for something else


class _Line:
    def write(self, value: str) -> str:
        return value


def cell(value: Any) -> Any:
    """Text that begins like a formula gets an apostrophe, as spreadsheets themselves would write it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else value


def response(name: str, rows: Iterable[list[Any]]) -> StreamingHttpResponse:
    """A file for download. `rows` are read while it is sent, when the request's scope is closed: they open their own."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Line())
        yield BOM
        for row in rows:
            yield writer.writerow([cell(value) for value in row])

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
