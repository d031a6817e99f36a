"""Doing something to the people who were chosen: at once for a few, as a job for everybody, and who may."""

import pytest
from django.utils.http import urlencode

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from contacts.actions import job_work, subscriptions, tags
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, JobState
from contacts.models import ConsentRecord, Contact, Job, Subscription, Suppression, Tagging
from contacts.queries import selections
from contacts.views.bulk import DEEDS
from tests.contacts.views.test_people import person, topic, url

__all__ = ["topic"]

STATEMENT = {"basis": "consent", "source": "Fair", "wording": "Yes please", "given_on": "2026-05-12"}


def bulk(organization, **query):
    return url(organization, "people_bulk") + "?" + urlencode(query, doseq=True)


def last_message(response):
    *_, message = response.context["messages"]
    return message


def test_a_few_are_tagged_at_once_and_it_can_be_undone(as_marketer, organization):
    ann, bob = person(organization, "ann"), person(organization, "bob")
    page = bulk(organization, do="tag", id=[ann.pk, bob.pk])
    assert "2 people" in as_marketer.get(page).content.decode()
    assert as_marketer.post(page, {"tag": " \x00 "}).status_code == 422
    done = as_marketer.post(page, {"tag": "VIP"}, follow=True)
    message = last_message(done)
    assert message.message == "Tag “VIP”: 2 people."
    with tenant_scope(organization):
        assert set(Tagging.objects.values_list("contact_id", flat=True)) == {ann.pk, bob.pk}
        assert Job.objects.get().state == JobState.DONE
    again = as_marketer.post(page, {"tag": "vip"}, follow=True)
    assert "It was so already." in last_message(again).message
    as_marketer.post(message.extra_tags.removeprefix("undo:"))
    with tenant_scope(organization):
        assert not Tagging.objects.exists()


def test_everybody_who_fits_becomes_a_job(as_marketer, organization):
    ann = person(organization, "ann")
    person(organization, "bob")
    page = bulk(organization, do="archive", all="1", q="ann@")
    assert "1 person: everybody found by a search" in as_marketer.get(page).content.decode()
    response = as_marketer.post(page)
    with tenant_scope(organization):
        job = Job.objects.get()
    assert response.url == url(organization, "job", job=job.public_id)
    assert (job.people, job.title) == ({"filter": {"q": "ann@"}}, "Archive: everybody found by a search")
    assert "Waiting for a worker" in as_marketer.get(response.url).content.decode()
    job_work.run(organization_id=organization.pk, job_id=job.pk)
    with tenant_scope(organization):
        assert list(Contact.objects.exclude(archived_at=None)) == [ann]
    page = as_marketer.get(response.url).content.decode()
    assert "Take it back" in page
    progress = as_marketer.get(url(organization, "job_progress", job=job.public_id))
    assert (progress.status_code, progress["HX-Refresh"]) == (286, "true")
    as_marketer.post(url(organization, "job_undo", job=job.public_id))
    with tenant_scope(organization):
        assert not Contact.objects.exclude(archived_at=None).exists()
    assert "Taken back by" in as_marketer.get(response.url).content.decode()
    assert as_marketer.get(url(organization, "work")).content.decode().count("everybody found by a search") == 2


def test_adding_to_a_topic_asks_for_the_consent(as_marketer, organization, topic):
    ann = person(organization, "ann")
    page = bulk(organization, do="subscribe", id=ann.pk)
    for missing in STATEMENT:
        posted = {"topic": "news", **STATEMENT} | {missing: ""}
        assert as_marketer.post(page, posted).status_code == 422, missing
    for odd in ({"given_on": "2200-01-01"}, {"given_on": "1066-10-14"}, {"topic": "gone"}, {"basis": "because"}):
        assert as_marketer.post(page, {"topic": "news", **STATEMENT} | odd).status_code == 422
    with tenant_scope(organization):
        assert not Job.objects.exists()
    as_marketer.post(page, {"topic": "news", **STATEMENT})
    with tenant_scope(organization):
        assert Subscription.objects.get().contact_id == ann.pk
        assert ConsentRecord.objects.get().wording == "They asked for it (consent). Fair: Yes please"
        assert {"contacts.job_started", "contacts.job_done"} <= set(AuditEntry.objects.values_list("verb", flat=True))


def test_it_is_said_who_stays_out_of_a_topic(as_marketer, organization, topic):
    ann, bob, cid = (person(organization, name) for name in ("ann", "bob", "cid"))
    said = Statement(ConsentSource.PAGE)
    with tenant_scope(organization):
        subscriptions.unsubscribe_all(contact=bob, statement=said)
        subscriptions.unsubscribe(contact=cid, topic=topic, statement=said)
    page = bulk(organization, do="subscribe", id=[ann.pk, bob.pk, cid.pk])
    done = as_marketer.post(page, {"topic": "news", **STATEMENT}, follow=True)
    spared = "1 changed; for 2 nothing changed (1 had left or never confirmed, 1 on the do-not-send list)."
    assert spared in last_message(done).message
    with tenant_scope(organization):
        job = Job.objects.get()
    shown = as_marketer.get(url(organization, "job", job=job.public_id)).content.decode()
    assert "Left out, because they are on the do-not-send list" in shown and "by their own wish" in shown


def test_only_an_admin_lifts_what_a_job_suppressed(as_owner, as_marketer, organization):
    ann = person(organization, "ann")
    done = as_marketer.post(
        bulk(organization, do="suppress", id=ann.pk), {"reason": "manual", "evidence": "Wrote us"}, follow=True
    )
    assert "undo:" not in last_message(done).extra_tags
    with tenant_scope(organization):
        job = Job.objects.get()
        assert Suppression.objects.filter(lifted_at=None).count() == 1
    undo = url(organization, "job_undo", job=job.public_id)
    assert as_marketer.post(undo).status_code == 403
    assert "Take it back" not in as_marketer.get(url(organization, "job", job=job.public_id)).content.decode()
    as_owner.post(undo)
    with tenant_scope(organization):
        assert not Suppression.objects.filter(lifted_at=None).exists()


def test_deleting_wants_the_number_typed(as_owner, as_marketer, organization):
    ann, bob = person(organization, "ann"), person(organization, "bob")
    page = bulk(organization, do="delete", id=[ann.pk, bob.pk])
    assert as_marketer.get(page).status_code == 403
    assert as_marketer.post(page, {"typed": "2"}).status_code == 403
    assert as_owner.post(page, {"typed": "3"}).status_code == 422
    as_owner.post(page, {"typed": "2"})
    with tenant_scope(organization):
        assert not Contact.objects.exists()


def test_too_many_to_count_are_counted_while_it_is_done(as_owner, organization, monkeypatch):
    person(organization, "ann")
    monkeypatch.setattr(selections, "_count", lambda organization, wanted: None)
    page = bulk(organization, do="delete", all="1")
    assert "A great many people" in as_owner.get(page).content.decode()
    assert as_owner.post(page, {"typed": "1"}).status_code == 422
    assert as_owner.post(page, {"typed": "delete"}).status_code == 302


def test_counting_gives_up_in_time_and_spoils_nothing(scoped, monkeypatch):
    from django.db import connection

    def slow(organization, wanted):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(selections, "COUNT_SECONDS", 0.05)
    monkeypatch.setattr(selections.people, "how_many", slow)
    assert selections._count(scoped, selections.filters.Filter()) is None
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.parametrize(
    "query", [{"do": "tag"}, {"do": "tag", "id": "999999"}, {"do": "tag", "id": "x"}, {"do": "nonsense", "id": "1"}, {}]
)
def test_nobody_chosen_goes_back_to_the_list(as_marketer, organization, query):
    person(organization, "ann")
    response = as_marketer.get(bulk(organization, **query))
    assert response.url == url(organization, "people")


def test_a_filter_that_lost_its_tag_chooses_nobody(as_marketer, organization):
    person(organization, "ann")
    response = as_marketer.post(bulk(organization, do="archive", all="1", tag="77"))
    assert response.status_code == 302
    with tenant_scope(organization):
        assert not Job.objects.exists()


def test_strangers_ids_are_nobodys(as_marketer, organization, other_organization):
    theirs = person(other_organization, "eve")
    response = as_marketer.post(bulk(organization, do="archive", id=theirs.pk))
    assert response.url == url(organization, "people")


def test_a_tag_is_removed_from_those_who_have_it(as_marketer, organization):
    ann = person(organization, "ann")
    with tenant_scope(organization):
        tag = tags.ensure(organization, ["VIP"])["VIP"]
        tags.put_on(tag=tag, ids=[ann.pk])
    as_marketer.post(bulk(organization, do="untag", all="1", tag=tag.pk), {"tag": tag.pk})
    with tenant_scope(organization):
        job = Job.objects.get()
    job_work.run(organization_id=organization.pk, job_id=job.pk)
    with tenant_scope(organization):
        assert not Tagging.objects.exists()


@pytest.mark.parametrize("do", sorted(DEEDS))
def test_who_may(as_owner, as_marketer, as_analyst, as_outsider, organization, topic, do):
    ann = person(organization, "ann")
    page = bulk(organization, do=do, id=ann.pk)
    admins = 403 if do == "delete" else 200
    for client, sees in ((as_outsider, 404), (as_analyst, 403), (as_marketer, admins), (as_owner, 200)):
        assert client.get(page).status_code == sees
        if sees != 200:
            assert client.post(page, {"tag": "x", "typed": "1"}).status_code == sees


def test_jobs_are_seen_by_members_and_changed_by_marketers(
    as_owner, as_marketer, as_analyst, as_outsider, organization
):
    ann = person(organization, "ann")
    as_marketer.post(bulk(organization, do="archive", id=ann.pk))
    as_marketer.post(bulk(organization, do="restore", all="1", state="archived"))
    with tenant_scope(organization):
        waiting, done = Job.objects.order_by("-pk")
    for client, sees in ((as_outsider, 404), (as_analyst, 200), (as_marketer, 200), (as_owner, 200)):
        assert client.get(url(organization, "job", job=done.public_id)).status_code == sees
        assert client.get(url(organization, "job_progress", job=waiting.public_id)).status_code == sees
        assert client.get(url(organization, "jobs")).status_code == sees
        assert client.get(url(organization, "work")).status_code == sees
        assert client.get(url(organization, "job", job="nothere")).status_code == 404
    assert "Bring back: everybody" in as_analyst.get(url(organization, "jobs")).content.decode()
    for client, answer in ((as_outsider, 404), (as_analyst, 403), (as_marketer, 302)):
        assert client.post(url(organization, "job_cancel", job=waiting.public_id)).status_code == answer
        assert client.post(url(organization, "job_undo", job=done.public_id)).status_code == answer
    with tenant_scope(organization):
        waiting.refresh_from_db()
    assert waiting.state == JobState.CANCELLED


@pytest.mark.parametrize("n", [1, 3])
def test_the_bell_and_the_history_take_the_same_queries(n, as_marketer, organization, django_assert_num_queries):
    ann = person(organization, "ann")
    for _ in range(n):
        as_marketer.post(bulk(organization, do="archive", all="1"))
        as_marketer.post(bulk(organization, do="tag", id=ann.pk), {"tag": "VIP"})
    for name, queries in (("jobs", 13), ("work", 12)):
        as_marketer.get(url(organization, name))
        with django_assert_num_queries(queries):
            as_marketer.get(url(organization, name))


def test_tags_page(as_marketer, as_analyst, as_outsider, organization):
    ann = person(organization, "ann")
    assert "No tags yet" in as_analyst.get(url(organization, "tags")).content.decode()
    with tenant_scope(organization):
        made = tags.ensure(organization, ["VIP", "Fair"])
        tags.put_on(tag=made["VIP"], ids=[ann.pk])
    rename, remove = (url(organization, f"tag_{do}", tag=made["VIP"].pk) for do in ("rename", "remove"))
    for client, sees, writes in ((as_outsider, 404, 404), (as_analyst, 200, 403)):
        assert client.get(url(organization, "tags")).status_code == sees
        assert client.post(rename, {"name": "x"}).status_code == writes
        assert client.post(remove, {"typed": "VIP"}).status_code == writes
    as_marketer.post(rename, {"name": "fair"})
    as_marketer.post(rename, {"name": "Best"})
    as_marketer.post(remove, {"typed": "VIP"})
    shown = as_marketer.get(url(organization, "tags"))
    assert [(tag.name, tag.people) for tag in shown.context["rows"]] == [("Best", 1), ("Fair", 0)]
    assert "There is a tag fair already." in shown.content.decode()
    as_marketer.post(remove, {"typed": "Best"})
    with tenant_scope(organization):
        assert not Tagging.objects.exists()
