"""The content of a campaign as it would be sent: compiled, with its merge plan, and shown for one person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from accounts.models import Brand, Organization
from campaigns.designs import guard
from campaigns.designs.findings import Compiled, DesignError, Finding
from campaigns.models import Campaign
from campaigns.queries import brand_kits
from contacts import addresses
from contacts.enums import SubscriptionState
from contacts.models import Contact, Subscription
from contacts.queries import fields
from sending.actions.letters import facts_of
from sending.merging import (
    Merged,
    MergeError,
    Plan,
    Unmergeable,
    check,
    compile_plan,
    known_names,
    merge,
    merge_values,
)
from sending.tracking import destinations

SOME_TOPIC = "Your topic"  # in the mail of a template, which belongs to none


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a design: compiled with its plan, or `errors`. `subject_problems` are about the subject alone."""

    compiled: Compiled | None
    plan: Plan | None
    errors: tuple[Finding, ...] = ()
    subject_problems: tuple[str, ...] = ()


def merge_names(organization: Organization) -> frozenset[str]:
    """Every name that a letter of this organization may use; archived fields go on where they are used."""
    return known_names(field.key for field in fields.known(organization, archived=True))


def make(campaign: Campaign) -> Made:
    """The campaign's content as it stands."""
    if campaign.design is None:
        return Made(None, None)
    made = make_from(
        mjml=campaign.design.mjml,
        subject=campaign.subject,
        preheader=campaign.preheader,
        names=merge_names(campaign.organization),
        brand=campaign.brand,
    )
    if made.plan is None or not campaign.utm:
        return made
    tags = [(f"{destinations.TAG}{name}", value) for name, value in campaign.utm.items()]
    links = tuple(destinations.with_tags(link, tags) for link in made.plan.links)
    return replace(made, plan=replace(made.plan, links=links))


def make_from(
    *, mjml: str, names: Collection[str], subject: str = "", preheader: str = "", brand: Brand | None = None
) -> Made:
    """Compile a design, dressed in the brand's kit, and cut it into a merge plan."""
    if brand is not None:
        mjml = brand_kits.dressed(mjml, brand)
    subject_problems = tuple(problem.message for problem in check(subject, names))
    preheader_problems = tuple(
        Finding("error", f"Preview text: {problem.message}", 0) for problem in check(preheader, names)
    )
    try:
        compiled = guard.compile_design(mjml, known=names, preheader="" if preheader_problems else preheader)
    except DesignError as error:
        return Made(None, None, (*preheader_problems, *error.findings), subject_problems)
    if preheader_problems:
        return Made(None, None, preheader_problems, subject_problems)
    try:
        plan = compile_plan("" if subject_problems else subject, compiled.html, compiled.text, known=names)
    except MergeError as error:
        return Made(
            None, None, tuple(Finding("error", problem.message, 0) for problem in error.problems), subject_problems
        )
    return Made(compiled, plan, (), subject_problems)


def values_of(contact: Contact) -> dict[str, Any]:
    """A contact's values by field key, the address among them."""
    return {**contact.values, "email": contact.address}


def show(
    plan: Plan,
    *,
    organization: Organization,
    brand: Brand,
    contact: Contact | None,
    facts: Mapping[str, Mapping[str, str]] | None = None,
    topic_name: str = "",
    unsubscribe_url: str = "#",
    preferences_url: str = "#",
    web_version_url: str = "#",
) -> Merged:
    """The mail as one person would see it, without tracking; without a contact, with the fallbacks.

    Where this person's values break a limit of the merge, the mail says so: nothing would be sent to them.
    """
    facts = facts or facts_of(organization, brand)
    values = merge_values(
        contact=values_of(contact) if contact else {"email": "somebody@example.com"},
        organization_name=facts["organization"]["name"],
        brand_name=facts["brand"]["name"],
        postal_address=facts["brand"]["postal_address"],
        unsubscribe_url=unsubscribe_url,
        preferences_url=preferences_url,
        web_version_url=web_version_url,
        topic_name=topic_name or SOME_TOPIC,
        reader_locale=contact.locale if contact else "",
        locale=organization.locale,
        time_zone=organization.time_zone,
    )
    try:
        return merge(plan, values)
    except Unmergeable as error:
        words = f"This mail cannot be made for this person. {error}"
        return Merged(subject=words, html=f"<p>{escape(words)}</p>", text=f"{words}\n")


def somebody(campaign: Campaign, address: str = "") -> Contact | None:
    """The person of this address; without one, the newest of the campaign's topic; None when there is nobody."""
    people = Contact.objects.filter(organization=campaign.organization, archived_at=None, erased_at=None)
    if address:
        return people.filter(
            address_key=addresses.key_of(address) or address.strip().lower().replace("\x00", "")
        ).first()
    if campaign.topic_id is None:
        return None
    newest = (
        Subscription.objects.filter(topic_id=campaign.topic_id, state=SubscriptionState.SUBSCRIBED)
        .order_by("-contact_id")
        .values_list("contact_id", flat=True)[:1]
    )
    return people.filter(pk__in=list(newest)).first()
