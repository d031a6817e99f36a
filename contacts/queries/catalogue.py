"""What an organization's segments may ask about: all that a person can choose from, archived things too (old segments go on)."""

from typing import Any

from accounts.models import Organization
from contacts import ports
from contacts.enums import ImportState
from contacts.models import Import, Segment, SignupForm, Tag, Topic
from contacts.queries import fields
from contacts.segments import nesting, providers
from contacts.segments.knowledge import Catalogue, Inner, Thing

MOST_IMPORTS = 1_000  # newest; who segments by an import does it soon after
BROUGHT_PEOPLE = (ImportState.APPLYING, ImportState.APPLIED, ImportState.UNDOING, ImportState.UNDONE)
EVERYTHING = frozenset(
    {"field", "topic", "consent", "tag", "import", "form", "activity", "score", "provider", "segment"}
)


def of(organization: Organization, definition: object = None) -> Catalogue:
    """Everything; or, with a definition, no more than it mentions, so that asking it costs few queries."""
    wanted = EVERYTHING if definition is None else _mentioned(definition)
    if "segment" in wanted:
        wanted = EVERYTHING
    parts: dict[str, Any] = {"organization": organization.pk}
    if "field" in wanted:
        known = fields.rows(organization, archived=True)
        parts["kinds"] = {field.key: field.kind for field in known}
        parts["labels"] = {field.key: field.label for field in known}
        parts["choices"] = {field.key: tuple(map(str, field.choices)) for field in known if field.choices}
        parts["archived"] = frozenset(field.key for field in known if field.archived_at is not None)
    if {"topic", "consent"} & wanted:
        parts["topics"] = _things(Topic.objects.filter(organization=organization).order_by("name"))
    if "tag" in wanted:
        tags = Tag.objects.filter(organization=organization).order_by("name").values_list("pk", "name")
        parts["tags"] = {str(pk): Thing(pk, name) for pk, name in tags}
    if "import" in wanted:
        parts["imports"] = _imports(organization)
    if "form" in wanted:
        parts["forms"] = _things(SignupForm.objects.filter(organization=organization).order_by("name"))
    if {"activity", "score", "provider"} & wanted:
        parts["mail"] = ports.behaviour.facts()
    if {"activity", "score"} & wanted:
        parts["campaigns"] = ports.behaviour.campaigns(organization_id=organization.pk)
    if "provider" in wanted:
        parts["providers"] = providers.together(ports.behaviour.providers())
    if "segment" in wanted:
        rows = Segment.objects.filter(organization=organization).order_by("name")
        parts["segments"] = {
            row.public_id: Inner(row.name, row.definition, row.archived_at is not None) for row in rows
        }
    return Catalogue(**parts)


def _things(rows: Any) -> dict[str, Thing]:
    return {row.public_id: Thing(row.pk, row.name, row.archived_at is not None) for row in rows}


def _imports(organization: Organization) -> dict[str, Thing]:
    rows = Import.objects.filter(organization=organization, state__in=BROUGHT_PEOPLE).order_by("-pk")
    return {
        public_id: Thing(pk, f"{name} ({at:%Y-%m-%d})")
        for public_id, pk, name, at in rows.values_list("public_id", "pk", "file_name", "created_at")[:MOST_IMPORTS]
    }


def _mentioned(definition: object) -> frozenset[str]:
    return frozenset(about.partition(":")[0] for about in nesting.abouts(definition))
