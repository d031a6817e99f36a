"""Names of columns and files made comparable: lower case, without accents, spaces and signs."""

import re

from contacts import values

_SIGNS = re.compile(r"[\W_]+")


def plain(name: str) -> str:
    """ "E-Mail Adresse" and "EMAIL_ADRESSE" are both "emailadresse"."""
    return _SIGNS.sub("", values.folded(name))
