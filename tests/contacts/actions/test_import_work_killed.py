"""A worker that is killed with -9 in any phase of an import loses nothing and doubles nothing."""

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
from contacts.actions import import_work, imports
from contacts.actions.imports import Consent, Match
from contacts.enums import ImportState
from contacts.models import ConsentRecord, Contact, Import, ImportRow, Subscription, Topic
from tests.contacts.actions.test_import_work import as_guessed

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6_000
WORKER = """
import contextlib, sys, time, django
django.setup()
from contacts.actions import import_work
straight = import_work.tenant_scope_id

@contextlib.contextmanager
def slowly(organization_id):  # a transaction must be long enough to be killed in, on a quick machine too
    with straight(organization_id) as organization:
        time.sleep(0.02)
        yield organization

import_work.tenant_scope_id = slowly
import_work.STAGE_BATCH = import_work.APPLY_BATCH = 100
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
        return Import.objects.get(pk=import_.pk)


def kill_until_over(import_, working, counter, dice):
    """Start workers and kill each a random number of rows further on, until the phase is over; how many were killed."""
    killed = 0
    while look(import_).state == working:
        with tenant_scope(import_.organization):  # what twenty seconds would do
            Import.objects.filter(pk=import_.pk).update(beat_at=timezone.now() - timedelta(minutes=1))
        start = getattr(look(import_), counter)
        worker = start_worker(import_)
        goal = start + dice.randrange(1, PEOPLE // 8)
        until = time.monotonic() + 60
        while worker.poll() is None:
            assert time.monotonic() < until
            if killed < 4 and getattr(look(import_), counter) >= goal:
                worker.kill()
                killed += 1
            time.sleep(0.005)
        worker.wait()
    return killed


def test_killed_workers_lose_and_double_nothing(organization):
    dice = random.Random(4)
    rows = "".join(f"p{i}@example.org,City {i}\n" for i in range(PEOPLE))
    with tenant_scope(organization):
        topic = Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")
        import_ = imports.receive(
            organization=organization, file_name="p.csv", chunks=[b"email,city\n", rows.encode()], actor=None
        )
        matches: list[Match] = as_guessed(import_)
        consent = Consent("consent", "Yes", "Shop", date(2026, 5, 1))
        imports.match_columns(import_=import_, matches=matches, topics=[topic], consent=consent, actor=None)
    killed = kill_until_over(import_, ImportState.STAGING, "rows_staged", dice)
    assert killed
    with tenant_scope(organization):
        assert Import.objects.get().plan["new"] == PEOPLE
        assert ImportRow.objects.values("line").distinct().count() == ImportRow.objects.count() == PEOPLE
        imports.approve(import_=import_, actor=None)
    killed = kill_until_over(import_, ImportState.APPLYING, "rows_applied", dice)
    assert killed
    with tenant_scope(organization):
        done = Import.objects.get()
        assert (done.state, done.rows_applied) == (ImportState.APPLIED, PEOPLE)
        assert Contact.objects.count() == Subscription.objects.count() == ConsentRecord.objects.count() == PEOPLE
    assert import_work.waiting() == []
