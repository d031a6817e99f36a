"""Subject and preview text as a phone's inbox shows them. How much fits is the narrowest of iOS Mail and Gmail, upright."""

import unicodedata

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "inbox", "In the inbox"
SUBJECT_FITS = 38  # columns; a wide character takes two
PREVIEW_FITS = 80
MANY_EMOJI = 2


def check(facts: Facts) -> Result:
    subject = " ".join((facts.subject_shown or facts.subject).split())
    if not subject:
        return Result(NAME, TITLE, "unknown", "There is no subject yet.", "Write what the mail is about.", "sender")
    if facts.compiled is None or facts.markup is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    preview = " ".join(facts.markup.preview.split())
    shown, whole = cut(subject, SUBJECT_FITS)
    if (found := emoji(subject)) > MANY_EMOJI:
        return _warn(f"The subject has {found} emoji; spam likes them too.", "One says as much.")
    if subject.count("!") > 1 or "!?" in subject or "$$" in subject:
        return _warn("The subject shouts with its punctuation.", "Write it as you would to one person.")
    words = [word for word in subject.split() if sum(map(str.isalpha, word)) > 2]
    loud = [word for word in words if word.isupper() and word.upper() != word.lower()]
    if len(loud) > 2 and len(loud) * 2 > len(words):
        return _warn("Most of the subject is in capitals.", "Write it as you would to one person.")
    if not preview:
        begins = " ".join(facts.markup.text.split())[:PREVIEW_FITS]
        return _warn(
            f"There is no preview text: inboxes show how the mail begins, “{begins}”.",
            "Write a sentence that goes on where the subject ends.",
        )
    if preview.casefold() == subject.casefold():
        return _warn("The preview text says the subject again.", "Go on where the subject ends.")
    after, _ = cut(preview, PREVIEW_FITS)
    how = "" if whole else " The rest of the subject is cut off."
    return Result(NAME, TITLE, "pass", f"A phone shows “{shown}”, then “{after}”.{how}", place="sender")


def _warn(evidence: str, fix: str) -> Result:
    return Result(NAME, TITLE, "warn", evidence, fix, "sender")


def cut(text: str, columns: int) -> tuple[str, bool]:
    """What fits, with … where it is cut, and whether all of it does. Never between a letter and what belongs to it."""
    used = 0
    for number, character in enumerate(text):
        if unicodedata.combining(character) or character in "\u200d\ufe0f":
            continue
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > columns:
            return f"{text[:number].rstrip()}…", False
    return text, True


def emoji(text: str) -> int:
    """How many pictures there are in a text; what is joined to the one before counts with it."""
    count = 0
    joined = False
    for character in text:
        if character == "\u200d":
            joined = True
            continue
        if unicodedata.category(character) == "So" or 0x1F000 <= ord(character) <= 0x1FAFF:
            modifier = 0x1F3FB <= ord(character) <= 0x1F3FF
            count += not joined and not modifier
        joined = False
    return count
