"""The parts of the bar add up, whatever the counts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.face import bar

COUNTS = st.dictionaries(st.sampled_from(list(bar.PARTS)), st.integers(min_value=0, max_value=10**9))


@given(COUNTS)
def test_widths_fill_the_bar_and_nobody_is_too_thin_to_see(counts: dict[str, int]) -> None:
    laid_out = bar.lay_out(counts)
    drawn = laid_out.drawn
    assert [segment.key for segment in drawn] == [key for key in bar.PARTS if counts.get(key)]
    if drawn:
        assert sum(segment.width for segment in drawn) == pytest.approx(100, abs=0.01)
        assert min(segment.width for segment in drawn) >= bar.LEAST_SHARE * 100 - 0.001
        assert drawn[0].x == 0
    for left, right in pairwise(drawn):
        assert left.x + left.width == pytest.approx(right.x, abs=0.01)


@given(COUNTS)
def test_a_bigger_part_is_never_drawn_smaller(counts: dict[str, int]) -> None:
    by_size = sorted(bar.lay_out(counts).drawn, key=lambda segment: segment.n)
    for smaller, bigger in pairwise(by_size):
        assert smaller.width <= bigger.width + 0.001


def test_the_order_and_the_hatching_are_the_designs() -> None:
    assert list(bar.PARTS) == ["delivered", "on_its_way", "retrying", "bounced", "skipped", "needs_you"]
    assert [key for key, part in bar.PARTS.items() if part[1]] == ["retrying", "needs_you"]


def test_people_who_are_missing_from_the_parts_are_said_aloud() -> None:
    assert bar.lay_out({"delivered": 90, "bounced": 7}, total=100).gap == 3
    assert bar.lay_out({"delivered": 90}).gap == 0


def test_an_unknown_part_is_refused_rather_than_left_out() -> None:
    with pytest.raises(ValueError, match="lost"):
        bar.lay_out({"lost": 3})


def test_nobody_is_an_empty_bar() -> None:
    assert bar.lay_out({}).drawn == []


def test_a_label_that_has_no_room_is_not_drawn() -> None:
    laid_out = bar.lay_out({"delivered": 19_000, "needs_you": 1})
    labels = {segment.key: segment.label_from for segment in laid_out.drawn}
    assert labels["delivered"] == 320
    assert labels["needs_you"] is None


@given(st.lists(st.floats(min_value=0, max_value=1e9), max_size=60))
def test_a_sparkline_stays_in_its_frame(values: list[float]) -> None:
    for point in bar.sparkline(values).split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 120
        assert 0 <= y <= 28
