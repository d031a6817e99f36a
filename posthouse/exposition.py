"""Prometheus' text exposition format, version 0.0.4: families of samples in, text out. No Django in here.

https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format)
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: `kind` is counter or gauge; a sample is (labels, value). ValueError for a name that is none."""

    name: str
    kind: str
    help: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not _NAME.match(self.name) or self.kind not in ("counter", "gauge"):
            raise ValueError(f"no metric: {self.name} {self.kind}")

    def add(self, value: float, **labels: str) -> None:
        if wrong := [name for name in labels if not _LABEL.match(name) or name.startswith("__")]:
            raise ValueError(f"no label: {wrong[0]}")
        self.samples.append((labels, value))


def text(families: Iterable[Family]) -> str:
    """The families as one page, each with its help and kind, in the given order. Families without samples are left out."""
    return "".join(f"{line}\n" for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    escaped = family.help.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {family.name} {escaped}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        inner = ",".join(f'{name}="{_escaped(said)}"' for name, said in labels.items())
        yield f"{family.name}{f'{{{inner}}}' if inner else ''} {_number(value)}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
