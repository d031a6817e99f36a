"""Where a merge field may stand, which links are tracked, and where the pixel goes."""

import time

import pytest

from sending.merging import MergeError, compile_plan, known_names, merge
from sending.merging.compiling import MAX_LINKS


@pytest.mark.parametrize(
    ("html", "where"),
    [
        ('<p style="color: {{ contact.colour }}">', "in the attribute style"),
        ('<p onclick="x({{ contact.a }})">', "in the attribute onclick"),
        ("<p title={{ contact.a }}>", "in an attribute without quotes"),
        ("<p {{ contact.a }}>", "among a tag's attributes"),
        ("<{{ contact.a }}>", "right after <"),
        ("</{{ contact.a }}>", "right after <"),
        ("<h{{ contact.level }}>", "in a tag's name"),
        ("<!-- {{ contact.a }} -->", "in a comment"),
        ("<style>a { color: {{ contact.a }} }</style>", "in <style>"),
        ("<script>{{ contact.a }}</script>", "in <script>"),
        ('<img srcset="{{ contact.a }} 2x">', "in the attribute srcset"),
        ("<!doctype {{ contact.a }}>", "in a declaration"),
    ],
)
def test_refuses_places_that_cannot_be_made_safe(html: str, where: str) -> None:
    with pytest.raises(MergeError, match="A merge field cannot stand") as caught:
        compile_plan("", "\n" + html, "")
    assert where in caught.value.problems[0].message
    assert caught.value.problems[0].line == 2


def test_tracks_fixed_web_links_once_each() -> None:
    html = (
        '<a href="https://a.example/x">1</a><a class="b" href=\'http://b.example\'>2</a><A HREF="https://a.example/x">3</A>'
        '<area href="https://c.example/">'
    )
    plan = compile_plan("", html, "")
    assert plan.links == ("https://a.example/x", "http://b.example", "https://c.example/")
    assert sum(hole.kind == "link" for hole in plan.slots) == 3


@pytest.mark.parametrize(
    "target",
    [
        "mailto:a@example.com",
        "tel:+123",
        "#top",
        "/relative",
        "{{ unsubscribe_url }}",
        "{{ preferences_url }}",
        "https://a.example/{{ contact.x }}",
        "https://",
        "https://[",
        "ftp://a.example",
    ],
)
def test_never_tracks(target: str) -> None:
    assert (
        compile_plan("", f'<link href="https://a.example/s.css"><a href="{target}">x</a>', "https://a.example").links
        == ()
    )


def test_tracking_can_be_left_out() -> None:
    plan = compile_plan("", '<body><a href="https://a.example">x</a></body>', "", track_links=False, track_opens=False)
    assert plan.links == () and plan.slots == ()


def test_the_pixel_stands_before_the_last_closing_body() -> None:
    assert merge(
        compile_plan("", "<body>a {{ contact.x }} b</body></html>", ""), {}, pixel="https://p.example/"
    ).html.endswith('border="0"></body></html>')
    assert merge(compile_plan("", "<p>a", ""), {}, pixel="https://p.example/").html.endswith('border="0">')
    assert merge(compile_plan("", "", "only text"), {}, pixel="https://p.example/").html == ""


def test_too_many_links_are_refused() -> None:
    html = "".join(f'<a href="https://a.example/{n}">x</a>' for n in range(MAX_LINKS + 1))
    with pytest.raises(MergeError, match="different links"):
        compile_plan("", html, "")


def test_unknown_names_are_errors_in_every_part() -> None:
    with pytest.raises(MergeError) as caught:
        compile_plan("{{ a1 }}", "<p>{{ b1 }}", "{{ c1 }}", known=known_names())
    for name, problem in zip(("a1", "b1", "c1"), caught.value.problems, strict=True):
        assert problem.message.startswith(f"There is no merge field “{name}”")


def test_a_line_break_in_a_subject_is_a_space() -> None:
    assert merge(compile_plan("a\r\nBcc: b", "", ""), {}).subject == "a Bcc: b"


def test_merges_thousands_a_second() -> None:
    html = (
        "<body>"
        + "".join(
            f'<p>{"x" * 900} {{{{ contact.first_name }}}} <a href="https://a.example/{n}">x</a></p>' for n in range(10)
        )
        + "</body>"
    )
    plan = compile_plan("Hi {{ contact.first_name }}", html, "Hi {{ contact.first_name }}")
    values = {"contact.first_name": "Zoë"}
    links = ["https://l.example/c/" + "x" * 40] * 10
    started = time.process_time()
    for _ in range(2_000):
        merge(plan, values, links=links, pixel="https://l.example/i/x.gif")
    assert 2_000 / (time.process_time() - started) > 2_000  # measured: 40,000 on one core


def test_a_huge_letter_is_refused_not_chewed() -> None:
    with pytest.raises(MergeError, match="longer than"):
        compile_plan("", "<p>" * 1_000_000, "")
    with pytest.raises(MergeError, match="subject is longer"):
        compile_plan("x" * 501, "", "")


def test_a_subject_has_no_controls_even_where_it_was_typed() -> None:
    plan = compile_plan("A\x07 \x1b[31m\u2028B\u202e", "", "")
    assert merge(plan, {}).subject == "A [31m B"
