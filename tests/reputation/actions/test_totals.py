"""Totals: folding counts each tally once whoever else folds, and rebuilding comes to the same numbers."""

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from accounts.tenancy import cross_tenant, tenant_scope
from reputation.actions import totals
from reputation.models import Total
from reputation.queries import totals as reading
from sending.enums import Bucket, DeliveryState, EventKind, bucket_of
from sending.models import Engagement, Event, Tally
from tests.sending import ledger


def event(row, kind, link=-1):
    Event.objects.bulk_create(
        [
            Event(
                id=row.pk * 1000 + int(kind),
                at=timezone.now(),
                organization=row.organization,
                mailing_id=row.mailing_id,
                delivery_id=row.pk,
                kind=kind,
                variant=row.variant,
                link=link,
                provider=row.provider,
                code="",
                text="",
                facts={},
            )
        ]
    )
    tally(row, kind, 1, link)


def tally(row, kind, n, link=-1):
    Tally.objects.create(
        organization=row.organization,
        mailing_id=row.mailing_id,
        variant=row.variant,
        provider=row.provider,
        kind=kind,
        link=link,
        n=n,
        at=timezone.now(),
    )


@pytest.fixture
def send(organization):
    """A send whose messages are in every state, with a person who opened and clicked and a machine that did."""
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        rows = [
            ledger.delivery(send, contact=ledger.contact(organization, f"p{n}@x.example"), state=state, attempts=n % 2)
            for n, state in enumerate([*DeliveryState, DeliveryState.DELIVERED])
        ]
        seen, scanned = [row for row in rows if row.state == DeliveryState.DELIVERED]
        now = timezone.now()
        event(seen, EventKind.CLICKED, link=2)
        Engagement.objects.create(
            delivery=seen, organization=organization, mailing_id=send.pk, opened_at=now, clicked_at=now, links=[2]
        )
        for kind, link in ((EventKind.FIRST_OPENED, -1), (EventKind.FIRST_CLICKED, -1), (EventKind.FIRST_CLICKED, 2)):
            tally(seen, kind, 1, link)
        event(scanned, EventKind.OPENED_MACHINE)
        Engagement.objects.create(
            delivery=scanned, organization=organization, mailing_id=send.pk, machine_opened_at=now
        )
        tally(scanned, EventKind.FIRST_OPENED_MACHINE, 1)
    return send


def numbers(organization):
    with tenant_scope(organization):
        return {
            (t.kind, t.link, t.provider): t.n for t in Total.objects.filter(organization=organization) if t.n
        }, Tally.objects.count()


def test_folding_moves_every_number_once(organization, send):
    with tenant_scope(organization):
        before = reading.of_mailing(send.pk)
    with cross_tenant("test"):
        folded = totals.fold(batch=5)
        assert folded == 5
    with tenant_scope(organization):
        assert reading.of_mailing(send.pk) == before
    with cross_tenant("test"):
        while totals.fold(batch=5):
            pass
    with tenant_scope(organization):
        assert reading.of_mailing(send.pk) == before
        assert before.audience == 12
        assert (before.delivered, before.opens, before.machine_opens, before.clicks) == (2, 1, 1, 1)
    assert numbers(organization)[1] == 0


def test_rebuilding_comes_to_the_same_numbers(organization, send):
    with cross_tenant("test"):
        assert totals.differences() == []
        while totals.fold():
            pass
    counted = numbers(organization)
    with cross_tenant("test"):
        totals.rebuild()
        assert totals.differences() == []
    assert numbers(organization) == counted


def test_the_command_says_what_is_wrong_and_mends_it(organization, send, capsys):
    call_command("rebuild_totals", "--check")
    with tenant_scope(organization):
        Tally.objects.filter(kind=Bucket.DELIVERED).first().delete()
    with pytest.raises(CommandError, match="do not agree"):
        call_command("rebuild_totals", "--check")
    assert f"mailing {send.pk} kind 3 provider gmail variant 0 link -1: counted 1, true 2" in capsys.readouterr().err
    call_command("rebuild_totals")
    call_command("rebuild_totals", "--check")


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("attempts", [0, 2])
def test_sql_and_python_agree_on_the_bucket(state, attempts, db):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {totals.BUCKET_OF_ROW} FROM (SELECT %s AS state, %s AS attempts) d", [int(state), attempts]
        )
        assert cursor.fetchone()[0] == bucket_of(state, attempts)


@pytest.mark.django_db(transaction=True)
def test_folds_at_the_same_time_count_once(organization):
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        Tally.objects.bulk_create(
            Tally(
                organization=organization,
                mailing_id=send.pk,
                kind=1 + n % 9,
                provider=f"p{n % 4}",
                n=1,
                at=timezone.now(),
            )
            for n in range(2000)
        )
    failures = []

    def fold_all():
        try:
            for _ in range(25):
                with cross_tenant("test"):
                    totals.fold(batch=100)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is told)
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=fold_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sum(numbers(organization)[0].values()) == 2000
    assert numbers(organization)[1] == 0


def test_rates_are_out_of_what_they_say(organization):
    counts = reading.Counts(
        {Bucket.DELIVERED: 90, Bucket.BOUNCED: 8, Bucket.EXPIRED: 2, Bucket.SUPPRESSED: 40, EventKind.FIRST_OPENED: 45}
    )
    assert counts.delivery_rate.value == 0.9
    assert counts.bounce_rate.value == 0.08
    assert counts.open_rate.percent == 50
    assert reading.Counts({Bucket.DELIVERED: 49}).open_rate.value is None
    assert sum(counts.parts.values()) == counts.audience == 140


def test_the_overview_is_of_recent_marketing_mail_by_provider(organization, send, django_assert_num_queries):
    with tenant_scope(organization):
        old = ledger.mailing(organization)
        ledger.delivery(old, provider="old")
        type(old).objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=40))
        test = ledger.mailing(organization, kind="test")
        ledger.delivery(test, provider="test")
        with django_assert_num_queries(1):
            found = reading.overview_by_provider(organization)
        assert list(found) == ["gmail"]
        assert found["gmail"].audience == 12
        assert reading.overview(organization) == found["gmail"]


def test_numbers_by_link_variant_and_send(organization, send):
    with tenant_scope(organization):
        assert reading.by_link(send.pk)[2].clicks == 1
        assert reading.by_link(send.pk)[2].of(EventKind.CLICKED) == 1
        assert reading.by_variant(send.pk)[0].audience == 12
        assert reading.of_mailings([send.pk, 0])[send.pk].audience == 12
        assert reading.of_mailings([]) == {}
        assert reading.of_mailing(0).audience == 0


def test_another_organization_reads_nothing(organization, other_organization, send):
    with tenant_scope(other_organization):
        assert reading.of_mailing(send.pk).audience == 0
        assert reading.overview(organization).audience == 0
