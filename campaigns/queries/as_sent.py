"""A letter as it was sent, made again for somebody who looks at it outside of their mailbox. Nothing in it is tracked."""

from collections.abc import Mapping, Sequence
from typing import Any

from contacts.models import Contact
from sending.merging import Merged, Plan, merge, merge_values
from sending.models import Letter

NOWHERE = "#"


def for_anybody(letter: Letter, *, links: Sequence[str] = ()) -> Merged:
    """With its fallbacks alone: no value of any person, and no link that would act for one."""
    return _merged(letter, {}, links=links)


def for_person(letter: Letter, contact: Contact | None, address: str) -> Merged:
    """As one recipient got it, with what is known of them today. Links that act for them lead nowhere: pages get forwarded."""
    values = {**contact.values, "email": address} if contact is not None else {"email": address}
    return _merged(letter, values)


def _merged(letter: Letter, contact: Mapping[str, Any], *, links: Sequence[str] = ()) -> Merged:
    facts = letter.facts
    values = merge_values(
        contact=contact,
        organization_name=facts["organization"]["name"],
        brand_name=facts["brand"]["name"],
        postal_address=facts["brand"]["postal_address"],
        unsubscribe_url=NOWHERE,
        preferences_url=NOWHERE,
    )
    for group, named in facts.items():
        values.update({f"{group}.{name}": value for name, value in named.items()})
    values["web_version_url"] = NOWHERE
    return merge(Plan.from_json(letter.plan), values, links=links)
