"""The health of an audience: each number as a question about people, so that the number, its list and its segment agree.

Counting goes through everybody and takes seconds at a million people: `contacts.actions.health` does it in the background
and keeps the numbers with their time; pages read what was kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.models import Organization
from contacts import addresses
from contacts.enums import ConsentAction
from contacts.importing import doubts
from contacts.models import Contact, Health, Topic
from contacts.queries import audience, catalogue, segments
from contacts.segments import compiling, tree
from contacts.segments.compiling import Whole
from contacts.segments.sql import Sql

SAMPLE = 500  # newest people of each number that are kept with it
GROUPS = 500  # of duplicates that are kept
MOST_TYPOS = 400  # domains; a segment's "is one of" holds 500
MOST_CANDIDATES = 300_000  # addresses that are not written as their mailbox is; of more, the newest are looked at
CHUNK = 10_000

Definition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """One line of the card. `name` is in addresses; `level` pass, warn or fail says how bad one of them is."""

    name: str
    label: str
    means: str
    level: str = ""


NUMBERS = (
    Number("invalid", "Dead addresses", "They do not exist, or bounced again and again. They get nothing.", "fail"),
    Number("typo", "Likely typing mistakes", "The domain is one letter away from a well-known one: gmial.com.", "warn"),
    Number(
        "role",
        "Role addresses",
        "A team reads them, not one person: info@, office@. They report mail as spam more often.",
        "warn",
    ),
    Number("never", "Never mailed", "Nothing was ever sent to them. Old ones may have forgotten you.", ""),
    Number("silent", "Unengaged", "No human open or click, although they got mail.", "warn"),
    Number("suppressed", "On the do-not-send list", "They get no campaigns, or no mail at all.", ""),
    Number("pending", "Waiting for confirmation", "They signed up and did not use the link in the mail yet.", ""),
    Number(
        "disputed",
        "Say they never signed up",
        "Look at where they came from: that source may bring complaints.",
        "fail",
    ),
)
BY_NAME = {number.name: number for number in NUMBERS}


def kept(organization: Organization) -> Health | None:
    return Health.objects.filter(organization=organization).first()


def definition(organization: Organization, name: str, health: Health) -> Definition | None:
    """The number as a segment; None for what segments cannot ask, or where nobody could be found."""
    match name:
        case "invalid":
            return _all({"about": "suppressed", "op": "because", "value": ["invalid", "bounced"]})
        case "typo":
            domains = list(health.facts.get("typo_domains", {}))
            return _all({"about": "domain", "op": "one_of", "value": domains}) if domains else None
        case "role":
            return {
                "match": "any",
                "rules": [
                    {"about": "address", "op": "starts", "value": f"{role}@"} for role in sorted(doubts.ROLES)[:100]
                ],
            }
        case "never":
            return _all({"about": "activity:sent", "op": "never"})
        case "silent":
            return silent(health.silent_days, health.silent_sends)
        case "suppressed":
            return _all({"about": "suppressed", "op": "yes"})
        case "pending":
            topics = Topic.objects.filter(organization=organization).order_by("pk").values_list("public_id", flat=True)
            rules = [{"about": "topic", "op": "pending", "value": topic} for topic in topics[:100]]
            return {"match": "any", "rules": rules} if rules else None
    return None


def silent(days: int, sends: int) -> Definition:
    """Nobody opened or clicked in the last days, although so many mails were delivered in them."""
    within = {"when": "within", "days": days}
    return _all(
        {"about": "activity:delivered", "op": "at_least", "times": sends, **within},
        {"about": "activity:opened", "op": "never", **within},
        {"about": "activity:clicked", "op": "never", **within},
        {"about": "suppressed", "op": "no"},
    )


def mailed() -> Definition:
    return _all({"about": "activity:delivered", "op": "at_least", "times": 1})


def count(organization: Organization, asked: Definition | Sql) -> tuple[int, list[int]]:
    """How many there are, and the newest SAMPLE of them. Archived and erased people are in no number."""
    if isinstance(asked, Sql):
        return segments.everybody_who(organization, Whole(Sql(""), asked), SAMPLE)
    known = catalogue.of(organization, asked)
    whole = compiling.compile_whole(tree.parse(asked, known), audience.clock(organization), known)
    return segments.everybody_who(organization, whole, SAMPLE)


def role() -> Sql:
    """As its segment asks, in one comparison instead of a hundred."""
    return Sql("split_part(c.address_key, '@', 1) = ANY(%s)", (sorted(doubts.ROLES)[:100],))


def disputed(organization: Organization) -> Sql:
    return Sql(
        "EXISTS (SELECT 1 FROM contacts_consentrecord k WHERE k.contact_id = c.id AND k.organization_id = %s"
        " AND k.action = %s)",
        (organization.pk, str(ConsentAction.DISPUTED)),
    )


def typo_domains(organization: Organization) -> dict[str, str]:
    """Domains of people that are probably mistyped, with the domain that was meant; those of most people first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.domain, count(*) FROM contacts_contact c WHERE {segments.STANDING} GROUP BY c.domain ORDER BY 2 DESC, 1",
            [organization.pk],
        )
        found = {domain: meant for domain, _ in cursor.fetchall() if (meant := doubts.meant(domain))}
    return dict(list(found.items())[:MOST_TYPOS])


@dataclass(frozen=True, slots=True)
class Duplicates:
    """`mailboxes` with several addresses, addresses that are too many (`extra`), the newest GROUPS of them as lists of ids;
    `is_cut`: there were more than MOST_CANDIDATES to look at, so there may be more."""

    mailboxes: int
    extra: int
    groups: list[list[int]]
    is_cut: bool


def duplicates(organization: Organization) -> Duplicates:
    """Several addresses of one mailbox, among the newest people first."""
    by_mailbox: dict[str, list[int]] = {}
    candidates = 0
    is_cut = False
    people = Contact.objects.filter(organization=organization, archived_at=None, erased_at=None)
    for pk, key in people.order_by("-pk").values_list("pk", "address_key").iterator(CHUNK):
        mailbox = addresses.canonical(key)
        if mailbox != key:
            is_cut = candidates == MOST_CANDIDATES
            if is_cut:
                break
            by_mailbox.setdefault(mailbox, []).append(pk)
            candidates += 1
    mailboxes = list(by_mailbox)
    for start in range(0, len(mailboxes), CHUNK):
        plain = people.filter(address_key__in=mailboxes[start : start + CHUNK]).values_list("pk", "address_key")
        for pk, key in plain.order_by():
            by_mailbox[key].append(pk)
    groups = [sorted(set(ids)) for ids in by_mailbox.values() if len(set(ids)) > 1]
    groups.sort(key=lambda ids: -ids[-1])
    extra = sum(len(ids) - 1 for ids in groups)
    return Duplicates(len(groups), extra, [ids[:20] for ids in groups[:GROUPS]], is_cut)


def people_of(organization: Organization, ids: Sequence[int]) -> list[Contact]:
    """Those of a kept list who are still there, in its order."""
    found = {
        one.pk: one
        for one in Contact.objects.filter(organization=organization, pk__in=list(ids), archived_at=None, erased_at=None)
    }
    return [found[pk] for pk in ids if pk in found]


def groups_of(organization: Organization, health: Health) -> Iterator[list[Contact]]:
    """Kept groups of duplicates of which at least two are still there, and still one mailbox."""
    wanted = [pk for ids in health.duplicates for pk in ids]
    by_id = {one.pk: one for one in people_of(organization, wanted)}
    for ids in health.duplicates:
        group = [by_id[pk] for pk in ids if pk in by_id]
        if len(group) > 1 and len({addresses.canonical(one.address_key) for one in group}) == 1:
            yield group


def meant_for(health: Health, contact: Contact) -> str:
    """The address that was probably meant; "" if there is no doubt."""
    domains: Mapping[str, str] = health.facts.get("typo_domains", {})
    meant = domains.get(contact.domain)
    return f"{contact.address_key.rpartition('@')[0]}@{meant}" if meant else ""


def _all(*rules: Definition) -> Definition:
    return {"match": "all", "rules": list(rules)}
