"""Sign-ups behind the links of confirm mails."""

from contacts.models import Signup
from contacts.tokens import Token


def about_of(signup: Signup) -> str:
    """What the token of a confirm link calls its sign-up."""
    return f"s{signup.pk}"


def behind(token: Token) -> Signup | None:
    """The sign-up that a genuine token is about, None for a token of other mail. Inside of the organization's scope."""
    number = token.about[1:]
    if not token.about.startswith("s") or not (number.isascii() and number.isdigit()):
        return None
    signups = Signup.objects.select_related("form__brand", "form__organization", "organization")
    return signups.filter(pk=int(number), contact_id=token.contact_id).first()
