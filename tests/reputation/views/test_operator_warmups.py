"""The operator's page of a warm-up, of any address."""

import pytest
from django.urls import reverse

from accounts.tenancy import cross_tenant
from reputation.models import Warmup
from sending.models import Budget, EgressIP
from tests.cast import person
from tests.reputation.warmups import begun

ADDRESS = "192.0.2.78"


@pytest.fixture
def address(db):
    with cross_tenant("an address of a test"):
        return EgressIP.objects.create(address=ADDRESS, name="mta78.posthouse.example")


@pytest.fixture
def operator(client, db):
    user = person("Oskar")
    user.is_staff = True
    user.save()
    client.force_login(user)
    return client


PAGE = reverse("warming:warmup", kwargs={"address": ADDRESS})


def act(name):
    return reverse("warming:warmup_change", kwargs={"address": ADDRESS, "act": name})


def test_an_operator_begins_and_skips_it(operator, address):
    assert "It is not being warmed up" in operator.get(PAGE).content.decode()
    given = {"schedule": "table", "volume": "100000", "growth": "1.35"}
    assert operator.post(act("start"), given).status_code == 302
    with cross_tenant("a test looks"):
        assert Warmup.objects.get().actor_name
        assert Budget.objects.get().an_hour == 20
    assert operator.post(act("skip"), {"why": ""}).status_code == 422
    assert operator.post(act("skip"), {"why": "It is warm."}).status_code == 302
    with cross_tenant("a test looks"):
        assert not Budget.objects.exists()


def test_the_course_is_shown(operator, address):
    begun(address)
    page = operator.get(PAGE).content.decode()
    assert "Half of it now." in page and "warmup-chart" in page


def test_nobody_else(client, as_owner, address):
    assert as_owner.get(PAGE).status_code == 404
    assert as_owner.post(act("start")).status_code == 404
    client.logout()
    assert client.get(PAGE).status_code == 302


def test_an_address_that_is_not_there(operator):
    assert operator.get(PAGE).status_code == 404
    assert operator.get(reverse("warming:warmup", kwargs={"address": "nothing"})).status_code == 404
