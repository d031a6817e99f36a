"""Seeding the demo, step by step: the people who log in, the domains, the audience, the past, the send in motion."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.actions import organizations
from accounts.enums import Role
from accounts.models import Brand, Membership, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.actions import campaigns, launches, schedules
from campaigns.models import Campaign
from campaigns.queries import checklist
from contacts.models import Topic
from posthouse.demo import addresses, app_mail, audience, history, waiting
from posthouse.demo import letters as words
from posthouse.demo.resolver import ZoneResolver
from posthouse.sandbox import characters
from posthouse.sandbox.store import Store
from posthouse.sandbox.zone import Record, Zone
from reputation.actions import domain_checks
from sending.actions import domains, house_mail
from sending.models import SendingDomain
from sending.queries import domains as domain_queries

NAME = "Copper Kettle Coffee"
ADDRESS = "3 Quay Street\nBristol BS1 4DJ\nUnited Kingdom"
GOOD_DOMAIN = "copperkettle.example"
FAILING_DOMAIN = "kettleandleaf.example"  # its DMARC record is missing


@dataclass(frozen=True)
class Cast:
    """Who logs in by the cards."""

    owner: User
    admin: User
    marketer: User
    analyst: User
    operator: User


def is_there() -> bool:
    """Whether the demo was seeded before."""
    with cross_tenant("look whether the demo was seeded before"):
        return Organization.objects.filter(is_demo=True).exists()


def seed() -> Organization:
    """Everything. Opens its own scopes; a crash in between leaves a part that `forget` of the data directory clears."""
    cast = _cast()
    organization = organizations.found(
        owner=cast.owner, name=NAME, postal_address=ADDRESS, time_zone="Europe/London", is_demo=True
    )
    with cross_tenant("the demo's people become members"):
        for user, role in ((cast.admin, Role.ADMIN), (cast.marketer, Role.MARKETER), (cast.analyst, Role.ANALYST)):
            Membership.objects.create(organization=organization, user=user, role=role)
    good, failing = _domains(organization, cast)
    _house_domain()
    addresses.write(organization)
    with tenant_scope(organization):
        coffee = Brand.objects.get(organization=organization, is_default=True)
        coffee.colour, coffee.from_name, coffee.reply_to = "#8A4B1F", "Copper Kettle", f"hello@{GOOD_DOMAIN}"
        coffee.save()
        tea = Brand.objects.create(
            organization=organization,
            name="Kettle & Leaf",
            colour="#2F6B3A",
            from_name="Kettle & Leaf",
            from_local="post",
        )
        topics = audience.write(organization=organization, coffee=coffee, tea=tea, actor=cast.admin)
        good.refresh_from_db()
        history.write(
            history.Sender(
                organization=organization, brand=coffee, domain=good, topic=topics.weekly, actor=cast.marketer
            )
        )
        app_mail.write(organization=organization, domain=good)
        _draft(organization, tea, failing, topics.tea, cast.marketer)
    waiting.write(organization=organization, topic=topics.offers, actor=cast.marketer)
    _in_motion(organization, coffee, good, topics.weekly, cast.marketer)
    return organization


def _cast() -> Cast:
    def person(key: str, name: str, *, staff: bool = False) -> User:
        email = f"{key}@{GOOD_DOMAIN}" if not staff else f"{key}@{settings.HOUSE_DOMAIN}"
        user = User.objects.filter(email=email).first() or User.objects.create_user(
            email=email, name=name, is_demo=True, is_staff=staff
        )
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
        return user

    return Cast(
        owner=person("owner", "Olive Ferrer"),
        admin=person("admin", "Adam Quill"),
        marketer=person("marketer", "Mira Thöne"),
        analyst=person("analyst", "Noor Haddad"),
        operator=person("operator", "Oskar Lindner", staff=True),
    )


def _domains(organization: Organization, cast: Cast) -> tuple[SendingDomain, SendingDomain]:
    """One verified domain, and one whose DMARC record is missing in the sandbox's DNS."""
    with tenant_scope(organization):
        good = domains.add(organization=organization, name=GOOD_DOMAIN, actor=cast.admin)
        failing = domains.add(organization=organization, name=FAILING_DOMAIN, actor=cast.admin)
        published = [*domain_queries.records(good).needed]
        published += [
            record for record in domain_queries.records(failing).needed if not record.name.startswith("_dmarc.")
        ]
    with Store(settings.SANDBOX_STORE) as store:
        store.withdraw(f"_dmarc.{FAILING_DOMAIN}")
        store.publish([Record(record.name, record.type, record.value) for record in published])
        resolver = ZoneResolver(Zone(characters.load(), house_domain=settings.HOUSE_DOMAIN, published=store.records))
        for domain in (good, failing):
            domain_checks.run(organization_id=organization.pk, domain_id=domain.pk, resolver=resolver)
    return good, failing


def _house_domain() -> None:
    """Confirmations and resets of the house are signed as well, and strict providers look for the key."""
    house = organizations.house()
    with tenant_scope(house):
        domain = house_mail.domain(house)
        records = domain_queries.records(domain).needed if domain else ()
    with Store(settings.SANDBOX_STORE) as store:
        store.publish([Record(record.name, record.type, record.value) for record in records])


def _draft(organization: Organization, brand: Brand, domain: SendingDomain, topic: Topic, actor: User) -> None:
    """A draft that is not ready: the domain fails, a fallback is missing, there is no subject yet."""
    campaign = campaigns.create(
        organization=organization, brand=brand, name="First flush", actor=actor, topic=topic, domain=domain
    )
    campaigns.choose_content(campaign=campaign, name="Plain letter", mjml=words.UNFINISHED, actor=actor)


def _in_motion(organization: Organization, brand: Brand, domain: SendingDomain, topic: Topic, actor: User) -> Campaign:
    """The send to everybody, launched as a person would: what the checklist warns of is ticked."""
    with tenant_scope(organization):
        campaign = campaigns.create(
            organization=organization, brand=brand, name="Weekly letter 27", actor=actor, topic=topic, domain=domain
        )
        campaigns.edit(
            campaign=campaign, actor=actor, subject=words.IN_MOTION, preheader="And four brews for a grey Sunday."
        )
        campaigns.choose_content(campaign=campaign, name="Weekly letter", mjml=words.WEEKLY, actor=actor)
        schedules.choose(campaign=campaign, actor=actor, undo_minutes=0)
        ticked = [result.name for result in checklist.results(campaign) if result.wants_tick]
        launches.launch(campaign=campaign, actor=actor, accepted=ticked)
    with tenant_scope(organization):
        launches.freeze(campaign=campaign)
    return campaign
