"""The sending domain is verified: mailbox providers refuse mail whose domain does not vouch for it."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "sending_domain", "Sending domain"


def check(facts: Facts) -> Result:
    if not facts.domain_name:
        return Result(
            NAME, TITLE, "fail", "No domain is chosen yet.", "Add a domain, or choose one for this campaign.", "sender"
        )
    fix = facts.domain_fix if facts.domain_status != "pass" else ""
    return Result(NAME, TITLE, facts.domain_status, facts.domain_evidence or facts.domain_name, fix, "domain")
