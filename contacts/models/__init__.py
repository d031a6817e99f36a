"""Tables of contacts."""

from contacts.models.consent import ConsentRecord
from contacts.models.contact import Contact
from contacts.models.field import Field
from contacts.models.import_ import Import, ImportRow
from contacts.models.segment import Segment
from contacts.models.subscription import Subscription
from contacts.models.suppression import Suppression
from contacts.models.topic import Topic

__all__ = [
    "ConsentRecord",
    "Contact",
    "Field",
    "Import",
    "ImportRow",
    "Segment",
    "Subscription",
    "Suppression",
    "Topic",
]
