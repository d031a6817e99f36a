"""There is a subject, and it is honest. CAN-SPAM wants it not to mislead; Gmail names the tricks that it punishes."""

import re

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "subject", "Subject"

LONG = 70  # characters; most mail programs show fewer
_FAKE_ANSWER = re.compile(r"\s*(re|fwd?|aw|wg)\s*:", re.IGNORECASE)


def check(facts: Facts) -> Result:
    subject = facts.subject.strip()
    if not subject:
        return Result(NAME, TITLE, "fail", "The subject is empty.", "Write what the mail is about.", "sender")
    if facts.subject_problems:
        return Result(NAME, TITLE, "fail", facts.subject_problems[0], "Mend the merge field in the subject.", "sender")
    if _FAKE_ANSWER.match(subject):
        return Result(
            NAME,
            TITLE,
            "warn",
            f"“{subject}” pretends to be an answer.",
            "Mailbox providers treat that as a trick. Begin otherwise.",
            "sender",
        )
    letters = [character for character in subject if character.isalpha() and character.upper() != character.lower()]
    if len(letters) >= 8 and all(character.isupper() for character in letters):
        return Result(
            NAME, TITLE, "warn", "The whole subject is in capitals.", "Write it as you would to one person.", "sender"
        )
    length = len(facts.subject_shown or subject)  # what people read, and not the merge fields
    if length > LONG:
        return Result(
            NAME,
            TITLE,
            "warn",
            f"{length} characters; phones show about 40.",
            "Put what matters first, or shorten it.",
            "sender",
        )
    return Result(NAME, TITLE, "pass", f"“{subject}”", place="sender")
