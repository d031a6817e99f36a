"""Tables of contacts."""

from contacts.models.consent import ConsentRecord
from contacts.models.contact import Contact
from contacts.models.field import Field
from contacts.models.health import Health
from contacts.models.house_suppression import HouseSuppression
from contacts.models.import_ import Import, ImportChange, ImportRow
from contacts.models.job import Job, JobBatch
from contacts.models.preference import Preference
from contacts.models.privacy_request import PrivacyRequest
from contacts.models.saved_view import SavedView
from contacts.models.segment import Segment, SegmentVersion
from contacts.models.signup import Signup
from contacts.models.signup_form import SignupForm
from contacts.models.subscription import Subscription
from contacts.models.suppression import Suppression
from contacts.models.tag import Tag, Tagging
from contacts.models.topic import Topic

__all__ = [
    "ConsentRecord",
    "Contact",
    "Field",
    "Health",
    "HouseSuppression",
    "Import",
    "ImportChange",
    "ImportRow",
    "Job",
    "JobBatch",
    "Preference",
    "PrivacyRequest",
    "SavedView",
    "Segment",
    "SegmentVersion",
    "Signup",
    "SignupForm",
    "Subscription",
    "Suppression",
    "Tag",
    "Tagging",
    "Topic",
]
