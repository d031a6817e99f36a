"""Arrays as PostgreSQL reads them (section 8.15.2 of its manual), written at once: a flush has eighteen of them, and a generic
adapter that looks at each element costs more than the statement. The statement says of what type they are.
"""

from collections.abc import Iterable


def numbers(values: Iterable[float]) -> str:
    """Of integers, floats or truth values."""
    return "{" + ",".join(map(str, values)) + "}"


def texts(values: Iterable[str]) -> str:
    """Of texts without NUL, each in quotes."""
    quoted = [_escaped(value) if "\\" in value or '"' in value else value for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
