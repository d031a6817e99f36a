"""What an organization's segments may ask about: its fields and topics, archived ones too (old segments go on)."""

from accounts.models import Organization
from contacts.models import Field, Topic
from contacts.segments.tree import Catalogue


def of(organization: Organization) -> Catalogue:
    fields = Field.objects.filter(organization=organization)
    topics = Topic.objects.filter(organization=organization)
    rows = list(fields.values_list("key", "kind", "label"))
    return Catalogue(
        kinds={key: kind for key, kind, _ in rows},
        labels={key: label for key, _, label in rows},
        topics=dict(topics.order_by("name").values_list("public_id", "name")),
    )
