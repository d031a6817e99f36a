"""The pages of domains: who may see and do what, what they say, and that they take the same queries for one and for three."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from reputation import colleague_links, tasks
from reputation.actions import domain_checks
from reputation.dns_checks.findings import Finding, Status
from sending.actions import domains
from sending.enums import EventKind
from sending.models import SendingDomain, Tally
from sending.queries import domains as sending_domains
from tests.sending import ledger


@pytest.fixture
def woken(monkeypatch):
    calls = []
    monkeypatch.setattr(tasks.check_domain, "delay", lambda *ids: calls.append(ids))
    return calls


def add(organization, owner, name="kettle.example"):
    with tenant_scope(organization):
        return domains.add(organization=organization, name=name, actor=owner)


@pytest.fixture
def domain(organization, owner):
    return add(organization, owner)


def checked(domain, status=Status.PASS, seen="What we saw"):
    with tenant_scope(domain.organization):
        records = sending_domains.records(domain)
        domain_checks.store(
            domain=domain,
            findings=[
                Finding("dkim", Status.PASS, "The key is ours.", ("ok",), "", records.dkim),
                Finding("dmarc", status, "About DMARC.", (seen,), "Do this.", records.dmarc),
            ],
        )


def url(organization, name, **kwargs):
    return reverse(name, kwargs={"org": organization.public_id, **kwargs})


def test_who_may_see_and_do_what(organization, domain, woken, as_owner, as_marketer, as_analyst, as_outsider, client):
    pages = [
        url(organization, "reputation:domains"),
        url(organization, "reputation:domain", domain=domain.public_id),
    ]
    for page in pages:
        assert [who.get(page).status_code for who in (as_owner, as_marketer, as_analyst)] == [200, 200, 200]
        assert as_outsider.get(page).status_code == 404
        assert client.get(page).status_code == 302
    part = url(organization, "reputation:domain_records", domain=domain.public_id)
    assert as_analyst.get(part).status_code == 200
    assert as_outsider.get(part).status_code == 404
    new = url(organization, "sending:domain_new")
    assert [who.get(new).status_code for who in (as_owner, as_marketer, as_analyst, as_outsider)] == [
        200,
        403,
        403,
        404,
    ]
    assert [who.post(new, {"name": "x.example"}).status_code for who in (as_marketer, as_analyst, as_outsider)] == [
        403,
        403,
        404,
    ]
    check = url(organization, "reputation:domain_check", domain=domain.public_id)
    assert [who.post(check).status_code for who in (as_owner, as_marketer, as_analyst, as_outsider)] == [
        302,
        302,
        403,
        404,
    ]
    assert as_owner.get(check).status_code == 405
    remove = url(organization, "sending:domain_remove", domain=domain.public_id)
    sure = {"name": "kettle.example"}
    assert [who.post(remove, sure).status_code for who in (as_marketer, as_analyst, as_outsider)] == [403, 403, 404]
    with tenant_scope(organization):
        assert SendingDomain.objects.count() == 1


def test_a_domain_of_another_organization_is_not_found(other_organization, outsider, organization, as_owner):
    theirs = add(other_organization, outsider, "tin.example")
    for name in ("reputation:domain", "reputation:domain_records"):
        assert as_owner.get(url(organization, name, domain=theirs.public_id)).status_code == 404
    assert as_owner.post(url(organization, "reputation:domain_check", domain=theirs.public_id)).status_code == 404


@pytest.mark.django_db
def test_adding_checking_and_removing(organization, as_owner, woken, django_capture_on_commit_callbacks):
    new = url(organization, "sending:domain_new")
    for name, word in (("gmail.com", "mailbox provider"), ("", "required"), ("co.uk", "many people")):
        answer = as_owner.post(new, {"name": name})
        assert (answer.status_code, word in answer.content.decode()) == (200, True)
    answer = as_owner.post(new, {"name": "https://Kettle.example/"})
    with tenant_scope(organization):
        domain = SendingDomain.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_owner.get(answer["Location"])
    assert woken == [(organization.pk, domain.pk)]
    assert answer["Location"] == url(organization, "reputation:domain", domain=domain.public_id)
    assert "here already" in as_owner.post(new, {"name": "kettle.example"}).content.decode()
    page = as_owner.get(answer["Location"]).content.decode()
    assert domain.public_key in page
    assert "We are looking in DNS." in page
    with django_capture_on_commit_callbacks(execute=True):
        as_owner.post(url(organization, "reputation:domain_check", domain=domain.public_id))
    assert len(woken) == 2
    remove = url(organization, "sending:domain_remove", domain=domain.public_id)
    as_owner.post(remove, {"name": "something"})
    with tenant_scope(organization):
        assert SendingDomain.objects.exists()
    as_owner.post(remove, {"name": "Kettle.example "})
    with tenant_scope(organization):
        assert not SendingDomain.objects.exists()
        assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == [
            "sending.domain_added",
            "sending.domain_removed",
        ]


def test_the_page_shows_evidence_and_fix_and_stops_asking(organization, domain, as_analyst):
    part = url(organization, "reputation:domain_records", domain=domain.public_id)
    assert as_analyst.get(part).status_code == 200
    checked(domain, Status.FAIL, "<script>v=DMARC1</script>")
    answer = as_analyst.get(part)
    assert answer.status_code == 286
    text = answer.content.decode()
    assert "hx-get" not in text
    assert "About DMARC. Do this." in text
    assert "&lt;script&gt;v=DMARC1" in text
    assert "Not right in DNS: Policy (DMARC)." in text
    page = as_analyst.get(url(organization, "reputation:domain", domain=domain.public_id)).content.decode()
    assert "Look again now" not in page.split("<main")[1].split("columns")[0]
    assert "PRIVATE" not in page


def test_the_list_takes_the_same_queries_for_one_and_for_three(
    organization, domain, owner, as_owner, django_assert_num_queries
):
    checked(domain)
    page = url(organization, "reputation:domains")
    as_owner.get(page)
    with django_assert_num_queries(QUERIES):
        assert "kettle.example" in as_owner.get(page).content.decode()
    for name in ("tea.example", "cup.example"):
        checked(add(organization, owner, name))
    with django_assert_num_queries(QUERIES):
        assert "cup.example" in as_owner.get(page).content.decode()


# Session, user, membership, two scopes with their savepoints and settings; domains, checks, totals.
QUERIES = 14


def test_the_list_shows_rates_by_provider_and_dashes_for_few(organization, as_analyst):
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        for provider, delivered in (("gmail", 200), ("yahoo", 20)):
            for kind, n in ((3, delivered), (4, delivered // 10), (EventKind.FIRST_OPENED, delivered // 2)):
                Tally.objects.create(
                    organization=organization, mailing_id=send.pk, provider=provider, kind=kind, n=n, at=timezone.now()
                )
    page = as_analyst.get(url(organization, "reputation:domains")).content.decode()
    rows = re.findall(r"<tr>\s*<td>(gmail|yahoo)</td>(.*?)</tr>", page, re.S)
    assert [name for name, _ in rows] == ["gmail", "yahoo"]
    assert "50.0" in rows[0][1]
    assert "50.0" not in rows[1][1]


def test_the_empty_page_teaches(organization, as_owner, as_analyst):
    page = url(organization, "reputation:domains")
    assert "No domain yet" in (text := as_owner.get(page).content.decode())
    assert url(organization, "sending:domain_new") in text
    assert url(organization, "sending:domain_new") not in as_analyst.get(page).content.decode()


# --- The colleague's page ---------------------------------------------------------------------------------------------
def colleague(domain):
    token = colleague_links.mint(organization_id=domain.organization_id, domain=domain.public_id)
    return reverse("colleagues:page", args=[token])


def test_a_colleague_sees_the_records_without_a_login(domain, client, as_owner):
    assert (
        colleague(domain).split("/")[2].split(":")[0]
        in as_owner.get(url(domain.organization, "reputation:domain", domain=domain.public_id)).content.decode()
    )
    answer = client.get(colleague(domain))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert domain.public_key in text
    assert "Copper Kettle wants to send mail" in text
    assert f"/o/{domain.organization.public_id}" not in text
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    checked(domain)
    assert "About DMARC." in client.get(colleague(domain)).content.decode()


def test_a_colleague_may_have_it_looked_at_again_now_and_then(
    domain, client, woken, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(colleague(domain) + "look/", headers={"HX-Request": "true"}).status_code == 200
    assert woken == [(domain.organization_id, domain.pk)]
    checked(domain)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(colleague(domain) + "look/").status_code == 200
    assert len(woken) == 1
    assert client.get(colleague(domain) + "look/").status_code == 405


def test_a_link_that_is_forged_old_or_of_a_domain_that_is_gone(domain, owner, client, monkeypatch):
    good = colleague(domain)
    assert client.get("/dns/nonsense/").status_code == 404
    assert client.get(good[:-2] + "x/").status_code == 404
    monkeypatch.setattr(colleague_links, "DAYS", -1)
    assert client.get(good).status_code == 404
    monkeypatch.undo()
    with tenant_scope(domain.organization):
        domains.remove(domain=domain, actor=owner)
    assert client.get(good).status_code == 404
