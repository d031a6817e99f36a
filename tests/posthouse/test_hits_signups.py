"""Sign-up forms on the link host, over real HTTP."""

import time
from urllib.parse import urlencode

import pytest

from accounts.tenancy import tenant_scope
from contacts import stamps
from contacts.enums import SubscriptionState
from contacts.models import Subscription
from tests.contacts import forms_of
from tests.posthouse.test_hits import URLENCODED

pytestmark = pytest.mark.django_db(transaction=True)


def test_sign_up_forms_are_reached_on_the_link_host(hits, organization):
    """The hosted page, its POST without cookies, the JSON endpoint; and bodies that are no sign-up."""
    with tenant_scope(organization):
        form = forms_of.form(organization, forms_of.topic(organization), origins=["https://shop.example"])
        stamp = stamps.make(form=form.public_id, wording="Yes.", language="en", made_at=time.time() - 9)
    page = hits("GET", f"/f/{form.public_id}")
    assert (page.status, page.getheader("Set-Cookie")) == (200, None)
    assert hits("POST", f"/f/{form.public_id}", "x" * 70_000, Content_Type=URLENCODED).status == 413
    assert hits("POST", f"/f/{form.public_id}").status == 200
    asked = hits("OPTIONS", f"/f/{form.public_id}.json", Origin="https://shop.example")
    assert (asked.status, asked.getheader("Access-Control-Allow-Origin")) == (204, "https://shop.example")
    with tenant_scope(organization):
        assert not Subscription.objects.exists()
    body = urlencode({"email": "zoe@inbox.example", "ph-stamp": stamp})
    answer = hits("POST", f"/f/{form.public_id}", body, Content_Type=URLENCODED)
    assert answer.status == 200
    assert "look into your mail" in answer.text
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.PENDING
        link = forms_of.confirm_path(forms_of.mails()[0])
    assert hits("GET", link).status == 200
    assert hits("POST", link, "List-Unsubscribe=One-Click", Content_Type=URLENCODED).status == 200
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.PENDING
