"""The tag=value lists of DKIM (RFC 6376, 3.2) and DMARC records."""

MAX_CHARS = 4096
MAX_TAGS = 50


def parse(text: str) -> dict[str, str] | None:
    """The tags, in order, names in lower case; None when the text is no tag list or names a tag twice."""
    if len(text) > MAX_CHARS:
        return None
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not name or name in tags or len(tags) >= MAX_TAGS:
            return None
        tags[name] = value.strip()
    return tags
