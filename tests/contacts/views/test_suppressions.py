"""The do-not-send list as members use it."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import fingerprints
from contacts.models import Contact, HouseSuppression, Suppression, Topic
from contacts.queries import suppressions
from tests.database import as_owner as as_database_owner


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
    with django_assert_num_queries(14):
        as_analyst.get(url(organization, "suppressions"))


def test_a_part_of_an_address_finds_it(as_analyst, organization):
    entries(organization, "ann.miller", "bob.mill", "cid")
    page = url(organization, "suppressions")
    assert listed(as_analyst.get(page, {"q": "mill"})) == ["bob.mill", "ann.miller"]
    assert listed(as_analyst.get(page, {"q": "LER@exam"})) == ["ann.miller"]
    assert listed(as_analyst.get(page, {"q": "i"})) == []
    assert listed(as_analyst.get(page, {"q": "ci"})) == ["cid"]
    assert listed(as_analyst.get(page, {"q": "m_ll"})) == []


def test_a_common_text_is_found_as_well(as_analyst, organization, monkeypatch):
    monkeypatch.setattr(suppressions, "FEW", 1)
    entries(organization, "ann", "bob")
    page = url(organization, "suppressions")
    assert listed(as_analyst.get(page, {"q": "example"})) == ["bob", "ann"]
    assert listed(as_analyst.get(page, {"q": "an"})) == ["ann"]


def test_no_search_crosses_the_wall(as_outsider, as_analyst, organization, other_organization):
    entries(organization, "ann")
    entries(other_organization, "anton")
    assert listed(as_analyst.get(url(organization, "suppressions"), {"q": "example"})) == ["ann"]
    assert listed(as_outsider.get(url(other_organization, "suppressions"), {"q": "example"})) == ["anton"]
    assert as_outsider.get(url(organization, "suppressions")).status_code == 404


def test_filters_by_scope_source_and_topic(as_analyst, organization):
    with tenant_scope(organization):
        topic = Topic.objects.create(
            organization=organization, brand=Brand.objects.get(), name="News", public_id="news"
        )
    entries(organization, "ann", source="api")
    entries(organization, "bob", reason="complained", marketing_only=True)
    entries(organization, "cid", topic=topic)
    page = url(organization, "suppressions")
    for query, names in (
        ({"scope": "all"}, ["ann"]),
        ({"scope": "marketing"}, ["bob"]),
        ({"scope": "topic"}, ["cid"]),
        ({"scope": "topic", "topic": "news"}, ["cid"]),
        ({"source": "api"}, ["ann"]),
        ({"source": "nonsense", "reason": "nonsense"}, ["cid", "bob", "ann"]),
    ):
        assert listed(as_analyst.get(page, query)) == names
    assert "Nothing of <bdi>News</bdi>" in as_analyst.get(page, {"scope": "topic"}).content.decode()


def test_an_entry_shows_evidence_history_and_who_lifted(as_owner, organization, owner):
    (entry,) = entries(organization, "ann", evidence="550 5.1.1 <nobody>", reason="complained")
    page = url(organization, "suppression", suppression=entry.pk)
    assert "550 5.1.1 &lt;nobody&gt;" in as_owner.get(page).content.decode()
    lift = url(organization, "suppression_lift", suppression=entry.pk)
    assert "reported your mail as spam" in as_owner.get(lift).content.decode()
    assert as_owner.post(lift, {"why": "Asked us to"}).status_code == 200, "a complaint needs their own wish"
    assert as_owner.post(lift, {"why": "Asked us to", "sure": "on"}).status_code == 302
    (again,) = entries(organization, "ann")
    shown = as_owner.get(url(organization, "suppression", suppression=again.pk)).content.decode()
    assert "Olga: Asked us to" in shown and "Reported as spam" in shown


def test_the_forgotten_are_shown_without_an_address_and_never_lifted(as_owner, organization):
    with tenant_scope(organization):
        (key, *_) = fingerprints.listed("ann@example.org")
        entry = Suppression.objects.create(organization=organization, address_key=key, reason="erased", source="page")
        # What stood against them before they were erased goes by the hash as well.
        earlier = Suppression.objects.create(
            organization=organization, address_key=key, reason="complained", source="complaint"
        )
    page = url(organization, "suppressions")
    for response in (
        as_owner.get(page),
        as_owner.get(page, {"reason": "complained"}),
        *(as_owner.get(url(organization, "suppression", suppression=one.pk)) for one in (entry, earlier)),
        *(as_owner.get(url(organization, "suppression_lift", suppression=one.pk)) for one in (entry, earlier)),
    ):
        said = response.content.decode()
        assert key[:12] not in said and key[5:] not in said and "orgotten" in said
    assert "forgotten" in as_owner.get(page, {"q": "Ann@example.org"}).content.decode()
    assert listed(as_owner.get(page, {"q": key[5:15]})) == []
    lift = url(organization, "suppression_lift", suppression=entry.pk)
    assert "asked to be forgotten" in as_owner.post(lift, {"why": "x"}).content.decode()
    body = b"".join(as_owner.get(url(organization, "suppressions_file")).streaming_content).decode()
    assert "hash" not in body


def test_a_list_is_uploaded_looked_at_and_added(as_marketer, organization):
    upload = url(organization, "suppression_upload")
    posted = {"pasted": "ann@example.org; complained\nnonsense", "reason": "imported", "evidence": "Mailchimp"}
    assert "Choose a file or paste" in as_marketer.post(upload, posted | {"pasted": ""}).content.decode()
    review = as_marketer.post(upload, posted)["Location"]
    page = as_marketer.get(review)
    assert (page.context["plan"].new, page.context["plan"].invalid) == (1, 1)
    assert "Added 1" in as_marketer.post(review, follow=True).content.decode()
    with tenant_scope(organization):
        assert Suppression.objects.get().reason == "complained"
    assert "not there any more" in as_marketer.get(review, follow=True).content.decode()
    file = SimpleUploadedFile("list.csv", b"bob@example.org\n")
    review = as_marketer.post(upload, posted | {"pasted": "", "file": file})["Location"]
    assert as_marketer.post(f"{review}discard/").status_code == 302
    with tenant_scope(organization):
        assert Suppression.objects.count() == 1


def test_the_file_runs_no_formula(as_marketer, organization):
    entries(organization, "ann", evidence='=HYPERLINK("http://evil.example")')
    entries(organization, "old", lifted_at=timezone.now())
    response = as_marketer.get(url(organization, "suppressions_file"))
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))
    assert [row[0] for row in rows] == ["Address", "ann@example.org"]
    assert rows[1][5].startswith("'=")


def test_the_operators_list_is_shown_for_ones_own_people_only(as_analyst, organization, other_organization):
    with tenant_scope(organization):
        facts = {"address": "ann@example.org", "address_key": "ann@example.org", "domain": "example.org"}
        Contact.objects.create(organization=organization, **facts)
    with as_database_owner():
        for key in ("ann@example.org", "stranger@example.org"):
            HouseSuppression.objects.create(address_key=key, why="A court said so")
    said = as_analyst.get(url(organization, "suppressions"), {"scope": "installation"}).content.decode()
    assert "ann@example.org" in said and "A court said so" in said and "stranger" not in said


def test_who_may_do_what(as_analyst, as_marketer, as_outsider, organization):
    (entry,) = entries(organization, "ann")
    one, lift = (
        url(organization, "suppression", suppression=entry.pk),
        url(organization, "suppression_lift", suppression=entry.pk),
    )
    assert as_analyst.get(one).status_code == 200
    assert as_outsider.get(one).status_code == 404
    for name in ("suppression_new", "suppression_upload", "suppressions_file"):
        assert as_analyst.get(url(organization, name)).status_code == 403
        assert as_outsider.get(url(organization, name)).status_code == 404
    assert as_marketer.get(lift).status_code == 403
    assert as_marketer.get(url(organization, "suppressions_file")).status_code == 200
    assert as_marketer.get(url(organization, "suppression_list", kept="x")).status_code == 302
