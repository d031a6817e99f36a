"""Stamps: what they keep, that nobody else makes them, and that nothing makes reading one fail."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contacts import stamps


@given(wording=st.text(max_size=2_000).filter(lambda text: text.isprintable()), age=st.none() | st.floats(0, 4e9))
def test_what_is_stamped_is_read(wording, age):
    text = stamps.make(form="abc", wording=wording, language="de", made_at=age)
    found = stamps.read(text, form="abc")
    assert found is not None
    assert (found.wording, found.language) == (wording, "de")
    assert found.made_at == (None if age is None else round(age, 3))
    assert stamps.read(text, form="abd") is None
    assert stamps.read(text[:-1], form="abc") is None
    assert stamps.read(text + "A", form="abc") is None


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
@example("\ud800")
@example("." * 200)
@example("A:B:C")
@example("x" * (stamps.MAX_CHARS + 1))
def test_rubbish_is_no_stamp(text):
    assert stamps.read(text, form="abc") is None


@pytest.mark.parametrize(
    ("age", "too_quick", "too_old"), [(0, True, False), (1.9, True, False), (2, False, False), (86_401, False, True)]
)
def test_time_tells_robots_and_old_pages(age, too_quick, too_old):
    stamp = stamps.Stamp("Yes.", "en", 1_000_000.0)
    assert stamp.is_too_quick(1_000_000.0 + age) is too_quick
    assert stamp.is_too_old(1_000_000.0 + age) is too_old
    lying = stamps.Stamp("Yes.", "en", None)
    assert not lying.is_too_quick(0.5)
    assert not lying.is_too_old(9e9)


def test_after_the_secret_changed_html_on_other_sites_still_works(settings):
    text = stamps.make(form="abc", wording="Yes.", language="en", made_at=None)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-that-is-long-enough-for-this"
    assert stamps.read(text, form="abc") is not None
    settings.SECRET_KEY_FALLBACKS = []
    assert stamps.read(text, form="abc") is None
