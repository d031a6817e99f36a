"""What the installation's own spam filter says of a draft; asked once for each text, and remembered for an hour."""

import hashlib
from email.message import EmailMessage
from email.policy import SMTP

from django.conf import settings
from django.core.cache import cache

from campaigns import spam_scoring
from campaigns.preflight.facts import Spam
from campaigns.spam_scoring import Unscored
from sending.merging import Merged

REMEMBER = 3600  # seconds
REMEMBER_TROUBLE = 60
_TO = "somebody@mailbox.invalid"


def of(merged: Merged, *, sender: str) -> Spam | None:
    """The score of a mail as somebody would get it; None when no filter is configured."""
    if not settings.SPAM_FILTER:
        return None
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender or "nobody@mailbox.invalid"
    mail["To"] = _TO
    mail["Subject"] = merged.subject
    mail.set_content(merged.text, cte="quoted-printable")
    mail.add_alternative(merged.html, subtype="html", cte="quoted-printable")
    content = f"{settings.SPAM_FILTER}\0{sender}\0{merged.subject}\0{merged.text}\0{merged.html}"
    key = "spam-score:" + hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    known = cache.get(key)
    if known is None:
        try:
            found = spam_scoring.score(mail.as_bytes(), server=settings.SPAM_FILTER)
            known = {"score": found.score, "limit": found.limit, "rules": list(found.rules)}
        except Unscored as error:
            known = {"trouble": str(error)}
        except ValueError as error:
            known = {"trouble": f"SPAM_FILTER is not understood: {error}."}
        cache.set(key, known, REMEMBER_TROUBLE if "trouble" in known else REMEMBER)
    return Spam(
        score=known.get("score", 0),
        limit=known.get("limit", 0),
        rules=tuple(known.get("rules", ())),
        trouble=known.get("trouble", ""),
    )
