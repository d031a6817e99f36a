"""What waits for somebody in the demo: an import to be reviewed, with its bad rows, and a privacy request that is due soon."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from contacts.actions import import_work, imports, privacy_requests
from contacts.actions.imports import Consent, Match
from contacts.enums import RequestChannel, RequestKind
from contacts.importing import meanings
from contacts.models import Contact, Topic
from posthouse.demo import audience, people

GOOD, BAD = 1_180, 214  # rows
SLIPS = (".no-at-sign.example", "@two@inbox.example", " has spaces@inbox.example", ".@inbox.example")


def write(*, organization: Organization, topic: Topic, actor: User) -> None:
    """Opens its own scopes: the file is read as by the worker."""
    with tenant_scope(organization):
        _request(organization, actor)
        import_ = imports.receive(
            organization=organization, file_name="Festival guest list.csv", chunks=_file(organization), actor=actor
        )
        known = [meanings.SKIP if column["to"] == meanings.NEW else column["to"] for column in import_.mapping]
        imports.match_columns(
            import_=import_,
            matches=[Match(column=number, to=to) for number, to in enumerate(known)],
            topics=[topic],
            consent=Consent(
                basis="consent",
                wording="Yes, write to me about Copper Kettle’s coffee",
                source="Paper list at the harbour festival",
                given_on=timezone.localdate() - timedelta(days=6),
            ),
            actor=actor,
            tag_names=["Harbour festival"],
        )
    import_work.run(organization_id=organization.pk, import_id=import_.pk)


def _request(organization: Organization, actor: User) -> None:
    """By letter, nearly a month ago."""
    person = Contact.objects.filter(organization=organization).order_by("-pk")[7]
    privacy_requests.receive(
        organization=organization,
        kind=RequestKind.ERASURE,
        channel=RequestChannel.LETTER,
        address=person.address,
        note="Wrote to the shop: “Please delete all that you have about me.”",
        received_at=timezone.now() - timedelta(days=29),
        actor=actor,
    )


def _file(organization: Organization) -> Iterator[bytes]:
    """New people, some whom we know with another city, some twice, typing mistakes, and BAD rows that cannot be read."""
    text = io.StringIO()
    write = csv.writer(text).writerow
    write(["Email", "First name", "Last name", "City", "Stand"])
    start = audience.PEOPLE + audience.LEFT
    known = list(
        Contact.objects.filter(organization=organization).order_by("pk").values_list("address", flat=True)[:160]
    )
    for number, person in enumerate(islice(people.invent(start + GOOD), start, None)):
        address = person.address
        if number % 97 == 0:
            address = f"{address.partition('@')[0]}@gmial.com"
        elif number < len(known):
            address = known[number]
        write(
            [
                address,
                person.values.get("first_name", ""),
                person.values.get("last_name", ""),
                "Harbour",
                number % 9 + 1,
            ]
        )
    for number in range(BAD):
        write([f"guest{number}{SLIPS[number % len(SLIPS)]}", "", "", "Harbour", ""])
    yield text.getvalue().encode()
