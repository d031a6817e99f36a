"""Reading a mail's HTML for the checks: contrasts, headings, pictures, links, the preview text; of any text at all."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.preflight import markup
from campaigns.preflight.markup import Picture


def test_contrast_is_that_of_wcag() -> None:
    assert markup.contrast((0, 0, 0), (255, 255, 255)) == 21
    assert round(markup.contrast((119, 119, 119), (255, 255, 255)), 2) == 4.48
    assert markup.contrast((1, 2, 3), (1, 2, 3)) == 1


def test_words_that_hardly_stand_out_are_found() -> None:
    found = markup.read(
        '<body style="background:#fff"><p style="color:#999">Pale</p><p style="color:#999;font-size:30px">Pale, large</p>'
        '<div style="background-color:#222222"><p style="color:#999">Fine here</p></div>'
        '<p style="color:rgb(250, 250, 250)">White <b style="color:black">black</b></p>'
        '<div style="background:url(x.png)"><p style="color:#fff">Who knows</p></div>'
        '<td bgcolor="#ffff00" style="color:#fff">Yellow</td></body>'
    )
    assert [each.words for each in found.faint] == ["Pale", "Pale, large", "White", "Yellow"]
    assert found.faint[1].least == 3.0


def test_what_there_is_in_a_mail() -> None:
    found = markup.read(
        '<html lang="de"><head><title>T</title><style>p{}</style></head><body>'
        '<div style="display:none">In the inbox \u200c\u00a0</div><h1>One</h1><h3>Three</h3>'
        '<a href="https://x.test"><img src="a.png" alt="A kettle"></a><a href="#"><img src="b.png"></a>'
        '<img src="dot.gif" width="1" height="1"><p style="font-size:11px">Small <span style="display:none">secret</span></p>'
    )
    assert (found.lang, found.headings, found.preview, found.smallest) == ("de", (1, 3), "In the inbox", 11)
    assert found.links == (("https://x.test", "A kettle"), ("#", ""))
    assert found.pictures == (
        Picture("a.png", "A kettle", True),
        Picture("b.png", None, True),
        Picture("dot.gif", None, False, True),
    )
    assert "secret" not in found.text and "Small" in found.text


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<a href=x>", "</a>", "<p style='color:#f", "'>", "<img ", "alt=", "</p>", "<h2>", "words", "&amp", "<!--"]
        )
        | st.text(max_size=5),
        max_size=40,
    ).map("".join)
)
def test_anything_can_be_read(html: str) -> None:
    found = markup.read(html)
    assert all(1 <= each.ratio < each.least for each in found.faint)


def test_deep_and_long_mails_are_read_in_time() -> None:
    assert markup.read("<div>" * 100_000 + "x" + "</div>" * 100_000).text == "x"
    assert len(markup.read("<img src=a>" * 10_000).pictures) == markup.MOST


def test_a_weight_of_five_thousand_digits_is_read() -> None:
    seen = markup.read(f'<p style="font-weight:{"9" * 5000};font-size:{"9" * 5000}px">Words</p>')
    assert seen.text == "Words"
