"""Tables of reputation."""

from reputation.models.domain_check import DomainCheck
from reputation.models.total import Total

__all__ = ["DomainCheck", "Total"]
