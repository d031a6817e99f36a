"""Which templates and campaigns name a field: by its whole name, and not once they were sent."""

import pytest

from accounts.models import Brand
from campaigns.adapters.letters import LetterAnswers
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Design, Variant

pytestmark = pytest.mark.django_db


def test_whole_names_in_templates_and_in_campaigns_that_are_not_over(scoped):
    brand = Brand.objects.get()
    facts = {"organization": scoped, "brand": brand}
    Design.objects.create(name="Names it", mjml="<mj-text>{{ contact.city }}</mj-text>", **facts)
    Design.objects.create(name="Another", mjml="{{ contact.city_2 }} {{ other.contact.city }}", **facts)
    Design.objects.create(name="Put away", mjml="{{ contact.city }}", archived_at="2026-11-22T08:00Z", **facts)
    content = Design.objects.create(name="Content", is_template=False, mjml="{{contact.city|upcase}}", **facts)
    Campaign.objects.create(name="By its content", design=content, **facts)
    Campaign.objects.create(name="By its subject", subject="Hello {{ contact.city }}", **facts)
    Campaign.objects.create(name="Sent", subject="{{ contact.city }}", state=CampaignState.FINISHED, **facts)
    Campaign.objects.create(name="Scheduled", subject="{{ contact.city }}", state=CampaignState.SCHEDULED, **facts)
    tested = Campaign.objects.create(name="By a version", subject="Hello", **facts)
    Variant.objects.create(organization=scoped, campaign=tested, number=2, subject="{{ contact.city }}")
    Variant.objects.create(organization=scoped, campaign=tested, number=3, preheader="{{ contact.city_2 }}")
    found = LetterAnswers().naming(organization_id=scoped.pk, name="contact.city")
    assert [(one.what, one.name) for one in found] == [
        ("template", "Names it"),
        ("draft", "By a version"),
        ("draft", "By its content"),
        ("draft", "By its subject"),
        ("campaign", "Scheduled"),
    ]
    assert all(one.page.startswith("campaigns:") and one.args for one in found)
