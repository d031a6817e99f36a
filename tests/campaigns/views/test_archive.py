"""The public archive and its feed: what was made public and sent, about nobody, for everybody."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from accounts.models import Brand, Organization
from accounts.tenancy import tenant_scope
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import as_sent
from tests.campaigns.views.test_reports import sent  # noqa: F401

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def public(organization: Organization, sent: Campaign) -> Campaign:  # noqa: F811
    with tenant_scope(organization):
        Campaign.objects.filter(pk=sent.pk).update(is_public=True, state=CampaignState.FINISHED, name="Only for us")
        return Campaign.objects.select_related("brand", "mailing__letter").get(pk=sent.pk)


def test_the_list_the_mail_and_the_feed(client: Client, public: Campaign) -> None:
    base = f"/archive/{public.brand.public_id}"
    answer = client.get(base)
    page = answer.content.decode()
    assert answer.status_code == 200 and "Hello you" in page and "Only for us" not in page
    assert "noindex" not in page and "X-Robots-Tag" not in answer and not answer.cookies
    mail = client.get(f"{base}/{public.public_id}")
    text = mail.content.decode()
    assert mail.status_code == 200 and "Hello " in text and "{{" not in text
    assert not re.search(r"Name\d+|@a\.example|/u/|/p/|/c/|/i/", text)
    assert "allow-scripts" not in mail["Content-Security-Policy"]
    feed = client.get(f"{base}/feed.atom")
    assert feed["Content-Type"].startswith("application/atom+xml")
    tree = ElementTree.fromstring(feed.content)  # noqa: S314 (our own)
    (entry,) = tree.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Hello you"
    assert entry.find(f"{ATOM}link").get("href").endswith(f"{base}/{public.public_id}")
    assert tree.find(f"{ATOM}updated") is not None and tree.findtext(f"{ATOM}author/{ATOM}name") == "Copper Kettle"


@pytest.mark.parametrize(
    "change",
    [{"is_public": False}, {"state": CampaignState.SENDING}, {"state": CampaignState.CANCELLED}, {"mailing": None}],
)
def test_what_is_not_public_or_not_sent_is_nowhere(
    client: Client, organization: Organization, public: Campaign, change: dict[str, Any]
) -> None:
    with tenant_scope(organization):
        Campaign.objects.filter(pk=public.pk).update(**change)
    base = f"/archive/{public.brand.public_id}"
    for where in (base, f"{base}/{public.public_id}", f"{base}/feed.atom"):
        assert client.get(where).status_code == 404


def test_nothing_of_another_brand_or_organization(
    client: Client, organization: Organization, other_organization: Organization, public: Campaign
) -> None:
    with tenant_scope(organization):
        second = Brand.objects.create(organization=organization, name="Second")
    with tenant_scope(other_organization):
        theirs = Brand.objects.get()
    for brand in (second, theirs):
        assert client.get(f"/archive/{brand.public_id}/{public.public_id}").status_code == 404
        assert client.get(f"/archive/{brand.public_id}").status_code == 404
    assert client.get("/archive/nobody").status_code == 404
    assert client.post(f"/archive/{public.brand.public_id}").status_code == 405


def test_no_character_breaks_the_feed(client: Client, organization: Organization, public: Campaign) -> None:
    with tenant_scope(organization):
        letter = public.mailing.letter
        letter.plan["parts"]["subject"] = {"chunks": ["Be\x07ll & <b>\ufffe"], "slots": []}
        letter.preheader = "\x0bRing\x1b"
        letter.save()
    feed = client.get(f"/archive/{public.brand.public_id}/feed.atom")
    (entry,) = ElementTree.fromstring(feed.content).findall(f"{ATOM}entry")  # noqa: S314 (our own)
    assert entry.findtext(f"{ATOM}title") == "Be ll & <b>" and entry.findtext(f"{ATOM}summary") == "Ring"


def test_the_mail_of_a_line_is_made_once_however_often_it_is_asked_for(
    client: Client, public: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"/archive/{public.brand.public_id}"
    page = client.get(base).content.decode()
    monkeypatch.delattr(as_sent, "for_anybody")
    assert client.get(base).content.decode() == page and client.get(f"{base}/feed.atom").status_code == 200


def test_a_reader_is_spoken_to_in_their_language(client: Client, public: Campaign) -> None:
    base = f"/archive/{public.brand.public_id}"
    german = {"Accept-Language": "de-AT,en;q=0.5"}
    answer = client.get(base, headers=german)
    page = answer.content.decode()
    assert 'lang="de"' in page and "Was wir geschrieben haben" in page and answer["Vary"] == "Accept-Language"
    gone = client.get(f"{base}/nothing", headers=german)
    assert gone.status_code == 404 and "nicht mehr öffentlich" in gone.content.decode()
    assert 'lang="en"' in client.get(base, headers={"Accept-Language": "tlh"}).content.decode()


def test_pages_of_the_archive(
    client: Client, organization: Organization, public: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.queries import archives

    monkeypatch.setattr(archives.issues, "__kwdefaults__", {"before": None, "most": 1})
    with tenant_scope(organization):
        mailing = public.mailing
        mailing.pk, mailing.public_id = None, "second"
        mailing.save()
        Campaign.objects.create(
            organization=organization,
            brand=public.brand,
            name="Second",
            is_public=True,
            state=CampaignState.FINISHED,
            mailing=mailing,
        )
    base = f"/archive/{public.brand.public_id}"
    first = client.get(base).content.decode()
    older = re.search(r"\?before=(\d+)", first)
    assert older and first.count('<li><a href="/archive/') == 1
    assert public.public_id in client.get(base, {"before": older[1]}).content.decode()
    assert "That was the last page" in client.get(base, {"before": "1"}).content.decode()
    assert client.get(base, {"before": "²"}).status_code == 200
