"""Bulk jobs: whom they reach, that killed, doubled and cancelled workers do no harm, and that they can be taken back."""

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from contacts.actions import job_work, jobs, tags
from contacts.enums import JobKind, JobState
from contacts.errors import NotThisWay
from contacts.models import Contact, Job, JobBatch, Tag, Tagging

WORKER = """
import contextlib, sys, time, django
django.setup()
from contacts.actions import job_work
straight = job_work.tenant_scope_id

@contextlib.contextmanager
def slowly(organization_id):  # a transaction must be long enough to be killed in, on a quick machine too
    with straight(organization_id) as organization:
        yield organization
        time.sleep(0.03)

job_work.tenant_scope_id = slowly
job_work.BATCH = 100
job_work.run(organization_id=int(sys.argv[1]), job_id=int(sys.argv[2]))
"""


def crowd(organization, n, **facts):
    with tenant_scope(organization):
        return Contact.objects.bulk_create(
            Contact(
                organization=organization,
                address=f"p{i}@example.org",
                address_key=f"p{i}@example.org",
                domain="example.org",
                **facts,
            )
            for i in range(n)
        )


def order(organization, people, kind=JobKind.TAG, actor=None, **what):
    with tenant_scope(organization):
        if not what:
            what = {"tag": tags.ensure(organization, ["VIP"])["VIP"].pk}
        return jobs.start(organization=organization, kind=kind, title="Tag VIP", people=people, what=what, actor=actor)


def run(job):
    return job_work.run(organization_id=job.organization_id, job_id=job.pk)


def look(job):
    with tenant_scope(job.organization):
        return Job.objects.get(pk=job.pk)


def tagged(organization):
    with tenant_scope(organization):
        return set(Tagging.objects.values_list("contact_id", flat=True))


def test_reaches_those_who_fit_and_were_there(organization, other_organization, marketer, monkeypatch):
    monkeypatch.setattr(job_work, "BATCH", 3)
    people = crowd(organization, 10)
    crowd(other_organization, 4)
    with tenant_scope(organization):
        Contact.objects.filter(pk=people[2].pk).update(archived_at=timezone.now())
    job = order(organization, {"filter": {"q": "example"}}, actor=marketer)
    with tenant_scope(organization):
        late = Contact.objects.create(
            organization=organization, address="late@example.org", address_key="late@example.org", domain="example.org"
        )
    assert job_work.waiting() == [(organization.pk, job.pk)]
    assert run(job)
    done = look(job)
    assert (done.state, done.total, done.done, done.changed) == (JobState.DONE, 9, 9, 9)
    assert tagged(organization) == {person.pk for person in people} - {people[2].pk}
    assert late.pk not in tagged(organization)
    assert not run(job)
    assert job_work.waiting() == []
    with tenant_scope(organization):
        said = list(AuditEntry.objects.filter(verb__startswith="contacts.job").values_list("verb", "actor_name"))
    assert sorted(said) == [("contacts.job_done", str(marketer)), ("contacts.job_started", str(marketer))]


def test_ids_of_strangers_and_of_the_gone_are_left_out(organization, other_organization):
    mine, theirs = crowd(organization, 3), crowd(other_organization, 2)
    with tenant_scope(organization):
        Contact.objects.filter(pk=mine[0].pk).update(erased_at=timezone.now())
    job = order(organization, {"ids": [person.pk for person in [*mine, *theirs]] + [10**15]})
    run(job)
    assert tagged(organization) == {mine[1].pk, mine[2].pk}
    assert tagged(other_organization) == set()
    assert look(job).done == 2


def test_untagging_whoever_has_the_tag_misses_nobody(organization, monkeypatch):
    monkeypatch.setattr(job_work, "BATCH", 4)
    people = crowd(organization, 11)
    run(order(organization, {"ids": [person.pk for person in people]}))
    with tenant_scope(organization):
        tag = Tag.objects.get()
    run(order(organization, {"filter": {"tag": str(tag.pk)}}, JobKind.UNTAG, tag=tag.pk))
    assert tagged(organization) == set()


def test_taken_back_for_exactly_those_whom_it_changed(organization, marketer, monkeypatch):
    monkeypatch.setattr(job_work, "BATCH", 2)
    people = crowd(organization, 5)
    first = order(organization, {"ids": [people[0].pk]})
    run(first)
    job = order(organization, {})
    run(job)
    assert look(job).changed == 4
    with tenant_scope(organization):
        back = jobs.undo(job=job, actor=marketer)
        with pytest.raises(NotThisWay):
            jobs.undo(job=job, actor=marketer)
    run(back)
    assert tagged(organization) == {people[0].pk}
    assert look(back).state == JobState.DONE
    with tenant_scope(organization):
        Job.objects.update(finished_at=timezone.now() - timedelta(days=31))
    job_work.forget_old()
    with tenant_scope(organization):
        assert not JobBatch.objects.exists()
        assert not jobs.may_undo(Job.objects.get(pk=first.pk))


def test_a_filter_that_lost_its_tag_changes_nobody(organization):
    crowd(organization, 2)
    job = order(organization, {"filter": {"tag": "12345"}})
    run(job)
    assert look(job).state == JobState.FAILED
    assert "the tag" in look(job).problem
    assert tagged(organization) == set()


def test_what_breaks_fails_once_and_says_so(organization, monkeypatch):
    crowd(organization, 2)

    def broken(job, ids):
        raise ValueError("secret")

    monkeypatch.setitem(job_work.HANDLERS, JobKind.TAG, broken)
    job = order(organization, {})
    run(job)
    assert look(job).state == JobState.FAILED
    assert "secret" not in look(job).problem
    assert job_work.waiting() == []


def test_cancelled_in_the_middle_it_keeps_what_was_done(organization, marketer, monkeypatch):
    monkeypatch.setattr(job_work, "BATCH", 2)
    crowd(organization, 6)
    straight, calls = job_work._one_batch, []

    def then_cancel(*args):
        more = straight(*args)
        calls.append(more)
        if len(calls) == 2:
            with tenant_scope(organization):
                assert jobs.cancel(job=Job.objects.get(), actor=marketer)
        return more

    monkeypatch.setattr(job_work, "_one_batch", then_cancel)
    job = order(organization, {})
    run(job)
    assert (look(job).state, look(job).done, len(tagged(organization))) == (JobState.CANCELLED, 4, 4)
    with tenant_scope(organization):
        assert not jobs.cancel(job=job, actor=marketer)


@pytest.mark.django_db(transaction=True)
def test_killed_workers_lose_and_double_nobody(organization):
    people = crowd(organization, 3_000)
    job = order(organization, {})
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    killed = 0
    while look(job).state in jobs.WORKING:
        with tenant_scope(organization):  # what twenty seconds would do
            Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - timedelta(minutes=1))
        start, until = look(job).done, time.monotonic() + 60
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(organization.pk), str(job.pk)],
            env=os.environ | {"DATABASE_URL": url.removesuffix("&port="), "POSTHOUSE_ROLE": "app"},
        )
        while worker.poll() is None:
            assert time.monotonic() < until
            if killed < 3 and look(job).done >= start + 300:
                worker.kill()
                killed += 1
            time.sleep(0.005)
        worker.wait()
    assert killed == 3
    done = look(job)
    assert (done.state, done.done, done.changed) == (JobState.DONE, 3_000, 3_000)
    assert tagged(organization) == {person.pk for person in people}
    with tenant_scope(organization):
        listed = [pk for batch in JobBatch.objects.all() for pk in batch.ids]
    assert sorted(listed) == sorted(tagged(organization))


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_do_one_job_twice(organization, monkeypatch):
    monkeypatch.setattr(job_work, "BATCH", 50)
    crowd(organization, 500)
    job = order(organization, {})
    seen, results = [], []

    def slow(job, ids):
        seen.extend(ids)
        time.sleep(0.01)
        return tags.batch_on(job, ids)

    monkeypatch.setitem(job_work.HANDLERS, JobKind.TAG, slow)

    def work():
        try:
            results.append(run(job))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(results) == [False, True]
    assert len(seen) == len(set(seen)) == 500
    assert look(job).changed == 500


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_slept_too_long_steps_back(organization, monkeypatch):
    """Its job was taken up by another one meanwhile: it must not go on beside it."""
    monkeypatch.setattr(job_work, "BATCH", 2)
    crowd(organization, 6)
    job = order(organization, {})
    straight = job_work._one_batch
    slept = []

    def sleepily(organization_id, job_id, worker):
        if not slept:
            slept.append(worker)
            with tenant_scope(organization):
                Job.objects.filter(pk=job_id).update(beat_at=timezone.now() - timedelta(minutes=1))
            assert run(job)  # the other one does it all
        return straight(organization_id, job_id, worker)

    monkeypatch.setattr(job_work, "_one_batch", sleepily)
    run(job)
    assert (look(job).state, look(job).done, look(job).changed) == (JobState.DONE, 6, 6)
