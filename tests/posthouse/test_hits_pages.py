"""Pages of the hits process: each person's own, from threads that outlive a restart of the database."""

import re
from urllib.parse import urlencode

import psycopg
import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connection, connections

from accounts.tenancy import tenant_scope
from contacts import tokens as contact_tokens
from contacts.actions import subscriptions
from contacts.enums import ConsentSource, SubscriptionState
from contacts.models import Preference, Subscription
from tests.posthouse.test_hits import BODY, URLENCODED, message, person, send, topic
from tests.sending import ledger

__all__ = ["message", "person", "send", "topic"]  # fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def turn_out_the_pages():
    """End the lines of the threads that make pages, as a restart of the database would."""
    with psycopg.connect(
        host=settings.DATABASES["default"]["HOST"],
        user=settings.DATABASES["default"]["USER"],
        dbname="postgres",
        autocommit=True,
    ) as administration:
        name = connection.settings_dict["NAME"]
        administration.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
    connection.close()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()  # what an async test had done in a thread


def test_a_page_survives_that_the_database_was_away(hits, organization, person, topic, message):
    token = contact_tokens.mint(organization_id=organization.pk, contact_id=person.pk, about=f"d{message.pk}")
    for _ in range(5):  # so that every thread has a line
        assert hits("GET", f"/u/{token}").status == 200
    turn_out_the_pages()
    for _ in range(5):
        answer = hits("GET", f"/p/{token}")
        assert answer.status == 200
        assert "Kettle weekly" in answer.text
    assert hits("POST", f"/u/{token}", BODY, Content_Type=URLENCODED).status == 200
    with tenant_scope(organization):
        assert Subscription.objects.get(contact=person, topic=topic).state == SubscriptionState.UNSUBSCRIBED


def test_everybody_gets_their_own_page(hits, organization, person, topic, message):
    """Pages that look the same are made once; what is a person's own is put into each."""
    with tenant_scope(organization):
        other = ledger.contact(organization, "zed@other.example")
        subscriptions.subscribe(
            contact=other, topic=topic, statement=subscriptions.Statement(source=ConsentSource.FORM, wording="Yes")
        )
    pages = {}
    for contact in (person, other, person, other):
        token = contact_tokens.mint(organization_id=organization.pk, contact_id=contact.pk)
        text = hits("GET", f"/p/{token}", Accept_Language="fr").text
        assert not re.search(r"at-[0-9a-f]{16}-", text), "every place is filled"
        assert f"/p/{token}" in text
        pages.setdefault(contact.pk, set()).add(re.search(r"[a-z]•••@[a-z]+\.example", text)[0])
    assert pages == {person.pk: {"m•••@elsewhere.example"}, other.pk: {"z•••@other.example"}}
    # Another's form field is nobody's: it is signed for its own person.
    mine = contact_tokens.mint(organization_id=organization.pk, contact_id=person.pk)
    theirs = contact_tokens.mint(organization_id=organization.pk, contact_id=other.pk)
    form = re.search(r'name="form" value="([^"]+)"', hits("GET", f"/p/{theirs}").text)[1]
    hits("POST", f"/p/{mine}/rhythm", urlencode({"form": form, "cap": "weekly"}), Content_Type=URLENCODED)
    with tenant_scope(organization):
        assert not Preference.objects.exists()


def test_web_versions_archives_and_shared_reports_are_answered_here(hits):
    for path, said in (
        ("/v/nonsense", "There is no mail here"),
        ("/r/nonsense", "This report is not shared"),
        ("/archive/nobody", "There is nothing here"),
        ("/archive/nobody/feed.atom", "There is nothing here"),
    ):
        answer = hits("GET", path, Host="links.kettle.example")
        assert answer.status == 404 and said in answer.text
        assert hits("POST", path).status in (404, 405)
