"""Every page that the face is proved on. Add yours: one line, and a function that makes what it shows.

`prepare` is called in the organization's scope with the organization, before the page is asked for; it returns the
URL's arguments (beside `org`). Pages are looked at as `who`: nobody, owner, marketer or analyst.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from accounts.actions import audit
from accounts.models import Brand, Organization
from contacts import tokens
from contacts.actions import subscriptions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource
from contacts.models import Contact, Topic
from reputation import colleague_links
from reputation.actions import domain_checks
from reputation.dns_checks.findings import Finding, Status
from sending.actions import domains
from sending.enums import Bucket, EventKind
from sending.models import SendingDomain, Tally
from sending.queries import domains as sending_domains
from tests.face import (
    after_sending,
    audience,
    campaigns,
    checks,
    designs,
    egress,
    hygiene,
    imports,
    launches,
    people,
    privacy,
    queue,
    reports,
    routes,
    segments,
    signups,
    variants,
    warmups,
)
from tests.sending import ledger


def nothing(organization: Organization) -> dict[str, Any]:
    """The page of an organization in which nothing has happened yet."""
    return {}


@dataclass(frozen=True)
class Page:
    """`slug` names the picture; `view` the URL; `query` is added to the address; `tenant` puts `org` into it."""

    slug: str
    view: str
    who: str = "owner"
    prepare: Callable[[Organization], dict[str, Any]] = nothing
    query: str = ""
    tenant: bool = True
    status: int = 200
    ignores: tuple[str, ...] = field(default=())  # axe rules, with the reason beside the entry


def two_pages_of_log(organization: Organization) -> dict[str, Any]:
    for n in range(60):
        audit.record(
            organization=organization, verb="contacts.import_applied", target=organization, data={"people": [0, n * 97]}
        )
    return {}


def person_of_a_send(organization: Organization, *, about: bool = True) -> dict[str, Any]:
    brand = Brand.objects.get(organization=organization)
    topics = [
        Topic.objects.create(organization=organization, brand=brand, name=name, description=words)
        for name, words in (
            ("Kettle weekly", "New kettles and how to keep them, every Thursday."),
            ("Offers", "Four or five times a year."),
            ("Tea walks", ""),
        )
    ]
    contact = ledger.contact(organization)
    statement = Statement(source=ConsentSource.FORM, wording="Yes please")
    for topic in topics[:2]:
        subscriptions.subscribe(contact=contact, topic=topic, statement=statement)
    row = ledger.delivery(ledger.mailing(organization, topic_id=topics[0].pk), contact=contact)
    about_it = f"d{row.pk}" if about else ""
    return {"token": tokens.mint(organization_id=organization.pk, contact_id=contact.pk, about=about_it)}


def person_without_a_topic(organization: Organization) -> dict[str, Any]:
    return person_of_a_send(organization, about=False)


def person_who_left(organization: Organization) -> dict[str, Any]:
    found = person_of_a_send(organization)
    subscriptions.unsubscribe_all(contact=Contact.objects.get(), statement=Statement(source=ConsentSource.PAGE))
    return found


def a_test_mail(organization: Organization) -> dict[str, Any]:
    return {"token": tokens.mint(organization_id=organization.pk, contact_id=0)}


def domains_in_all_states(organization: Organization) -> dict[str, Any]:
    """Three domains, and a send whose providers took it differently."""
    waiting = domains.add(organization=organization, name="news.kettle.example", actor=None)
    failing = domains.add(organization=organization, name="kettle.example", actor=None)
    ready = domains.add(organization=organization, name="bücher.example", actor=None)
    for one, wrong in ((failing, True), (ready, False)):
        records = sending_domains.records(one)
        no = Finding(
            "dmarc",
            Status.FAIL,
            "There is no DMARC record.",
            ("no such record",),
            "Publish this record.",
            records.dmarc,
        )
        yes = Finding("dmarc", Status.PASS, "The policy is none.", (f"{records.dmarc.name} TXT v=DMARC1; p=none",))
        domain_checks.store(
            domain=one,
            findings=[
                Finding("dkim", Status.PASS, "The key in DNS is the one that we sign with.", ("one record",)),
                Finding("spf", Status.WARN, "It passes, with not one DNS lookup to spare.", ("v=spf1 …",)),
                Finding("mx", Status.UNKNOWN, "The name server did not answer; we will ask again."),
                no if wrong else yes,
                Finding("align", Status.PASS, "From is aligned with DKIM and with SPF."),
            ],
        )
    send = ledger.mailing(organization, letter=ledger.letter(organization))
    for provider, n in (("gmail", 12_431), ("microsoft", 3_120), ("yahoo", 31), ("", 4)):
        for kind, share in (
            (Bucket.DELIVERED, 90),
            (Bucket.BOUNCED, 2),
            (EventKind.FIRST_OPENED, 31),
            (EventKind.FIRST_CLICKED, 4),
        ):
            Tally.objects.create(
                organization=organization,
                mailing_id=send.pk,
                provider=provider,
                kind=kind,
                n=n * share // 100,
                at=timezone.now(),
            )
    return {"domain": failing.public_id, "waiting": waiting.public_id}


def the_list_of_domains(organization: Organization) -> dict[str, Any]:
    domains_in_all_states(organization)
    return {}


def a_failing_domain(organization: Organization) -> dict[str, Any]:
    return {"domain": domains_in_all_states(organization)["domain"]}


def a_waiting_domain(organization: Organization) -> dict[str, Any]:
    waiting = domains_in_all_states(organization)["waiting"]
    SendingDomain.objects.update(check_due_at=None)
    return {"domain": waiting}


def a_colleague(organization: Organization) -> dict[str, Any]:
    domain = domains_in_all_states(organization)["domain"]
    return {"token": colleague_links.mint(organization_id=organization.pk, domain=domain)}


PAGES = [
    Page("log-in", "account_login", who="nobody", tenant=False),
    Page("sign-up", "account_signup", who="nobody", tenant=False),
    Page("confirmation-sent", "account_email_verification_sent", who="nobody", tenant=False),
    Page("forgot-password", "account_reset_password", who="nobody", tenant=False),
    Page("new-password", "account_change_password", tenant=False),
    Page("addresses", "account_email", tenant=False),
    Page("log-out", "account_logout", tenant=False),
    Page("you", "accounts:you", tenant=False),
    Page("organizations", "accounts:organizations", tenant=False),
    Page("new-organization", "accounts:organization_new", tenant=False),
    Page("settings", "accounts:settings"),
    Page("settings-analyst", "accounts:settings", who="analyst"),
    Page("brand", "accounts:brand"),
    Page("members", "accounts:members"),
    Page("services-empty", "sending:services"),
    Page("services", "sending:services", prepare=routes.two_accounts),
    Page("services-analyst", "sending:services", who="analyst", prepare=routes.two_accounts),
    Page("service-choose", "sending:service_choose"),
    Page("service-new", "sending:service_new", prepare=routes.of_mailgun),
    Page("service-trouble", "sending:service", prepare=routes.in_trouble),
    Page("service", "sending:service", prepare=routes.works),
    Page("service-analyst", "sending:service", who="analyst", prepare=routes.works),
    Page("service-change", "sending:service_change", prepare=routes.works),
    Page("audit-log-empty", "accounts:audit_log"),
    Page("audit-log", "accounts:audit_log", prepare=two_pages_of_log),
    Page("kit", "accounts:kit", tenant=False, query="toasts"),
    Page("recipient", "accounts:kit_recipient", who="nobody", tenant=False),
    Page("unsubscribe", "recipients:unsubscribe", who="nobody", tenant=False, prepare=person_of_a_send),
    Page(
        "unsubscribe-everything", "recipients:unsubscribe", who="nobody", tenant=False, prepare=person_without_a_topic
    ),
    Page("unsubscribed-already", "recipients:unsubscribe", who="nobody", tenant=False, prepare=person_who_left),
    Page("unsubscribe-test", "recipients:unsubscribe", who="nobody", tenant=False, prepare=a_test_mail),
    Page("preferences", "recipients:preferences", who="nobody", tenant=False, prepare=person_of_a_send),
    Page("domains-empty", "reputation:domains"),
    Page("domains", "reputation:domains", prepare=the_list_of_domains),
    Page("domain", "reputation:domain", prepare=a_failing_domain),
    Page("domain-waiting", "reputation:domain", who="analyst", prepare=a_waiting_domain),
    Page("domain-new", "sending:domain_new"),
    Page("domain-colleague", "colleagues:page", who="nobody", tenant=False, prepare=a_colleague),
    Page("home-empty", "campaigns:home"),
    Page("campaigns-empty", "campaigns:campaigns"),
    Page("campaign-new", "campaigns:campaign_new"),
    Page("templates", "campaigns:designs"),
    Page("template-new", "campaigns:design_new"),
    Page("messages", "campaigns:messages"),
    Page("messages-unknown", "campaigns:messages", query="q=nobody@mail.example", who="analyst"),
    Page("inbox-empty", "posthouse:inbox", tenant=False),
    *(Page(**one) for one in queue.PAGES),
    *(Page(**one) for one in audience.PAGES),
    *(Page(**one) for one in designs.PAGES),
    *(Page(**one) for one in egress.PAGES),
    *(Page(**one) for one in campaigns.PAGES),
    *(Page(**one) for one in after_sending.PAGES),
    *(Page(**one) for one in checks.PAGES),
    *(Page(**one) for one in launches.PAGES),
    *(Page(**one) for one in people.PAGES),
    *(Page(**one) for one in privacy.PAGES),
    *(Page(**one) for one in hygiene.PAGES),
    *(Page(**one) for one in imports.PAGES),
    *(Page(**one) for one in reports.PAGES),
    *(Page(**one) for one in segments.PAGES),
    *(Page(**one) for one in signups.PAGES),
    *(Page(**one) for one in variants.PAGES),
    *(Page(**one) for one in warmups.PAGES),
]
