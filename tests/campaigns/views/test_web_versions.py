"""View in browser: the person's own mail, opened by a token that does nothing else, counted as nothing."""

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import derived_keys
from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign
from contacts import tokens as contact_tokens
from contacts.models import Contact, Suppression
from sending.merging import compile_plan
from sending.models import Delivery, Engagement, Event, MailingVariant, Tally
from sending.tracking import tokens
from sending.tracking.tokens import MessageTokens
from tests.campaigns.views.test_reports import sent  # noqa: F401


def marks(delivery: Delivery) -> MessageTokens:
    key = derived_keys.keys_for(tokens.PURPOSE)[0]
    return MessageTokens(delivery_id=delivery.pk, mailing_id=delivery.mailing_id, key=key)


@pytest.fixture
def delivery(organization: Organization, sent: Campaign) -> Delivery:  # noqa: F811
    with tenant_scope(organization):
        return Delivery.objects.order_by("id").first()


def counts(organization: Organization) -> tuple[int, ...]:
    with tenant_scope(organization):
        return tuple(model.objects.count() for model in (Event, Tally, Engagement, Suppression))


def test_the_persons_own_mail_and_nothing_happens(
    client: Client, organization: Organization, delivery: Delivery
) -> None:
    with tenant_scope(organization):
        Contact.objects.filter(pk=delivery.contact_id).update(values={"first_name": "<b>Zoë</b>"})
    before = counts(organization)
    answer = client.get(f"/v/{marks(delivery).view()}")
    page = answer.content.decode()
    assert answer.status_code == 200 and "&lt;b&gt;Zoë&lt;/b&gt;" in page and "{{" not in page
    assert "/c/" not in page and ".gif" not in page and "/u/" not in page and "/p/" not in page
    assert counts(organization) == before
    assert answer["X-Robots-Tag"] == "noindex, nofollow" and answer["Cache-Control"] == "no-store"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "allow-scripts" not in policy
    assert not answer.cookies
    assert client.post(f"/v/{marks(delivery).view()}").status_code == 405


def test_no_token_opens_what_it_is_not_for(client: Client, organization: Organization, delivery: Delivery) -> None:
    mine = marks(delivery)
    recipient = contact_tokens.mint(
        organization_id=organization.pk, contact_id=delivery.contact_id, about=f"d{delivery.pk}"
    )
    for token in (mine.pixel(), mine.click(0), recipient, mine.view()[:-1], mine.view() + "A", "x", "ä" * 500):
        answer = client.get(f"/v/{token}")
        assert answer.status_code == 404 and "There is no mail here" in answer.content.decode()
    french = client.get("/v/x", headers={"Accept-Language": "fr"}).content.decode()
    assert "Il n’y a pas d’e-mail ici" in french and 'lang="fr"' in french
    assert client.get(f"/u/{mine.view()}").status_code == client.get(f"/p/{mine.view()}").status_code == 404
    keys = derived_keys.keys_for(tokens.PURPOSE)
    assert tokens.read(mine.view(), keys=keys) is None and tokens.read_view(mine.pixel(), keys=keys) is None


def test_a_token_of_another_send_or_of_a_test_opens_nothing(
    client: Client, organization: Organization, delivery: Delivery
) -> None:
    key = derived_keys.keys_for(tokens.PURPOSE)[0]
    for ids in ((delivery.pk, delivery.mailing_id + 1), (0, delivery.mailing_id), (2**62, 5)):
        token = MessageTokens(delivery_id=ids[0], mailing_id=ids[1], key=key).view()
        answer = client.get(f"/v/{token}")
        assert answer.status_code == 404 and ("This was a test" in answer.content.decode()) == (ids[0] == 0)


def test_it_names_the_topic(client: Client, organization: Organization, delivery: Delivery) -> None:
    with tenant_scope(organization):
        letter = delivery.mailing.letter
        letter.plan = compile_plan("", "<p>{{ topic.name }}</p>", "").to_json()
        letter.links = []
        letter.save(update_fields=["plan", "links"])
    assert "<p>Weekly news</p>" in client.get(f"/v/{marks(delivery).view()}").content.decode()


def test_whoever_was_forgotten_has_no_page(client: Client, organization: Organization, delivery: Delivery) -> None:
    with tenant_scope(organization):
        Contact.objects.filter(pk=delivery.contact_id).update(erased_at=timezone.now())
    assert client.get(f"/v/{marks(delivery).view()}").status_code == 404


def test_each_variant_shows_its_own_letter(client: Client, organization: Organization, delivery: Delivery) -> None:
    with tenant_scope(organization):
        letter = delivery.mailing.letter
        letter.pk, letter.public_id = None, "variantb"
        letter.plan["parts"]["html"]["chunks"][0] = "<p>This is B</p>"
        letter.save()
        MailingVariant.objects.create(organization=organization, mailing=delivery.mailing, variant=2, letter=letter)
        Delivery.objects.filter(pk=delivery.pk).update(variant=2)
    assert "This is B" in client.get(f"/v/{marks(delivery).view()}").content.decode()
    assert settings.LINK_URL  # the same address is answered there: tests/posthouse/test_hits.py
