"""The do-not-send list as members use it."""

import pytest
from django.urls import reverse

from accounts.tenancy import tenant_scope
from contacts.models import Suppression
from contacts.queries import suppressions


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


def entries(organization, *names, **facts):
    with tenant_scope(organization):
        return [
            Suppression.objects.create(
                organization=organization,
                address_key=f"{name}@example.org",
                **({"reason": "manual", "source": "member"} | facts),
            )
            for name in names
        ]


def listed(response):
    return [row.address_key.partition("@")[0] for row in response.context["page"].rows]


def test_addresses_are_pasted_with_a_reason(as_marketer, organization):
    new = url(organization, "suppression_new")
    posted = {
        "addresses": "Ann@example.org\nbob@example.org; cid@example.org,\n\n",
        "reason": "manual",
        "evidence": "Wrote us",
    }
    response = as_marketer.post(new, posted | {"evidence": ""})
    assert "Write what happened" in response.content.decode()
    response = as_marketer.post(new, posted | {"addresses": "ann@example.org\nnonsense"})
    assert "“nonsense”" in response.content.decode()
    with tenant_scope(organization):
        assert not Suppression.objects.exists()
    assert as_marketer.post(new, posted).status_code == 302
    response = as_marketer.post(new, posted | {"addresses": "ann@example.org, dora@example.org"}, follow=True)
    assert "Added 1 to the do-not-send list. 1 were on it already." in response.content.decode()
    with tenant_scope(organization):
        assert Suppression.objects.count() == 4
        assert Suppression.objects.get(address_key="ann@example.org").actor.name == "Mara"


def test_search_by_the_beginning_and_by_reason(as_analyst, organization):
    entries(organization, "ann", "anton", "bob")
    entries(organization, "cid", reason="invalid", source="relay")
    page = url(organization, "suppressions")
    assert listed(as_analyst.get(page)) == ["cid", "bob", "anton", "ann"]
    assert listed(as_analyst.get(page, {"q": "AN"})) == ["anton", "ann"]
    assert listed(as_analyst.get(page, {"reason": "invalid"})) == ["cid"]
    assert listed(as_analyst.get(page, {"q": "%"})) == []
    assert "No entry fits" in as_analyst.get(page, {"q": "zzz"}).content.decode()


def test_pages_go_to_and_fro(as_analyst, organization, monkeypatch):
    monkeypatch.setattr(suppressions, "PAGE", 2)
    entries(organization, "a", "b", "c")
    page = url(organization, "suppressions")
    first = as_analyst.get(page)
    second = as_analyst.get(page, {"after": first.context["page"].next})
    assert (listed(first), listed(second)) == (["c", "b"], ["a"])
    assert listed(as_analyst.get(page, {"before": second.context["page"].previous})) == ["c", "b"]


def test_an_admin_lifts_with_a_reason(as_owner, organization):
    (entry,) = entries(organization, "ann")
    lift = url(organization, "suppression_lift", suppression=entry.pk)
    assert "Say why" in as_owner.post(lift, {"why": " "}).content.decode()
    assert as_owner.post(lift, {"why": "Asked us to"}).status_code == 302
    page = url(organization, "suppressions")
    assert listed(as_owner.get(page)) == []
    assert "Asked us to" in as_owner.get(page, {"lifted": "1"}).content.decode()


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, django_assert_num_queries):
    entries(organization, *"abc"[:n])
    as_analyst.get(url(organization, "suppressions"))
    with django_assert_num_queries(13):
        as_analyst.get(url(organization, "suppressions"))
