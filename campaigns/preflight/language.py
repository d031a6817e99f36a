"""The mail says in which language it is, and it is one that its people read. Screen readers and translators go by it."""

import re

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "language", "Language"
MUCH = 0.2  # of the people whose language is known
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*\Z", re.IGNORECASE)
NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "sv": "Swedish",
    "da": "Danish",
    "nb": "Norwegian",
    "no": "Norwegian",
    "fi": "Finnish",
    "cs": "Czech",
    "hu": "Hungarian",
    "ro": "Romanian",
    "tr": "Turkish",
    "el": "Greek",
    "ru": "Russian",
    "uk": "Ukrainian",
    "ar": "Arabic",
    "he": "Hebrew",
    "ja": "Japanese",
    "zh": "Chinese",
}


def check(facts: Facts) -> Result:
    if facts.markup is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    lang = facts.markup.lang
    if not _TAG.match(lang) or lang.lower() == "und":
        return Result(
            NAME,
            TITLE,
            "warn",
            "The content does not say in which language it is.",
            'Say so in its first line: <mjml lang="en">.',
            "content",
        )
    mine = lang.lower().partition("-")[0]
    known: dict[str, int] = {}
    for code, people in facts.languages.items():
        if _TAG.match(code.replace("_", "-")):
            base = code.lower().replace("_", "-").partition("-")[0]
            known[base] = known.get(base, 0) + people
    total, others = sum(known.values()), {code: n for code, n in known.items() if code != mine}
    if sum(others.values()) > total * MUCH:
        most = max(others, key=lambda code: others[code])
        return Result(
            NAME,
            TITLE,
            "warn",
            f"It is in {name(mine)}, and {others[most]:,} of {total:,} people whose language is known read {name(most)}.",
            "Write to them in their own language, or leave them out by a segment.",
            "audience",
        )
    return Result(NAME, TITLE, "pass", f"{name(mine)}, as the content says.", place="content")


def name(code: str) -> str:
    """What people call a language; the code itself if we do not know."""
    return NAMES.get(code, f"“{code}”")
