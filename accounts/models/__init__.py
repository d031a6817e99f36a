"""Tables of accounts."""

from accounts.models.audit import AuditEntry
from accounts.models.brand import Brand
from accounts.models.membership import Membership
from accounts.models.organization import Organization
from accounts.models.user import User

__all__ = ["AuditEntry", "Brand", "Membership", "Organization", "User"]
