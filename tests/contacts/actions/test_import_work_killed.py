"""A worker that is killed with -9 in any phase of an import loses nothing and doubles nothing."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts.actions import import_undo, import_work, imports
from contacts.actions.imports import Consent, Match
from contacts.enums import ImportState
from contacts.models import ConsentRecord, Contact, Import, ImportChange, ImportRow, Subscription, Tagging, Topic

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 4_000
KNOWN = 500  # before the file comes
WORKER = """
import contextlib, sys, time, django
django.setup()
from contacts.actions import import_undo, import_work
straight = import_work.tenant_scope_id

@contextlib.contextmanager
def slowly(organization_id):  # a transaction must be long enough to be killed in, on a quick machine too
    with straight(organization_id) as organization:
        time.sleep(0.02)
        yield organization

import_work.tenant_scope_id = slowly
import_work.STAGE_BATCH = import_work.APPLY_BATCH = import_undo.BATCH = 100
import_work.run(organization_id=int(sys.argv[1]), import_id=int(sys.argv[2]))
"""


def start_worker(import_):
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(import_.organization_id), str(import_.pk)],
        env=os.environ | {"DATABASE_URL": url.removesuffix("&port="), "POSTHOUSE_ROLE": "app"},
    )


def look(import_):
    with tenant_scope(import_.organization):
        return Import.objects.select_related("organization").get(pk=import_.pk)


def kill_while_opening(import_, dice):
    """Kill workers at random moments of opening the file, then let one end it; how many were killed."""
    killed = 0
    while look(import_).state == ImportState.UNPACKING:
        with tenant_scope(import_.organization):
            Import.objects.filter(pk=import_.pk).update(beat_at=timezone.now() - timedelta(minutes=1))
        worker = start_worker(import_)
        until = time.monotonic() + 60
        while killed < 3 and not look(import_).worker and worker.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)
        if killed < 3 and worker.poll() is None:
            time.sleep(dice.uniform(0, 0.15))
            worker.kill()
            killed += 1
        worker.wait()
        if killed <= 3:
            with tenant_scope(import_.organization):
                Import.objects.filter(pk=import_.pk, state=ImportState.UNPACKING).update(worker="")
    return killed


def undone_people(import_):
    return look(import_).undo.get("people", 0)


def kill_until_over(import_, working, counter, dice):
    """Start workers and kill each a random number of rows further on, until the phase is over; how many were killed."""
    count = counter if callable(counter) else lambda one: getattr(look(one), counter)
    killed = 0
    while look(import_).state == working:
        with tenant_scope(import_.organization):  # what twenty seconds would do
            Import.objects.filter(pk=import_.pk).update(beat_at=timezone.now() - timedelta(minutes=1))
        start = count(import_)
        worker = start_worker(import_)
        goal = start + dice.randrange(1, PEOPLE // 8)
        until = time.monotonic() + 60
        while worker.poll() is None:
            assert time.monotonic() < until
            if killed < 2 and count(import_) >= goal:
                worker.kill()
                killed += 1
            time.sleep(0.005)
        worker.wait()
    return killed


def test_killed_workers_lose_and_double_nothing(organization):
    dice = random.Random(4)
    people = [
        {"email": f"p{i}@example.org", "city": f"City {i}", "tags": ["Oslo"] if i % 3 else []} for i in range(PEOPLE)
    ]
    with tenant_scope(organization):
        topic = Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")
        Contact.objects.bulk_create(
            Contact(
                organization=organization, address=key, address_key=key, domain="example.org", values={"city": "Before"}
            )
            for key in (f"p{i}@example.org" for i in range(0, 2 * KNOWN, 2))
        )
        import_ = imports.receive(
            organization=organization, file_name="p.json", chunks=[json.dumps(people).encode()], actor=None
        )
    assert kill_while_opening(import_, dice)
    import_ = look(import_)
    assert import_.state == ImportState.UPLOADED, import_.problem
    assert import_.dialect["lines"] == PEOPLE
    with tenant_scope(organization):
        matches: list[Match] = imports.as_guessed(import_)
        consent = Consent("consent", "Yes", "Shop", date(2026, 5, 1))
        imports.match_columns(import_=import_, matches=matches, topics=[topic], consent=consent, actor=None)
    killed = kill_until_over(import_, ImportState.STAGING, "rows_staged", dice)
    assert killed
    with tenant_scope(organization):
        assert (Import.objects.get().plan["new"], Import.objects.get().plan["changed"]) == (PEOPLE - KNOWN, KNOWN)
        assert ImportRow.objects.values("line").distinct().count() == ImportRow.objects.count() == PEOPLE
        imports.approve(import_=import_, actor=None)
    killed = kill_until_over(import_, ImportState.APPLYING, "rows_applied", dice)
    assert killed
    with tenant_scope(organization):
        done = Import.objects.get()
        assert (done.state, done.rows_applied) == (ImportState.APPLIED, PEOPLE)
        assert Contact.objects.count() == Subscription.objects.count() == ConsentRecord.objects.count() == PEOPLE
        assert ImportChange.objects.count() == KNOWN
        assert Tagging.objects.count() == sum(1 for one in people if one["tags"])
        assert Contact.objects.filter(values__city="Before").count() == 0
        import_undo.start(import_=import_, actor=None)
    killed = kill_until_over(import_, ImportState.UNDOING, undone_people, dice)
    assert killed
    with tenant_scope(organization):
        done = Import.objects.get()
        assert (done.state, done.undo["people"], done.undo["deleted"]) == (ImportState.UNDONE, PEOPLE, PEOPLE - KNOWN)
        assert (
            Contact.objects.filter(values={"city": "Before"}, archived_at=None).count()
            == Contact.objects.count()
            == KNOWN
        )
        assert not Subscription.objects.exists()
        assert not Tagging.objects.exists()
        assert ConsentRecord.objects.filter(action="reverted").count() == PEOPLE, "one a subscription"
    assert import_work.waiting() == []
