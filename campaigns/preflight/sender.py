"""The sender is complete and honest. Gmail refuses display names that imitate other things (its sender guidelines)."""

import re

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "sender", "Sender"

FREEMAIL = frozenset(
    "gmail.com googlemail.com yahoo.com ymail.com aol.com outlook.com hotmail.com live.com msn.com icloud.com me.com mac.com "
    "gmx.de gmx.net web.de proton.me protonmail.com".split()
)
LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")


def check(facts: Facts) -> Result:
    if not facts.domain_name or not facts.from_address:
        return Result(
            NAME,
            TITLE,
            "fail",
            "No sender address is chosen yet.",
            "Choose the address that this comes from.",
            "sender",
        )
    local, _, domain = facts.from_address.rpartition("@")
    if not LOCAL_PART.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        return Result(
            NAME,
            TITLE,
            "fail",
            f"{facts.from_address} is not an address.",
            "Write letters, digits, dots and hyphens before the @.",
            "sender",
        )
    if domain in FREEMAIL:
        return Result(
            NAME, TITLE, "fail", f"{domain} belongs to somebody else.", "Send from a domain of your own.", "sender"
        )
    if not facts.from_name.strip():
        return Result(
            NAME,
            TITLE,
            "warn",
            f"{facts.from_address}, without a name.",
            "Give the name that people know you by.",
            "sender",
        )
    if "@" in facts.from_name:
        return Result(
            NAME,
            TITLE,
            "warn",
            f"The name “{facts.from_name}” looks like an address.",
            "Mailbox providers distrust that. Use your name.",
            "sender",
        )
    return Result(NAME, TITLE, "pass", f"{facts.from_name} <{facts.from_address}>", place="sender")
