"""The exports of other services: how each is known, what its columns mean, and what it says of how people stand.

Tables, not rules: a service that changes its export is a changed row here. Names of columns are plain (names.plain).
Where a column says something in a way of its own (Yes in EMAIL_BLACKLISTED), unpacking writes it out in our words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contacts.importing import names
from contacts.importing.meanings import (
    CONFIRMED_AT,
    CONFIRMED_IP,
    EMAIL,
    FIRST,
    LANGUAGE,
    LAST,
    LEFT_AT,
    NAME,
    OPTED_IN_AT,
    OPTED_IN_IP,
    SKIP,
    TAGS,
    WHY,
)
from contacts.importing.statuses import BLOCKED, BOUNCED, COMPLAINED, INVALID, NONE, PENDING, SUBSCRIBED, UNSUBSCRIBED

STATUS_COLUMN = "Subscription status"  # of what we add ourselves


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of file of one service.

    `needs`: columns that it always has; `some`: of these it has at least `at_least`; `only`: it has no other columns.
    `file`: its name matches this; `by_name`: it is not known without such a name. `means`: column to meaning.
    `status` holds for every row; `status_of` is a column whose words are read by `words`, and which is then replaced by
    our own column. `objects`: columns of JSON objects that become columns. `left_out`: why nothing of it is imported.
    """

    origin: str
    about: str
    needs: frozenset[str]
    some: frozenset[str] = frozenset()
    at_least: int = 1
    only: frozenset[str] = frozenset()
    file: str = ""
    by_name: bool = False
    means: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    status_of: str = ""
    words: Mapping[str, int] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    hash_of: str = ""
    left_out: str = ""

    @property
    def needs_expanding(self) -> bool:
        """Whether a plain CSV of it must be rewritten before it can be imported."""
        return self.status is not None or bool(self.status_of or self.objects or self.hash_of or self.left_out)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_YES_IS_BLOCKED = {
    **dict.fromkeys(("yes", "true", "1", "on", "y", "oui", "ja", "si"), BLOCKED),
    **dict.fromkeys(("no", "false", "0", "off", "n", "", "non", "nein"), SUBSCRIBED),
}

_MAILCHIMP_MEANS = {
    "emailaddress": EMAIL, "firstname": FIRST, "lastname": LAST, "optintime": OPTED_IN_AT, "optinip": OPTED_IN_IP,
    "confirmtime": CONFIRMED_AT, "confirmip": CONFIRMED_IP, "tags": TAGS, "unsubtime": LEFT_AT, "cleantime": LEFT_AT,
    "unsubreason": WHY,
    **dict.fromkeys(
        """memberrating latitude longitude gmtoff dstoff timezone cc region lastchanged leid euid unsubcampaigntitle
        unsubcampaignid unsubreasonother cleancampaigntitle cleancampaignid""".split(), SKIP),
}  # fmt: skip
_MAILCHIMP = _set("memberrating optintime optinip confirmtime confirmip lastchanged leid euid")

_SENDGRID_MEANS = {
    "email": EMAIL, "firstname": FIRST, "lastname": LAST, "lists": TAGS, "listnames": TAGS, "createdat": OPTED_IN_AT,
    **dict.fromkeys(
        "alternateemails listids segmentids updatedat lastemailed lastclicked lastopened contactid phonenumberid id".split(),
        SKIP),
}  # fmt: skip
_SENDGRID_LEFT = {
    "email": EMAIL, "created": LEFT_AT, "createdat": LEFT_AT, "reason": WHY, "status": SKIP, "ip": SKIP,
    "groupname": WHY, "groupid": SKIP, "group": WHY, "isglobal": SKIP, "name": WHY, "id": SKIP,
}  # fmt: skip
_SENDGRID_COLUMNS = _set("email created createdat reason status ip groupname groupid group isglobal name id")


def _suppression(about: str, file: str, status: int, *, left_out: str = "") -> Export:
    return Export(
        "sendgrid", about, _set("email"), some=_set("created createdat reason groupid groupname"), only=_SENDGRID_COLUMNS,
        file=file, by_name=True, means=_SENDGRID_LEFT, status=status, left_out=left_out,
    )  # fmt: skip


EXPORTS: Sequence[Export] = (
    Export(
        "mailchimp", "unsubscribed members", _set("emailaddress unsubtime"), _MAILCHIMP, 2,
        means=_MAILCHIMP_MEANS, status=UNSUBSCRIBED,
    ),
    Export(
        "mailchimp", "cleaned members", _set("emailaddress cleantime"), _MAILCHIMP, 2,
        means=_MAILCHIMP_MEANS, status=BOUNCED,
    ),
    Export(
        "mailchimp", "unsubscribed members", _set("emailaddress"), _MAILCHIMP, 2, file=r"(^|[/_-])(unsub|nonsub)", by_name=True,
        means=_MAILCHIMP_MEANS, status=UNSUBSCRIBED,
    ),
    Export(
        "mailchimp", "cleaned members", _set("emailaddress"), _MAILCHIMP, 2, file=r"(^|[/_-])cleaned", by_name=True,
        means=_MAILCHIMP_MEANS, status=BOUNCED,
    ),
    Export(
        "mailchimp", "members who never confirmed", _set("emailaddress"), _MAILCHIMP, 2, file=r"(^|[/_-])pending", by_name=True,
        means=_MAILCHIMP_MEANS, status=PENDING,
    ),
    Export(
        "mailchimp", "archived members", _set("emailaddress"), _MAILCHIMP, 2, file=r"(^|[/_-])(archived|transactional)",
        by_name=True, means=_MAILCHIMP_MEANS, status=UNSUBSCRIBED,
    ),
    Export(
        "mailchimp", "subscribed members", _set("emailaddress"), _MAILCHIMP, 2,
        means=_MAILCHIMP_MEANS, status=SUBSCRIBED,
    ),
    Export(
        "sendgrid", "contacts", _set("email firstname lastname"),
        _set("""alternateemails addressline1 addressline2 stateprovinceregion phonenumberid anonymousid uniquename externalid
             listids segmentids lastemailed"""), 2,
        means=_SENDGRID_MEANS,
    ),
    _suppression("blocks", r"block", NONE,
        left_out="SendGrid goes on sending to these addresses, and so may you"),
    _suppression("invalid addresses", r"invalid", INVALID),
    _suppression("spam reports", r"spam", COMPLAINED),
    _suppression("bounces", r"bounce", BOUNCED),
    _suppression("group unsubscribes", r"(group.*unsub|unsub.*group|asm)", UNSUBSCRIBED),
    _suppression("global unsubscribes", r"(unsub|suppression)", UNSUBSCRIBED),
    Export(
        "sendgrid", "addresses that it does not send to", _set("email created reason"), only=_SENDGRID_COLUMNS,
        means=_SENDGRID_LEFT, status=BLOCKED,
    ),
    Export(
        "brevo", "contacts", _set("email emailblacklisted"),
        means={
            "email": EMAIL, "firstname": FIRST, "prenom": FIRST, "vorname": FIRST, "lastname": LAST, "nom": LAST,
            "nachname": LAST, "addedtime": OPTED_IN_AT, "modifiedtime": SKIP, "smsblacklisted": SKIP, "contactid": SKIP,
            "whatsappblacklisted": SKIP,
        },
        status_of="emailblacklisted", words=_YES_IS_BLOCKED,
    ),
    Export(  # in its file the attributes are a column of JSON; its API calls them attribs
        "listmonk", "subscribers", _set("uuid email name status"), _set("attributes attribs"),
        means={
            "uuid": SKIP, "email": EMAIL, "name": NAME, "createdat": OPTED_IN_AT, "updatedat": SKIP, "id": SKIP, "lists": SKIP,
        },
        status_of="status",
        words={"enabled": SUBSCRIBED, "disabled": UNSUBSCRIBED, "blocklisted": BLOCKED, "blacklisted": BLOCKED},
        objects=("attributes",),
    ),
    Export(
        "mautic", "contacts", _set("email donotemail"),
        means={
            "email": EMAIL, "firstname": FIRST, "lastname": LAST, "tags": TAGS, "preferredlocale": LANGUAGE, "id": SKIP,
            "dateadded": OPTED_IN_AT, "createdbyuser": SKIP, "ownerbyid": SKIP, "ownerbyusername": SKIP, "stage": SKIP,
            "datemodified": SKIP, "dateidentified": SKIP, "lastactive": SKIP, "attribution": SKIP, "attributiondate": SKIP,
            "ip": SKIP,
        },
        status_of="donotemail", words=_YES_IS_BLOCKED,
    ),
    Export(
        "mautic", "contacts", _set("email firstname lastname"),
        _set("points preferredlocale attribution attributiondate lastactive dateidentified preferredprofileimage"), 2,
        means={
            "email": EMAIL, "firstname": FIRST, "lastname": LAST, "tags": TAGS, "preferredlocale": LANGUAGE, "id": SKIP,
            "dateadded": OPTED_IN_AT, "datemodified": SKIP, "dateidentified": SKIP, "lastactive": SKIP, "attribution": SKIP,
            "attributiondate": SKIP, "preferredprofileimage": SKIP,
        },
    ),
    Export(
        "mailtrain", "subscriptions", _set("cid status hashemail email"),
        means={
            "cid": SKIP, "email": EMAIL, "mergefirstname": FIRST, "mergelastname": LAST, "created": OPTED_IN_AT,
            "optinip": OPTED_IN_IP, "optincountry": SKIP, "tz": SKIP,
        },
        status_of="status",
        words={
            "subscribed": SUBSCRIBED, "unsubscribed": UNSUBSCRIBED, "bounced": BOUNCED, "complained": COMPLAINED,
            "1": SUBSCRIBED, "2": UNSUBSCRIBED, "3": BOUNCED, "4": COMPLAINED,
        },
        hash_of="hashemail",
    ),
    Export(
        "keila", "contacts", _set("email firstname lastname data status"),
        means={"email": EMAIL, "firstname": FIRST, "lastname": LAST},
        status_of="status",
        words={"active": SUBSCRIBED, "unsubscribed": UNSUBSCRIBED, "unreachable": BOUNCED},
        objects=("data",),
    ),
    Export(
        "postal", "suppressions", _set("type address reason timestamp keepuntil"),
        means={
            "type": SKIP, "address": EMAIL, "reason": WHY, "timestamp": LEFT_AT, "keepuntil": SKIP, "id": SKIP, "serverid": SKIP,
        },
        status=BOUNCED,
    ),
)  # fmt: skip

ORIGINS: Mapping[str, str] = {
    "mailchimp": "Mailchimp",
    "sendgrid": "SendGrid",
    "brevo": "Brevo",
    "listmonk": "listmonk",
    "mautic": "Mautic",
    "mailtrain": "Mailtrain",
    "keila": "Keila",
    "postal": "Postal",
}

# A file of any service whose name says that nobody in it may be written to.
_TELLING_NAMES = (
    (re.compile(r"(^|[^a-z])(unsubscribe[ds]?|opt(ed)?[-_ ]?outs?)([^a-z]|$)"), UNSUBSCRIBED),
    (re.compile(r"(^|[^a-z])(bounce[ds]?|cleaned)([^a-z]|$)"), BOUNCED),
    (re.compile(r"(^|[^a-z])(spam|complaints?|complained)([^a-z]|$)"), COMPLAINED),
    (re.compile(r"(^|[^a-z])(suppress(ed|ions?)|black-?list(ed)?|block-?list(ed)?)([^a-z]|$)"), BLOCKED),
)


def recognise(header: Sequence[str], file_name: str = "") -> Export | None:
    """The export that a file with these columns and this name is; None if it is nobody's that we know."""
    columns = {names.plain(name) for name in header} - {""}
    columns |= {
        names.plain(name.partition(".")[0]) for name in header if "." in name[1:]
    }  # objects that were spread out
    file_name = file_name.lower()
    for export in EXPORTS:
        if (
            export.needs <= columns
            and (not export.some or len(export.some & columns) >= export.at_least)
            and (not export.only or columns <= export.only)
            and (not export.by_name or (file_name and re.search(export.file, file_name)))
        ):
            return export
    return None


def meanings(origin: str) -> dict[str, str]:
    """What the columns of a service's exports mean, by plain name."""
    found: dict[str, str] = {}
    for export in reversed(EXPORTS):
        if export.origin == origin:
            found |= export.means
    return found


def status_in_name(file_name: str, header: Sequence[str] = ()) -> int | None:
    """What the name of a file says of everybody in it, if that is that they may not be written to.

    None as well if a column says it person by person.
    """
    if any(names.plain(name).endswith("status") for name in header):
        return None
    file_name = file_name.lower()
    for pattern, status in _TELLING_NAMES:
        if pattern.search(file_name):
            return status
    return None
