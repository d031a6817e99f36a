"""A mail as others see it: in the dark, without pictures, as text; as anybody, as the longest names, as nobody knows whom."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import models

from campaigns.models import Campaign
from campaigns.queries import audiences, check_counts, content
from contacts.models import Contact
from contacts.queries import people
from contacts.segments.tree import BadDefinition
from sending.merging import Plan

FOUND = 8  # people that a search shows
MADE_LONG = "Maximiliane-Theodora von Hohenlohe-Waldenburg-Schillingsfürst"
MADE_ADDRESS = "maximiliane-theodora.von-hohenlohe-waldenburg@a-rather-long-company-name.example"
MOST_CHARS = 200

_DARK = re.compile(r"@media[^{]{0,200}prefers-color-scheme\s*:\s*dark[^{]{0,200}\{", re.IGNORECASE)
_LIGHT = re.compile(r"@media[^{]{0,200}prefers-color-scheme\s*:\s*light[^{]{0,200}\{", re.IGNORECASE)
_META = re.compile(r"<meta[^>]{0,200}(?:color-scheme|supported-color-schemes)[^>]{0,200}>", re.IGNORECASE)
_HEAD = re.compile(r"</head>", re.IGNORECASE)
# What programs do that turn colours round by themselves, as near as a style can say it.
_TURNED = (
    "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}img{filter:invert(1) hue-rotate(180deg)}</style>"
)


class Look(models.TextChoices):
    DESKTOP = "desktop", "Desktop"
    PHONE = "phone", "Phone"
    DARK = "dark", "Dark"
    NO_PICTURES = "no-pictures", "Without pictures"
    TEXT = "text", "Plain text"


class Who(models.TextChoices):
    """Beside a person of one's own."""

    SOMEBODY = "", "Your newest person"
    LONGEST = "longest", "Longest values"
    MISSING = "missing", "Nothing known"


@dataclass(frozen=True, slots=True)
class Reader:
    """As whom a mail is shown: a contact (perhaps a made one, which is saved nowhere), and who that is in words."""

    contact: Contact | None
    words: str
    is_missing: bool = False


def reader(campaign: Campaign, plan: Plan, *, person: str = "", who: str = "") -> Reader:
    """Whoever was asked for: a person by the address, or a worst case."""
    if person.strip():
        found = content.somebody(campaign, person)
        if found is None:
            return Reader(None, f"{person[:320]} is nobody of yours. These are the fallbacks.", is_missing=True)
        return Reader(found, _named(found))
    if who == Who.LONGEST:
        return longest(campaign, plan)
    if who == Who.MISSING:
        nobody = Contact(organization=campaign.organization, address="somebody@mailbox.invalid", values={})
        return Reader(nobody, "Somebody of whom only the address is known.")
    found = content.somebody(campaign)
    return Reader(found, _named(found) if found else "Nobody is in the audience yet: these are the fallbacks.")


def longest(campaign: Campaign, plan: Plan) -> Reader:
    """A person made of the longest value that the audience has in each field that the mail uses; made-up ones where it has
    none."""
    names = sorted(plan.contact_fields - {"email"})
    found = _longest(campaign, names)
    values: dict[str, Any] = {name: found.get(name) or MADE_LONG for name in names}
    real = [name for name in names if found.get(name)]
    if names and len(real) == len(names):
        words = "Made of the longest value that anybody of the audience has in each field."
    elif real:
        words = "Made of the longest values of the audience; what nobody has is made up."
    else:
        words = "Made up: long values in every field."
    address = found.get("email") or MADE_ADDRESS
    return Reader(Contact(organization=campaign.organization, address=address, values=values), words)


def _longest(campaign: Campaign, names: list[str]) -> dict[str, str]:
    """The longest value of each field, and the longest address ("email"), in one look at the audience. What takes too long
    or cannot be understood gives nothing."""
    try:
        chosen = audiences.select(campaign)
    except BadDefinition:
        return {}
    if chosen is None:
        return {}
    each = "(array_agg({0} ORDER BY length({0}) DESC, {0}) FILTER (WHERE {0} <> ''))[1]"
    wanted = [each.format("a.address"), *(each.format(f"v.x{number}") for number in range(len(names)))]
    columns = "".join(f", left(btrim(c.values ->> %s), {MOST_CHARS}) AS x{number}" for number in range(len(names)))
    rows = check_counts.in_time(
        f"""
        SELECT {", ".join(wanted)}
        FROM (SELECT * FROM ({chosen.text}) s WHERE s.reason IS NULL LIMIT 200000) a
        JOIN LATERAL (SELECT c.id{columns} FROM contacts_contact c WHERE c.id = a.contact_id) v ON true
        """,
        [*chosen.params, *names],
        seconds=check_counts.SECONDS_MORE,
    )
    if not rows:
        return {}
    return {name: value for name, value in zip(["email", *names], rows[0], strict=True) if value}


def search(campaign: Campaign, text: str) -> list[Contact]:
    """A few people of the organization whose address or name has the text in it."""
    if not text.strip():
        return []
    ids = people.search(text, FOUND)
    rows = Contact.objects.filter(organization=campaign.organization, pk__in=ids, archived_at=None, erased_at=None)
    return sorted(rows, key=lambda contact: -contact.pk)


def has_dark(html: str) -> bool:
    """Whether the mail says itself how it looks in the dark."""
    return bool(_DARK.search(html))


def dressed(html: str, look: str) -> str:
    """The HTML of a mail for one look. In every look but the dark one it is light, whatever the reader's computer likes."""
    if look == Look.DARK:
        if not has_dark(html):
            return _HEAD.sub(lambda end: _TURNED + end.group(), html, count=1)
        return _LIGHT.sub("@media not all {", _DARK.sub("@media all {", html))
    return _META.sub("", _LIGHT.sub("@media all {", _DARK.sub("@media not all {", html)))


def _named(contact: Contact) -> str:
    return contact.address if contact.name == contact.address else f"{contact.name} <{contact.address}>"
