"""Arrays as PostgreSQL reads them (section 8.15.2 of its manual), written at once: a flush has eighteen of them, and a generic
adapter that looks at each element costs more than the statement. The statement says of what type they are.
"""

from collections.abc import Iterable


def numbers(values: Iterable[float]) -> str:
    """Of integers, floats or truth values."""
    return "{" + ",".join(map(str, values)) + "}"


def texts(values: Iterable[str]) -> str:
    """Each in quotes. What no text can have in PostgreSQL (NUL, half a surrogate pair) is left out or made a question mark."""
    quoted = [_escaped(value) if "\\" in value or '"' in value else value for value in map(possible, values)]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def possible(value: str) -> str:
    """A text as PostgreSQL can have it."""
    if "\0" in value:
        value = value.replace("\0", "")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
