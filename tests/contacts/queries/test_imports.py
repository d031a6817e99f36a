"""Where a row stands, how far an import is, and the numbers of a plan with the rows behind them."""

import json
import random
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Brand
from contacts.actions import import_work, imports, suppressions
from contacts.enums import ImportState, SuppressionReason
from contacts.models import Import, ImportRow, Topic
from contacts.queries import import_plans
from contacts.queries import imports as queries
from tests.contacts.actions.test_import_work import applied, planned


@pytest.fixture
def topic(scoped):
    return Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")


def test_a_row_of_an_archive_is_found_in_its_own_file():
    import_ = Import(file_name="all.zip", dialect={"files": [["a.csv", 3], ["empty.csv", 0], ["b.csv", 2]]})
    assert [queries.spot(import_, line) for line in range(1, 6)] == [
        ("a.csv", 2),
        ("a.csv", 3),
        ("a.csv", 4),
        ("b.csv", 2),
        ("b.csv", 3),
    ]
    assert queries.spot(Import(file_name="p.csv", dialect={}), 7) == ("p.csv", 7)


@pytest.mark.parametrize(
    ("state", "facts", "done", "total"),
    [
        ("unpacking", {"rows_staged": 40}, 40, None),
        ("staging", {"rows_staged": 40, "dialect": {"lines": 100}}, 40, 100),
        ("applying", {"rows_applied": 40, "rows_total": 100}, 40, 100),
        ("undoing", {"undo": {"people": 40, "of": 100}}, 40, 100),
        ("undoing", {"undo": {"people": 140, "of": 100}}, 140, 140),
    ],
)
def test_how_far_each_phase_is(state, facts, done, total):
    import_ = Import(state=state, started_at=timezone.now() - timedelta(seconds=10), **facts)
    found = queries.progress(import_)
    assert (found.done, found.total) == (done, total)
    assert found.rate == pytest.approx(done / 10, rel=0.1)
    assert bool(found.left_words) == (total is not None)


def test_the_numbers_of_a_plan_are_those_of_the_rows_behind_them(scoped, topic):
    """A random file of every sort of row, against a plain count of what it holds."""
    dice = random.Random(7)
    statuses = ["", "subscribed", "unsubscribed", "pending", "bounced", "complained", "blocked", "invalid"]
    applied(scoped, "Email,City\n" + "".join(f"p{n}@post.example,Oslo\n" for n in range(40)), [topic])
    for n in range(0, 40, 5):
        suppressions.suppress(
            organization=scoped, address=f"p{n}@post.example", reason=SuppressionReason.MANUAL, source="member"
        )
    people = [
        {
            "email": dice.choice(
                ["info@post.example", "mia@gmial.com", "nonsense", *(f"p{n}@post.example" for n in range(120))]
            ),
            "city": dice.choice(["Oslo", "Rome", ""]),
            "status": dice.choice(statuses),
            "optin_time": dice.choice(["", "2021-02-03T04:05:06Z"]),
            "tags": dice.choice([[], ["VIP"], ["VIP", "Köln"]]),
        }
        for _ in range(400)
    ]
    import_ = imports.receive(organization=scoped, file_name="p.json", chunks=[json.dumps(people).encode()], actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    imports.match_columns(import_=import_, matches=imports.as_guessed(import_), topics=[], consent=None, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == ImportState.PLANNED, import_.problem
    plan = import_.plan
    assert (
        sum(plan[name] for name in ("new", "changed", "unchanged", "duplicate", "invalid")) == import_.rows_total == 400
    )
    valid = [one for one in people if one["email"] != "nonsense"]
    assert plan["invalid"] == 400 - len(valid)
    assert plan["new"] + plan["changed"] + plan["unchanged"] == len({one["email"] for one in valid})
    assert sum(plan["listing"].values()) == sum(one["status"] in ("unsubscribed", *statuses[4:]) for one in valid)
    counted = {**plan, **{f"listing-{status}": n for status, n in plan["listing"].items()}}
    for name, kind in import_plans.KINDS.items():
        rows = ImportRow.objects.filter(kind.rows, source=import_)
        rows = rows.filter(verdict__in=kind.verdicts) if kind.verdicts else rows
        assert counted.get(name, 0) == rows.count(), name
    said, after = [], None
    while True:
        page = import_plans.behind(import_, "consent_at", after=after)
        said += [one.row.line for one in page.rows]
        if page.next is None:
            break
        after = page.next
    assert said == sorted(said)
    assert len(said) == plan["consent_at"] > 50


def test_examples_show_before_and_after_in_words(scoped):
    applied(scoped, "Email,VIP,City\nann@post.example,yes,Oslo\nbob@post.example,no,\n")
    import_ = planned(scoped, "Email,VIP,City\nann@post.example,no,Oslo\nbob@post.example,,Rome\n")
    found = {change["label"]: (change["n"], change["examples"]) for change in import_plans.changed_fields(import_)}
    assert found == {"VIP": (1, [("yes", "no")]), "City": (1, [("", "Rome")])}
