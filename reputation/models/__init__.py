"""Tables of reputation."""

from reputation.models.dmarc import DmarcReport, DmarcSource
from reputation.models.domain_check import DomainCheck
from reputation.models.total import Total, TotalByTime
from reputation.models.warming import Warmup, WarmupDay

__all__ = ["DmarcReport", "DmarcSource", "DomainCheck", "Total", "TotalByTime", "Warmup", "WarmupDay"]
