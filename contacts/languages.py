"""In which language a recipient is spoken to: their own choice, else the browser's, else what we know, else English.

Members' pages are English. No middleware chooses a language, so that what Django and allauth can say by themselves does
not come out half translated there: whoever answers a recipient wraps it in `translation.override(languages.best(...))`.
"""

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

MAX_HEADER_CHARS = 500


def best(*, chosen: str = "", accept: str = "", known: str = "") -> str:
    """One of settings.LANGUAGES. `chosen` by the person, `accept` an Accept-Language header, `known` from our records.

    Whatever the three say: what is no language of ours, or no language at all, is passed over.
    """
    if found := supported(chosen):
        return found
    for code, _quality in parse_accept_lang_header(accept[:MAX_HEADER_CHARS].lower()):
        if code == "*":
            break
        if found := supported(code):
            return found
    return supported(known) or settings.LANGUAGE_CODE


def supported(code: str) -> str:
    """Our language for a code as people write it ("pt_BR" -> "pt"), or ""."""
    try:
        return get_supported_language_variant(code.strip().replace("_", "-").lower()) if code.strip() else ""
    except (LookupError, ValueError):
        return ""
