"""Which people a list, a saved view or a bulk job is about: read from the query of an address, and said as SQL.

A filter that names what is no longer there (a tag that was removed) finds nobody and says so: a bulk job that forgot a
condition would reach everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import idna
from django.db.models import Model

from accounts.models import Organization
from contacts.enums import ImportState, SubscriptionState
from contacts.models import Import, Segment, SignupForm, Tag, Topic
from contacts.queries import audience
from contacts.segments.sql import FALSE, Sql, both

NAMES = ("q", "topic", "stands", "segment", "tag", "source", "import", "form", "domain", "state", "from", "to")
MAX_TEXT = 200
PREFIX_UNDER = 3  # characters; a shorter text finds the addresses that begin with it
STATES = {
    "": "Everybody",
    "mailable": "May get campaigns",
    "suppressed": "On the do-not-send list",
    "archived": "Archived",
}
STANDS = {
    "": SubscriptionState.SUBSCRIBED,
    "pending": SubscriptionState.PENDING,
    "unsubscribed": SubscriptionState.UNSUBSCRIBED,
}
SOURCES = {"import": "By an import", "form": "By a sign-up form", "manual": "By a member", "api": "Through the API"}
# The words that people are searched by; migration 0003 has the index of them.
SEARCHED = (
    """lower(c.address_key || ' ' || coalesce(c."values" ->> 'first_name', '')"""
    """ || ' ' || coalesce(c."values" ->> 'last_name', ''))"""
)
SUPPRESSED = """EXISTS (SELECT 1 FROM contacts_suppression x WHERE x.organization_id = c.organization_id
    AND x.address_key = c.address_key AND x.lifted_at IS NULL)"""
LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Filter:
    """`text` is lower case and single-spaced. `lost`: what the query named and does not exist, in words."""

    text: str = ""
    topic: Topic | None = None
    stands: str = ""
    segment: Segment | None = None
    tag: Tag | None = None
    source: str = ""
    import_: Import | None = None
    form: SignupForm | None = None
    domain: str = ""
    state: str = ""
    added_from: date | None = None
    added_to: date | None = None
    lost: str = ""

    @property
    def is_on(self) -> bool:
        return self != Filter()

    @property
    def narrowed(self) -> int:
        """How many conditions there are beside the search."""
        return sum(
            bool(one)
            for one in (
                self.topic,
                self.segment,
                self.tag,
                self.source,
                self.import_,
                self.form,
                self.domain,
                self.state,
                self.added_from or self.added_to,
            )
        )


def read(organization: Organization, query: Mapping[str, Any]) -> Filter:
    """What the query of an address asks for. Never raises: what cannot be understood is `lost`."""
    lost: list[str] = []

    def text(name: str) -> str:
        return " ".join(str(query.get(name) or "").replace("\x00", "").split())[:MAX_TEXT]

    def one_of(name: str, known: Mapping[str, Any], said: str) -> str:
        value = text(name)
        if value in known or not value:
            return value
        lost.append(said)
        return ""

    def row(name: str, find: Callable[[str], Model | None], said: str) -> Any:
        value = text(name)
        found = find(value) if value else None
        if value and found is None:
            lost.append(said)
        return found

    def by_public_id(model: Any) -> Callable[[str], Model | None]:
        return lambda value: model.objects.filter(organization=organization, public_id=value).first()

    def day(name: str) -> date | None:
        value = text(name)
        try:
            found = date.fromisoformat(value) if value else None
            if found is not None and not 1900 <= found.year <= 9000:
                raise ValueError
        except ValueError:
            lost.append(f"a day {value[:20]}")
            return None
        return found

    def tag(value: str) -> Model | None:
        return Tag.objects.filter(organization=organization, pk=int(value)).first() if _is_id(value) else None

    wanted = Filter(
        text=text("q").lower(),
        topic=row("topic", by_public_id(Topic), "the topic"),
        stands=one_of("stands", STANDS, "a standing of that name"),
        segment=row("segment", by_public_id(Segment), "the segment"),
        tag=row("tag", tag, "the tag"),
        source=one_of("source", SOURCES, "a source of that name"),
        import_=row("import", by_public_id(Import), "the import"),
        form=row("form", by_public_id(SignupForm), "the sign-up form"),
        domain=_domain(text("domain")),
        state=one_of("state", STATES, "a state of that name"),
        added_from=day("from"),
        added_to=day("to"),
    )
    return replace(wanted, lost=", ".join(lost)) if lost else wanted


def condition(organization: Organization, wanted: Filter) -> Sql:
    """The filter as a SQL condition about the contact `c`, complete. Raises segments.tree.BadDefinition."""
    if wanted.lost:
        return FALSE
    parts = [everybody(organization)]
    if wanted.text:
        parts.append(searched(wanted.text))
    if wanted.topic is not None:
        parts.append(
            Sql(
                "EXISTS (SELECT 1 FROM contacts_subscription s"
                " WHERE s.topic_id = %s AND s.contact_id = c.id AND s.state = %s)",
                (wanted.topic.pk, int(STANDS[wanted.stands])),
            )
        )
    if wanted.tag is not None:
        parts.append(
            Sql(
                "EXISTS (SELECT 1 FROM contacts_tagging t WHERE t.tag_id = %s AND t.contact_id = c.id)",
                (wanted.tag.pk,),
            )
        )
    for column, value in (
        ("source", wanted.source),
        ("import_id", wanted.import_ and wanted.import_.pk),
        ("form_id", wanted.form and wanted.form.pk),
        ("domain", wanted.domain),
    ):
        if value:
            parts.append(Sql(f"c.{column} = %s", (value,)))
    if wanted.added_from or wanted.added_to:
        parts.append(added(organization, wanted))
    if wanted.state == "suppressed":
        parts.append(Sql(SUPPRESSED))
    elif wanted.state == "mailable":
        parts.append(Sql(f"NOT {SUPPRESSED[:-1]} AND x.topic_id IS NULL)"))
    parts.append(Sql(f"c.archived_at IS {'NOT NULL' if wanted.state == 'archived' else 'NULL'}"))
    if wanted.segment is not None:
        parts.append(audience.condition(organization, wanted.segment.definition))
    return both(*parts)


def added(organization: Organization, wanted: Filter) -> Sql:
    """Who came between two days, both included, as the organization's days begin and end."""
    zone = ZoneInfo(organization.time_zone or "UTC")
    parts = []
    if wanted.added_from:
        parts.append(Sql("c.created_at >= %s", (datetime.combine(wanted.added_from, time.min, zone),)))
    if wanted.added_to:
        after = datetime.combine(wanted.added_to + timedelta(days=1), time.min, zone)
        parts.append(Sql("c.created_at < %s", (after,)))
    return both(*parts)


def everybody(organization: Organization) -> Sql:
    """Whoever was not erased."""
    return Sql("c.organization_id = %s AND c.erased_at IS NULL", (organization.pk,))


def searched(text: str) -> Sql:
    """Whose address or name contains the text; under 3 characters: whose address begins so."""
    if len(text) < PREFIX_UNDER:
        return Sql(
            "c.address_key >= %s AND c.address_key < %s AND starts_with(c.address_key, %s)", (text, text + LAST, text)
        )
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Sql(f"{SEARCHED} LIKE %s", (f"%{escaped}%",))


def query_of(params: Mapping[str, Any]) -> dict[str, str]:
    """The part of an address's query that says which people: what a job or a saved view keeps."""
    return {name: str(params[name])[:MAX_TEXT] for name in NAMES if params.get(name)}


def in_words(wanted: Filter) -> str:
    """ "subscribed to News, tagged VIP"; "" for everybody."""
    return ", ".join(words for _, words in each_in_words(wanted))


def each_in_words(wanted: Filter) -> list[tuple[tuple[str, ...], str]]:
    """Every condition in words, with the names of the query that make it."""
    said: list[tuple[tuple[str, ...], str]] = []
    if wanted.text:
        said.append((("q",), f"found by “{wanted.text}”"))
    if wanted.topic is not None:
        words = f"{STANDS[wanted.stands].label.lower()} {_to(wanted.stands)} {wanted.topic}"
        said.append((("topic", "stands"), words))
    if wanted.tag is not None:
        said.append((("tag",), f"tagged {wanted.tag}"))
    if wanted.segment is not None:
        said.append((("segment",), f"in the segment {wanted.segment}"))
    if wanted.source:
        said.append((("source",), f"added {_small(SOURCES[wanted.source])}"))
    if wanted.import_ is not None:
        said.append((("import",), f"from {wanted.import_}"))
    if wanted.form is not None:
        said.append((("form",), f"by the form {wanted.form}"))
    if wanted.domain:
        said.append((("domain",), f"at {wanted.domain}"))
    if wanted.added_from:
        said.append((("from",), f"added since {wanted.added_from:%-d %B %Y}"))
    if wanted.added_to:
        said.append((("to",), f"added until {wanted.added_to:%-d %B %Y}"))
    if wanted.state:
        said.append((("state",), _small(STATES[wanted.state])))
    return said


def choices(organization: Organization) -> dict[str, Any]:
    """What can be chosen: topics, segments, tags, forms, and the newest imports."""
    return {
        "topics": list(Topic.objects.filter(organization=organization, archived_at=None).order_by("name")),
        "segments": list(Segment.objects.filter(organization=organization, archived_at=None).order_by("name")),
        "tags": list(Tag.objects.filter(organization=organization).order_by("name")),
        "forms": list(SignupForm.objects.filter(organization=organization).order_by("name")),
        "imports": list(
            Import.objects.filter(
                organization=organization, state__in=(ImportState.APPLYING, ImportState.APPLIED, ImportState.UNDONE)
            ).order_by("-pk")[:50]
        ),
    }


def _small(words: str) -> str:
    return words[0].lower() + words[1:]


def _to(stands: str) -> str:
    return {"": "to", "pending": "of", "unsubscribed": "from"}[stands]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _domain(text: str) -> str:
    name = text.rpartition("@")[2].strip(".").lower()
    try:
        return name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return name
