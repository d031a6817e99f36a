"""What lines of our logs leave out: the tokens in the addresses of pages, which open them for whoever reads the log.

Recipients' links never expire, and the link to one's own data is good for an hour; Django writes the path of every request
that ends in an error.
"""

import logging
import re

# Every secret in an address of ours is longer than any public id or word in one; what stands before it tells which page.
_SECRET = re.compile(r"(?<=/)[A-Za-z0-9_~:.=-]{24,}")
HIDDEN = "(token)"


def without_tokens(text: str) -> str:
    """A path or a sentence with paths in it, every long part of them hidden."""
    return _SECRET.sub(HIDDEN, text)


class WithoutTokens(logging.Filter):
    """For handlers that get records of django.request and django.security."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django."):
            said = record.getMessage()
            if (hidden := without_tokens(said)) != said:
                record.msg, record.args = hidden, None
        return True
