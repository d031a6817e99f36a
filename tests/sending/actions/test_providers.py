"""Learning providers: what the relay found once is known to segments of every organization, and follows a move."""

from datetime import timedelta

from django.utils import timezone

from accounts.tenancy import cross_tenant, tenant_scope
from contacts.models import Contact
from contacts.queries import catalogue, segments
from sending.actions import providers
from sending.enums import StreamKind
from sending.models import DomainProvider, Mailing, SendingDomain
from sending.tasks import learn_providers
from tests.sending import ledger


def learned():
    return dict(DomainProvider.objects.values_list("domain", "provider"))


def send(organization, *found, ended=timedelta(0)):
    """One message to each address, with the provider that the relay found; the send ended so long ago."""
    with tenant_scope(organization):
        if not SendingDomain.objects.exists():
            ledger.domain(organization, f"{organization.public_id}.example")
        mailing = ledger.mailing(organization)
        for address, provider in found:
            ledger.delivery(mailing, address=address, provider=provider)
        Mailing.objects.filter(pk=mailing.pk).update(finished_at=timezone.now() - ended)


def test_the_domains_of_finished_sends_are_learned_and_followed(organization, other_organization):
    send(organization, ("a@firm.example", "Microsoft 365"), ("b@firm.example", ""), ("c@unknown.example", ""))
    learn_providers()
    assert learned() == {"firm.example": "Microsoft 365"}
    send(other_organization, ("x@firm.example", "Gmail"), ("y@shop.example", "Gmail"))
    with cross_tenant("the test learns"):
        assert providers.learn() == 2
    assert learned() == {"firm.example": "Gmail", "shop.example": "Gmail"}


def test_what_was_learned_is_not_read_again(organization):
    send(organization, ("a@firm.example", "Gmail"), ended=timedelta(days=2))
    with cross_tenant("the test learns"):
        assert providers.learn() == 1
        assert providers.learn() == 0, "it ended long before"


def test_a_segment_asks_what_was_learned_first(organization):
    send(organization, ("a@gmail.com", "Elsewhere"), ("b@firm.example", "Gmail"))
    learn_providers()
    with tenant_scope(organization):
        for address in ("1@gmail.com", "2@firm.example", "3@googlemail.com", "4@other.example"):
            ledger.contact(organization, address)

        def found(op, provider):
            definition = {"match": "all", "rules": [{"about": "provider", "op": op, "value": provider}]}
            people = segments.found(organization, definition)
            assert people.people == len(people.sample)
            return {person.address[0] for person in people.sample}

        assert found("is", "Gmail") == {"2", "3"}
        assert found("is", "Elsewhere") == {"1"}
        assert found("is", "Other") == {"4"}
        assert found("is_not", "Gmail") == {"1", "4"}
        assert Contact.objects.count() == 4


def test_campaigns_are_what_was_sent_to_many(organization, other_organization):
    """Newest first; neither drafts nor tests nor app mail, and nobody else's."""
    with tenant_scope(organization):
        first, second = ledger.mailing(organization, name="First"), ledger.mailing(organization, name="Second")
        ledger.mailing(organization, kind=StreamKind.APP)
        ledger.mailing(organization, kind=StreamKind.TEST)
        Mailing.objects.filter(pk=ledger.mailing(organization, name="Open").pk).update(sealed_at=None)
    send(other_organization)
    with tenant_scope(organization):
        campaigns = catalogue.of(organization).campaigns
    assert list(campaigns) == [second.public_id, first.public_id]
    assert campaigns[first.public_id].name == "First"
