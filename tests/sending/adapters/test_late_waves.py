"""Waves on real tables: what is refused after a wave is known waits for review, and so does what came just before."""

import pytest
from django.db import connection, transaction

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.adapters import late_waves
from sending.adapters.late_waves import LateWaves
from sending.enums import DeliveryState, EventKind
from sending.judging import likeness
from sending.models import Delivery
from sending.queries import ledger as audit
from sending.relay.ports import Parcel, Settlement, Wave
from tests.sending import ledger as rows
from tests.sending.adapters.town import Town, build, claim_all, relay


def refused(parcel: Parcel, text: str = "no such person") -> Settlement:
    domain = parcel.lane.domain
    said = f"<{parcel.address}>: {text}"
    return Settlement(
        parcel.id,
        "bounced",
        "invalid_recipient",
        "550 5.1.1",
        said,
        host="mx.example",
        provider="Granite Mail",
        suppress="invalid",
        likeness=likeness.of(provider="Granite Mail", domain=domain, code=550, status="5.1.1", text=said),
    )


def listed(town: Town) -> set[str]:
    return {row[0] for row in town.rows("SELECT address_key FROM contacts_suppression WHERE lifted_at IS NULL")}


def held(town: Town) -> set[str]:
    return {row[0] for row in town.rows("SELECT address_key FROM sending_heldbounce WHERE decision = 'waiting'")}


@pytest.mark.django_db(transaction=True)
async def test_the_relays_waves(organization: Organization) -> None:
    from asgiref.sync import sync_to_async

    town = await sync_to_async(build)(organization)
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    first, other, then = parcels[:2], parcels[2:3], parcels[3:]
    await ledger.flush([*(refused(p) for p in first), *(refused(p, "disabled") for p in other)], [], 1)
    assert listed(town) == {p.address for p in parcels[:3]}
    wave = Wave(refused(first[0]).likeness, "Granite Mail", "550 5.1.1", "<someone@somewhere>: no such person")
    assert await ledger.wave(wave) == 2
    assert await ledger.wave(wave) == 0, "they are back already"
    assert (listed(town), held(town)) == ({other[0].address}, {p.address for p in first})
    await ledger.flush([refused(p) for p in then], [], 2)
    assert (listed(town), held(town)) == ({other[0].address}, {p.address for p in [*first, *then]})
    assert town.states() == {DeliveryState.BOUNCED: 6}
    town.rows("UPDATE sending_bouncewave SET open_until = now() - interval '1 second'")
    assert town.rows("SELECT count(*) FROM contacts_suppression WHERE lifted_why LIKE 'One of a wave%%'") == [(2,)]
    await ledger.close()

    def adds_up() -> None:
        with cross_tenant("a test audits"):
            assert list(audit.audit()) == []

    await sync_to_async(adds_up)()


def late_bounces(organization: Organization, *, tried: int, back: int) -> list[Delivery]:
    """Deliveries of late at one domain, so many of which came back; the last one is not written down yet."""
    send = rows.mailing(organization)
    made = [
        rows.delivery(send, contact=rows.contact(organization, f"p{n}@quay.example"), provider="Quay Post")
        for n in range(tried)
    ]
    with connection.cursor() as cursor:
        for n, row in enumerate(made):
            for kind in (EventKind.DELIVERED, *((EventKind.LATE_BOUNCE,) if n < back else ())):
                cursor.execute(
                    "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, provider, code, text) "
                    "VALUES (%s, %s, %s, %s, 'Quay Post', '550 5.1.1', 'unknown')",
                    [organization.pk, send.pk, row.pk, int(kind)],
                )
    return made


@pytest.mark.django_db
@pytest.mark.parametrize(("tried", "back", "is_wave"), [(10, 9, True), (30, 5, False)])
def test_the_mailrooms_waves(organization: Organization, tried: int, back: int, *, is_wave: bool) -> None:
    with tenant_scope(organization):
        late_bounces(organization, tried=tried, back=back)
    like = likeness.of(provider="Quay Post", domain="", code=550, status="5.1.1", text="unknown")
    waves = LateWaves()
    said = [waves.refused(Wave(like, "Quay Post", "550 5.1.1", "unknown")) for _ in range(late_waves.LIMITS.least)]
    assert said == [False] * (late_waves.LIMITS.least - 1) + [is_wave]
    assert not waves.refused(Wave(like, "Quay Post", "550 5.1.1", "unknown")), "one look in a while is enough"
    with cross_tenant("a test looks"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sending_bouncewave WHERE open_until > now()")
        assert cursor.fetchone()[0] == int(is_wave)
