"""What a segment may ask about: an organization's fields, topics, tags, campaigns and segments, and where mail's facts lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a row: a topic, a tag, an import, a sign-up form."""

    id: int
    name: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """A campaign that was sent; `id` is its mailing's."""

    id: int
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Inner:
    """A segment that others may contain."""

    name: str
    definition: Mapping[str, Any]
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """Where a deed is recorded: a row of `source` for each message that it holds of.

    `holds` is SQL about that row; `at` the time of the deed, "" where that is the time of the send. `contact` and
    `mailing` are its columns.
    """

    source: str
    contact: str
    mailing: str
    holds: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is known of mail, as SQL over the tables of the floor above; empty where nobody sends.

    `hits`: the source of both opens and clicks, with `contact`, `mailing` and the times `opened` and `clicked`.
    `homes`: a table of `domain` and `provider`, what the relay has learned.
    """

    deeds: Mapping[str, Deed] = field(default_factory=dict)
    hits: str = ""
    contact: str = ""
    mailing: str = ""
    opened: str = ""
    clicked: str = ""
    homes: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Fields (key to kind, label, choices, whether archived) and the rest by the name that a definition calls it by: public ids,
    of tags the number as text. `campaigns` are newest first. `providers`: each with its well-known domains.
    """

    organization: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    archived: frozenset[str] = frozenset()
    topics: Mapping[str, Thing] = field(default_factory=dict)
    tags: Mapping[str, Thing] = field(default_factory=dict)
    imports: Mapping[str, Thing] = field(default_factory=dict)
    forms: Mapping[str, Thing] = field(default_factory=dict)
    campaigns: Mapping[str, Send] = field(default_factory=dict)
    segments: Mapping[str, Inner] = field(default_factory=dict)
    providers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mail: Mail = field(default_factory=Mail)
