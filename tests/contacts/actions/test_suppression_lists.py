"""Lists for the do-not-send list: planned first, believed where we know the word, bounded."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Brand
from contacts import fingerprints
from contacts.actions import suppression_lists as lists
from contacts.actions import suppressions
from contacts.enums import SuppressionReason
from contacts.errors import BadImport
from contacts.models import Suppression, Topic

pytestmark = pytest.mark.django_db
IMPORTED = SuppressionReason.IMPORTED


def receive(organization, text):
    return lists.receive(organization=organization, chunks=[text.encode() if isinstance(text, str) else text])


def plan(organization, text, reason=IMPORTED, topic=None):
    name = receive(organization, text)
    return name, lists.plan(organization=organization, name=name, reason=reason, topic=topic)


def add(organization, name, actor=None, reason=IMPORTED, topic=None):
    return lists.add(
        organization=organization, name=name, reason=reason, topic=topic, evidence="Mailchimp", actor=actor
    )


def entries():
    return {(row.address_key, row.reason) for row in Suppression.objects.filter(lifted_at=None)}


def test_a_list_is_planned_and_added(scoped, marketer):
    suppressions.suppress(organization=scoped, address="ann@example.org", reason=IMPORTED, source="import")
    text = "Email;Reason;Evidence\nann@example.org;;\nBob@Example.org;complained;via AOL\nnonsense;;\n"
    text += "cid@example.org;Hard bounce;550\ndora@example.org;subscribed;\nbob@example.org;spam;\n=1+1@;;\n"
    name, found = plan(scoped, text)
    assert (found.rows, found.new, found.known, found.doubled, found.invalid, found.skipped) == (7, 2, 1, 1, 2, 1)
    assert found.reasons == {
        IMPORTED: 1,
        SuppressionReason.COMPLAINED: 1,
        SuppressionReason.BOUNCED: 1,
    }
    assert [line for line, _, _ in found.bad] == [4, 8]
    assert len(entries()) == 1, "nothing was added by the plan"
    assert add(scoped, name, marketer) == 2
    assert entries() == {
        ("ann@example.org", "imported"),
        ("bob@example.org", "complained"),
        ("cid@example.org", "bounced"),
    }
    bob = Suppression.objects.get(address_key="bob@example.org")
    assert (bob.evidence, bob.marketing_only, bob.source) == ("via AOL", True, "import")
    with pytest.raises(BadImport, match="not there any more"):
        lists.plan(organization=scoped, name="../../etc", reason=IMPORTED, topic=None)


def test_a_forgotten_address_counts_as_known(scoped):
    Suppression.objects.create(
        organization=scoped,
        address_key=fingerprints.listed("ann@example.org")[0],
        reason=SuppressionReason.ERASED,
        source="page",
    )
    name, found = plan(scoped, "Ann@example.org\nbob@example.org\n")
    assert (found.new, found.known) == (1, 1)
    assert add(scoped, name) == 1
    assert not Suppression.objects.filter(address_key__startswith="ann").exists()


def test_a_pasted_list_without_a_header(scoped):
    _, found = plan(scoped, "ann@example.org; unsubscribed\nbob@example.org; abuse\n")
    assert found.reasons == {SuppressionReason.UNSUBSCRIBED: 1, SuppressionReason.COMPLAINED: 1}
    _, found = plan(scoped, "ann@example.org")
    assert (found.new, found.reasons) == (1, {IMPORTED: 1})


def test_our_own_export_is_understood_and_topics_by_their_name(scoped):
    topic = Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")
    text = "Address,Reason,Scope,Topic,Source\nann@example.org,manual,topic,news,member\nbob@example.org,manual,all,,\n"
    text += "cid@example.org,manual,topic,Gone,member\n"
    name, found = plan(scoped, text)
    assert (found.new, found.invalid) == (2, 1)
    assert "no topic called Gone" in found.bad[0][2]
    add(scoped, name)
    assert Suppression.objects.get(address_key="ann@example.org").topic == topic
    assert Suppression.objects.get(address_key="bob@example.org").topic is None


def test_limits_and_rubbish(scoped, monkeypatch):
    for rubbish in ("", b"\x00\x01\x02", b"PK\x03\x04" + bytes(200)):
        try:
            found = lists.plan(organization=scoped, name=receive(scoped, rubbish), reason=IMPORTED, topic=None)
        except BadImport:
            continue
        assert not found.new
    monkeypatch.setattr(lists, "MAX_ROWS", 2)
    name = receive(scoped, "a@example.org\nb@example.org\nc@example.org\n")
    with pytest.raises(BadImport, match="more than 2 rows"):
        lists.plan(organization=scoped, name=name, reason=IMPORTED, topic=None)
    monkeypatch.setattr(lists, "MAX_BYTES", 10)
    with pytest.raises(BadImport, match="larger"):
        receive(scoped, "a@example.org\n")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=400))
def test_every_row_is_accounted_for_whatever_the_bytes(scoped, raw):
    try:
        _, found = plan(scoped, raw)
    except BadImport:
        return
    assert found.rows == found.new + found.known + found.doubled + found.invalid + found.skipped
