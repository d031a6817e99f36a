"""A letter as it was sent, made again for somebody who looks at it outside of their mailbox. Nothing in it is tracked."""

from collections.abc import Mapping, Sequence
from typing import Any

from contacts.models import Contact
from sending.merging import Merged, MergeError, Plan, Unmergeable, merge, merge_values
from sending.models import Letter

NOWHERE = "#"
CANNOT = Merged("", "<p>This mail cannot be shown.</p>", "This mail cannot be shown.")


def for_anybody(letter: Letter, *, links: Sequence[str] = (), topic: str = "") -> Merged:
    """With its fallbacks alone: no value of any person, and no link that would act for one."""
    return _merged(letter, {}, links=links, topic=topic)


def for_person(letter: Letter, contact: Contact, *, links: Sequence[str] = (), topic: str = "") -> Merged:
    """As one recipient got it, with what is known of them today. Links that act for them lead nowhere: pages get forwarded.

    `links`: where the tracked ones lead, when that is elsewhere than when it was sent.
    """
    values = {**contact.values, "email": contact.address}
    return _merged(letter, values, links=links, topic=topic, locale=contact.locale)


def _merged(
    letter: Letter, contact: Mapping[str, Any], *, links: Sequence[str] = (), topic: str = "", locale: str = ""
) -> Merged:
    facts = letter.facts
    values = merge_values(
        contact=contact,
        organization_name=facts["organization"]["name"],
        brand_name=facts["brand"]["name"],
        postal_address=facts["brand"]["postal_address"],
        unsubscribe_url=NOWHERE,
        preferences_url=NOWHERE,
        web_version_url=NOWHERE,
        topic_name=topic,
        reader_locale=locale,
        locale=letter.organization.locale,
        time_zone=letter.organization.time_zone,
    )
    # Facts that later versions freeze as well are the letter's own truth.
    values.update({f"{group}.{name}": value for group, named in facts.items() for name, value in named.items()})
    try:
        return merge(Plan.from_json(letter.plan), values, links=links)
    except (Unmergeable, MergeError):
        return CANNOT
