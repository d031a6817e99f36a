"""What an organization's segments may ask about: its fields and topics, archived ones too (old segments go on)."""

from accounts.models import Organization
from contacts.models import Topic
from contacts.queries import fields
from contacts.segments.tree import Catalogue


def of(organization: Organization) -> Catalogue:
    known = fields.known(organization, archived=True)
    topics = Topic.objects.filter(organization=organization).order_by("name")
    return Catalogue(
        kinds={field.key: field.kind for field in known},
        labels={field.key: field.label for field in known},
        topics=dict(topics.values_list("public_id", "name")),
    )
