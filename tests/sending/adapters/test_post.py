"""Mail that people cause on an organization's pages: stored with what it is about, signed by whoever it comes from."""

import email
import email.policy

import pytest
from asgiref.sync import sync_to_async

from accounts.actions import organizations
from accounts.models import Brand, Organization
from accounts.tenancy import daemon_dsn, tenant_scope
from contacts import ports
from contacts.addresses import InvalidAddress
from sending.actions import domains, house_mail
from sending.enums import DeliveryState, DomainState, StreamKind
from sending.models import SendingDomain, StoredMessage
from sending.queries import domains as domain_queries
from tests.sending.adapters.test_composer import compose_all, verifies
from tests.sending.adapters.town import Town

pytestmark = pytest.mark.django_db(transaction=True)


def post(organization: Organization, *, to: str = "Zoe@Inbox.example", subject: str = "Please confirm") -> str:
    return ports.post.send(
        organization=organization,
        brand=Brand.objects.get(organization=organization),
        to=to,
        subject=subject,
        text="Grüße: https://links.test/s/x",
        html="<p>Grüße</p>",
    )


def own_domain(organization: Organization, state: DomainState) -> SendingDomain:
    domain = domains.add(organization=organization, name="kettle.example.com", actor=None)
    domain.state = state
    domain.save(update_fields=["state"])
    return domain


def test_it_is_kept_by_the_organization_in_the_same_transaction(organization: Organization) -> None:
    with tenant_scope(organization):
        about = post(organization)
        kept = StoredMessage.objects.select_related("delivery__mailing__stream").get()
    assert about == f"d{kept.delivery.pk}"
    assert (kept.delivery.state, kept.delivery.address) == (DeliveryState.QUEUED, "zoe@inbox.example")
    assert kept.delivery.mailing.stream.kind == StreamKind.APP
    assert kept.domain is None
    message = email.message_from_bytes(bytes(kept.raw), policy=email.policy.default)
    assert message["From"] == "Copper Kettle <hello@posthouse.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == "Zoe@inbox.example"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]

    def fail_afterwards() -> None:
        with tenant_scope(organization):
            post(organization)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_afterwards()
    with tenant_scope(organization):
        assert StoredMessage.objects.count() == 1


def test_no_line_break_of_a_name_or_a_subject_makes_a_header(organization: Organization) -> None:
    with tenant_scope(organization):
        Brand.objects.update(name="Kettle\r\nBcc: spy@inbox.example", reply_to="shop@kettle.example.com")
        post(organization, subject="Hello\nBcc: spy@inbox.example")
        message = email.message_from_bytes(bytes(StoredMessage.objects.get().raw), policy=email.policy.default)
        assert message["Bcc"] is None
        assert message["Subject"] == "Hello Bcc: spy@inbox.example"
        assert message["Reply-To"] == "shop@kettle.example.com"
        with pytest.raises(InvalidAddress):
            post(organization, to="nobody")


async def test_without_a_domain_of_its_own_the_house_signs(organization: Organization) -> None:
    def prepare() -> SendingDomain:
        house_mail.ensure_domain()
        house_mail.ensure_domain()
        with tenant_scope(organization):
            own_domain(organization, DomainState.PENDING)
            post(organization)

        house = organizations.house()
        with tenant_scope(house):
            return SendingDomain.objects.get(organization=house)

    house_domain = await sync_to_async(prepare)()
    town = Town(organization, 0, 0, house_domain, daemon_dsn())
    ((_, letter),) = await compose_all(town)
    assert verifies(letter.content, house_domain)
    assert letter.return_path.endswith("@bounces.posthouse.example")


async def test_a_verified_domain_of_its_own_signs(organization: Organization) -> None:
    def prepare() -> SendingDomain:
        with tenant_scope(organization):
            domain = own_domain(organization, DomainState.VERIFIED)
            post(organization)
            assert StoredMessage.objects.get().from_address == "news@kettle.example.com"
            assert domain_queries.verified(organization).get() == domain
        return domain

    domain = await sync_to_async(prepare)()
    ((_, letter),) = await compose_all(Town(organization, 0, 0, domain, daemon_dsn()))
    assert verifies(letter.content, domain)
    assert letter.return_path.endswith("@bounces.kettle.example.com")


async def test_whoever_names_the_house_without_being_it_is_not_signed_for_another_domain(
    organization: Organization,
) -> None:
    """Only mail from an address at HOUSE_DOMAIN gets its signature."""

    def prepare() -> None:
        house_mail.ensure_domain()
        with tenant_scope(organization):
            post(organization)
            StoredMessage.objects.update(from_address="hello@elsewhere.example")

    await sync_to_async(prepare)()
    ((_, letter),) = await compose_all(Town(organization, 0, 0, None, daemon_dsn()))  # type: ignore[arg-type]
    assert b"DKIM-Signature" not in letter.content
