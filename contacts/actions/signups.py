"""Signing up by a form: asking, confirming, and forgetting who never confirmed.

Policy: whoever typed the address may not be its owner. So nothing that is known about a person changes before they have
confirmed, whoever left before is always asked to confirm, and the answer is the same for everybody: what the caller may
say never depends on whether the address is known, blocked, or had too many mails already.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts import fingerprints, ports, values
from contacts.actions import signup_mails, subscriptions
from contacts.actions.subscriptions import Statement
from contacts.adapters import signup_limits
from contacts.addresses import Address
from contacts.enums import ConsentSource, SignupState, SubscriptionState, SuppressionReason
from contacts.models import (
    ConsentRecord,
    Contact,
    HouseSuppression,
    PrivacyRequest,
    Signup,
    SignupForm,
    Subscription,
    Suppression,
    Tagging,
    Topic,
)
from contacts.queries import fields

log = logging.getLogger(__name__)

GOOD_FOR = timedelta(days=30)  # a confirm link; afterwards nobody waits for it any more
MAILS_A_DAY = 3  # to one address from one organization
DOUBLE_CLICK = timedelta(minutes=2)
SWEEP_BATCH = 1_000
SOURCE = "form"  # Contact.source


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody sent, cleaned: `wording` as they saw it, `values` typed (contacts.values)."""

    address: Address
    topics: Sequence[Topic]
    values: Mapping[str, Any]
    wording: str
    language: str
    ip: str | None = None
    user_agent: str = ""


class Confirmation(Enum):
    """What a press of the confirm button led to."""

    DONE = "done"
    ALREADY = "already"  # it was pressed before: nothing changes, also when they have left since
    TOO_OLD = "too_old"
    STOPPED = "stopped"  # something stronger than their own leaving stops mail to them


@transaction.atomic
def sign_up(*, form: SignupForm, entry: Entry) -> Signup | None:
    """Take a sign-up: store it, and answer by mail. None when nothing may be sent; the caller tells nobody which.

    Where nothing may be sent the same is done, and then undone: how long the answer takes must not tell either.
    """
    wanted = [one for one in entry.topics if one.pk in form.topic_ids]
    if not wanted:
        return None
    allowed = _allowed(wanted, entry.address.key)
    with transaction.atomic():
        signup, may_get_mail = _take(form, entry, allowed or wanted)
        if allowed and may_get_mail:
            return signup
        transaction.set_rollback(True)
    return None


def _take(form: SignupForm, entry: Entry, topics: Sequence[Topic]) -> tuple[Signup, bool]:
    """The sign-up, answered; and whether its mail is not one too many."""
    contact, is_new = Contact.objects.get_or_create(
        organization_id=form.organization_id,
        address_key=entry.address.key,
        defaults={
            "address": entry.address.address,
            "domain": entry.address.domain,
            "locale": entry.language,
            "source": SOURCE,
            "form_id": form.pk,
        },
    )
    contact = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    may_get_mail = _may_get_mail(contact, form, topics)
    states = dict(Subscription.objects.filter(contact=contact, topic__in=topics).values_list("topic_id", "state"))
    has_left = Suppression.objects.filter(
        address_key=contact.address_key, reason=SuppressionReason.UNSUBSCRIBED, lifted_at=None
    ).exists()
    missing = [topic for topic in topics if has_left or states.get(topic.pk) != SubscriptionState.SUBSCRIBED]
    signup = Signup(
        organization_id=form.organization_id,
        form=form,
        contact=contact,
        topic_ids=[topic.pk for topic in missing],
        values=dict(entry.values),
        wording=entry.wording,
        locale=entry.language,
        at=timezone.now(),
    )
    if not missing:
        return _keep(signup, SignupState.AGAIN, contact, topics), may_get_mail
    has_left = has_left or SubscriptionState.UNSUBSCRIBED in states.values()
    if has_left or contact.archived_at is not None or any(topic.double_opt_in for topic in missing):
        signup.save(force_insert=True)
        for topic in missing:
            # Who had left everything is still "subscribed" to nothing: the ledger keeps the request all the same.
            subscriptions.ask(contact=contact, topic=topic, statement=_statement(signup, entry))
        return _keep(signup, SignupState.WAITING, contact, missing), may_get_mail
    signup.save(force_insert=True)
    for topic in missing:
        subscriptions.subscribe(contact=contact, topic=topic, statement=_statement(signup, entry))
    _learn(contact, signup, only_empty=not is_new)
    return _keep(signup, SignupState.SUBSCRIBED, contact, missing), may_get_mail


@transaction.atomic
def confirm(*, signup: Signup, wording: str, ip: str | None, user_agent: str) -> Confirmation:
    """The owner of the address pressed the button behind the mailed link; `wording`: what the page said."""
    contact = Contact.objects.select_for_update(no_key=True).filter(pk=signup.contact_id, erased_at=None).first()
    signup.refresh_from_db()
    if signup.state in (SignupState.SUBSCRIBED, SignupState.AGAIN):
        return Confirmation.ALREADY
    if contact is None or is_too_old(signup):
        return Confirmation.TOO_OLD
    if is_stopped(contact.address_key):
        return Confirmation.STOPPED
    topics = list(Topic.objects.filter(pk__in=signup.topic_ids))
    statement = Statement(
        source=ConsentSource.FORM, wording=wording, ip=ip, user_agent=user_agent, about=_about(signup)
    )
    subscriptions.confirm(contact=contact, topics=topics, statement=statement)
    if contact.archived_at is not None:
        Contact.objects.filter(pk=contact.pk).update(archived_at=None)
        contact.archived_at = None
        audit.record(organization=signup.organization, verb="contacts.person_restored", target=contact)
    _learn(contact, signup, only_empty=False)
    _keep(signup, SignupState.SUBSCRIBED, contact, topics)
    return Confirmation.DONE


@transaction.atomic
def ask_again(*, signup: Signup, ip: str | None, user_agent: str) -> bool:
    """Mail a fresh link in the place of one that is too old. False when nobody of that sign-up is known any more.

    Within the same limits as signing up; the caller says the same whether a mail goes out or not.
    """
    contact = Contact.objects.filter(pk=signup.contact_id, erased_at=None).first()
    if contact is None or signup.form.archived_at is not None:
        return False
    entry = Entry(
        address=Address(contact.address, contact.address_key, contact.domain),
        topics=list(Topic.objects.filter(pk__in=signup.topic_ids, archived_at=None)),
        values=signup.values,
        wording=signup.wording,
        language=signup.locale,
        ip=ip,
        user_agent=user_agent,
    )
    sign_up(form=signup.form, entry=entry)
    return True


def is_too_old(signup: Signup) -> bool:
    return signup.state == SignupState.EXPIRED or signup.at < timezone.now() - GOOD_FOR


def is_stopped(address_key: str) -> bool:
    """Whether something stops mail to an address that its owner's own wish cannot lift: also a request to be forgotten."""
    listed = Suppression.objects.filter(
        address_key__in=[address_key, *fingerprints.listed(address_key)], lifted_at=None, topic=None
    ).exclude(reason=SuppressionReason.UNSUBSCRIBED)
    return listed.exists() or HouseSuppression.objects.filter(address_key=address_key).exists()


def sweep() -> int:
    """Let what nobody confirmed in time expire, and remove people of whom nothing else is known; how many sign-ups."""
    with cross_tenant("find sign-ups that nobody confirmed"):
        old = Signup.objects.filter(state=SignupState.WAITING, at__lt=timezone.now() - GOOD_FOR).order_by("at")
        found = list(old.values_list("organization_id", "pk")[:SWEEP_BATCH])
    for organization_id, signup_id in found:
        try:
            with tenant_scope_id(organization_id):
                expire(signup=Signup.objects.select_related("form").get(pk=signup_id))
        except Exception:
            log.exception("Sign-up %d did not expire", signup_id)  # the others go on
    return len(found)


@transaction.atomic
def expire(*, signup: Signup) -> bool:
    """End a sign-up that is too old. True if this removed the person, who was known by nothing else."""
    contact = Contact.objects.select_for_update(no_key=True).filter(pk=signup.contact_id).first()
    signup.refresh_from_db()
    if signup.state != SignupState.WAITING or not is_too_old(signup):
        return False
    signup.state, signup.settled_at, signup.values = SignupState.EXPIRED, timezone.now(), {}
    signup.save(update_fields=["state", "settled_at", "values"])
    if contact is None:
        return False
    younger = Signup.objects.filter(contact=contact, state=SignupState.WAITING).values_list("topic_ids", flat=True)
    still = {pk for topic_ids in younger for pk in topic_ids}
    subscriptions.expire(
        contact=contact,
        topic_ids=[pk for pk in signup.topic_ids if pk not in still],
        statement=Statement(
            source=ConsentSource.FORM, wording=f"Not confirmed within {GOOD_FOR.days} days.", about=_about(signup)
        ),
    )
    if still or not _known_by_nothing_else(contact):
        return False
    audit.record(organization=signup.organization, verb="contacts.unconfirmed_removed", data={"form": signup.form.name})
    ConsentRecord.objects.filter(contact=contact).update(ip=None, user_agent="")
    ports.mail.forget(  # the mail that asked them went to nobody's person, only to the address
        organization_id=signup.organization_id, contact_id=contact.pk, addresses=[contact.address_key]
    )
    contact.delete()
    return True


def _allowed(topics: Sequence[Topic], address_key: str) -> list[Topic]:
    """Those of the topics that the address may be asked about at all."""
    barred = set(
        Suppression.objects.filter(address_key=address_key, lifted_at=None, topic__in=[one.pk for one in topics])
        .exclude(reason=SuppressionReason.UNSUBSCRIBED)
        .values_list("topic_id", flat=True)
    )
    return [] if is_stopped(address_key) else [one for one in topics if one.pk not in barred]


def _may_get_mail(contact: Contact, form: SignupForm, topics: Sequence[Topic]) -> bool:
    now = timezone.now()
    recent = list(Signup.objects.filter(contact=contact, at__gt=now - timedelta(days=1)).order_by("-pk"))
    if len(recent) >= MAILS_A_DAY:
        return False
    wanted = {topic.pk for topic in topics}
    if any(one.form_id == form.pk and one.at > now - DOUBLE_CLICK and wanted >= set(one.topic_ids) for one in recent):
        return False  # pressed twice
    return signup_limits.address_may_get_mail(address_key=contact.address_key)


def _keep(signup: Signup, state: SignupState, contact: Contact, topics: Sequence[Topic]) -> Signup:
    """Settle a sign-up (or let it wait) and answer it by its mail."""
    signup.state = state
    if state != SignupState.WAITING:
        signup.settled_at, signup.values = timezone.now(), {}
    signup.save()
    signup.about = signup_mails.answer(signup=signup, contact=contact, topics=topics)
    signup.save(update_fields=["about"])
    return signup


def _learn(contact: Contact, signup: Signup, *, only_empty: bool) -> None:
    """Keep what they told about themselves; `only_empty`: where nobody proved to be the owner, nothing is overwritten.

    A field may have been archived or made another kind of since they told it; what does not fit it any more is let go.
    """
    kinds = {kind.key: kind for kind in fields.known(signup.organization)}
    told = {}
    for key, value in signup.values.items():
        try:
            told[key] = values.convert(kinds[key], value)
        except (KeyError, values.BadValue):
            continue
    known = {**told, **contact.values} if only_empty else {**contact.values, **told}
    if known != contact.values or not contact.locale:
        contact.values, contact.locale = known, contact.locale or signup.locale
        contact.save(update_fields=["values", "locale", "updated_at"])


def _known_by_nothing_else(contact: Contact) -> bool:
    return (
        contact.source == SOURCE
        and contact.import_id is None
        and contact.archived_at is None
        and contact.erased_at is None
        and not contact.values
        and not Subscription.objects.filter(contact=contact).exists()
        and not Tagging.objects.filter(contact=contact).exists()
        and not PrivacyRequest.objects.filter(contact=contact).exists()
        and not Signup.objects.filter(contact=contact, state=SignupState.SUBSCRIBED).exists()
        and not ports.mail.mailed(ids=[contact.pk])
    )


def _statement(signup: Signup, entry: Entry) -> Statement:
    return Statement(
        source=ConsentSource.FORM,
        wording=entry.wording,
        ip=entry.ip,
        user_agent=entry.user_agent,
        about=_about(signup),
    )


def _about(signup: Signup) -> str:
    return f"form {signup.form.public_id}"
