"""What the linter refuses, with the line and what to do; and that it lets good MJML through."""

import pytest

from campaigns.designs.findings import DesignError
from campaigns.designs.linting import lint
from campaigns.designs.source import read, tidy
from sending.merging import known_names


def found(inside: str, *, known: frozenset[str] | None = None) -> list[tuple[int, str, str]]:
    source = tidy(f"<mjml>\n<mj-body><mj-section><mj-column>\n{inside}\n</mj-column></mj-section></mj-body></mjml>")
    return [(f.line, f.severity, f.message) for f in lint(read(source), source, known)]


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<mj-text>a\n<script>alert(1)</script></mj-text>", "<script> would run"),
        ("<mj-text>\n<p onclick='x'>a</p></mj-text>", "onclick would run a script"),
        ("<mj-text>\n<a href='javascript:alert(1)'>a</a></mj-text>", "javascript: would run a script"),
        ("<mj-text>\n<a href=' java\tscript:alert(1)'>a</a></mj-text>", "javascript: would run a script"),
        ("<mj-text>\n<a href='&#106;avascript:alert(1)'>a</a></mj-text>", "javascript: would run a script"),
        ("<mj-text>\n<a href='vbscript:x'>a</a></mj-text>", "vbscript: would run a script"),
        ("<mj-text>\n<img src='data:image/png;base64,AAAA'></mj-text>", "not shown by most mail programs"),
        ("<mj-text>\n<iframe src='https://a.example'></iframe></mj-text>", "<iframe> would run"),
        ("<mj-text>\n<form action='https://a.example'></form></mj-text>", "<form> would run"),
        ("<mj-text>\n<svg><a xlink:href='x'></a></svg></mj-text>", "<svg> would run"),
        ("<mj-text>\n<p style='background: url(javascript:x)'>a</p></mj-text>", "is not allowed in styles"),
        ("<mj-raw>\n<script>1</script></mj-raw>", "<script> would run"),
        ("\n<mj-include path='/etc/passwd' />", "Files cannot be included"),
        ("\n<mj-html>a</mj-html>", "There is no mj-html"),
        ("\n<mj-buton href='https://a.example'>a</mj-buton>", "Did you mean <mj-button>?"),
        ("\n<mj-text colour='#000'>a</mj-text>", "Did you mean color?"),
        ("\n<mj-text color='reddish!'>a</mj-text>", "is no colour"),
        ("\n<mj-text padding='10 pixels'>a</mj-text>", "is no measure for padding"),
        ("\n<mj-text font-family='a; background: url(x)'>a</mj-text>", "characters that do not belong there"),
        ("\n<mj-text font-family='a&#x3bbackground:u&#114l(x)'>a</mj-text>", "characters that do not belong there"),
        ("\n<mj-button href='&#106&#97vascript:x'>a</mj-button>", "javascript: would run a script"),
        ("\n<mj-button onclick='x'>a</mj-button>", "onclick would run a script"),
        ("\n<mj-button href='javascript:x'>a</mj-button>", "javascript: would run a script"),
        ("\n<mj-section></mj-section>", "<mj-section> cannot stand inside <mj-column>"),
        ("\n<mj-image alt='a' />", "has no address"),
        ("\n<mj-image alt='a' src='/picture.png' />", "must be whole"),
        (
            "\n<mj-social><mj-social-element name='x' href='https://a.example'>a</mj-social-element></mj-social>",
            "has no picture",
        ),
        ("<mj-text>\n<mj-button>a</mj-button></mj-text>", "cannot stand inside <mj-text>"),
        ("<mj-text>\n" + "<div>" * 120 + "</div>" * 120 + "</mj-text>", "nested deeper than 100"),
    ],
)
def test_refuses_with_a_line(inside: str, words: str) -> None:
    errors = [(line, message) for line, severity, message in found(inside) if severity == "error"]
    assert any(words in message and line == 4 for line, message in errors), errors


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<mj-image src='https://a.example/a.png' />", "no alt text"),
        ("<mj-text><p data-x='1'>a</p></mj-text>", "left out of the mail"),
        ("<mj-text><b>a</mj-text>", "never closed"),
    ],
)
def test_warns(inside: str, words: str) -> None:
    assert [(severity, words in message) for _, severity, message in found(inside)] == [("warning", True)]


@pytest.mark.parametrize(
    "inside",
    [
        "<mj-text>a<br>b &nbsp; &copy; 5 < 6 & 7 <b>x</b> <ul><li>a<li>b</ul></mj-text>",
        '<mj-button href="https://a.example/?a=1&b=2" background-color="#0b6a62">a</mj-button>',
        '<mj-button href="{{ unsubscribe_url }}">a</mj-button>',
        "<mj-table><tr><td>1</td></tr></mj-table>",
        "<!-- <mj-text> is not closed here -->",
        '<mj-text padding="0 10px 2em auto" line-height="1.4" color="rgb(1, 2, 3)">a</mj-text>',
        '<mj-image alt="" src="https://a.example/{{ contact.city }}.png" />',
    ],
)
def test_lets_good_mjml_through(inside: str) -> None:
    assert found(inside) == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("", 1, "There is no MJML here yet"),
        ("hello", 1, "not MJML"),
        ("<mjml>\n<mj-body>\n</mj-bdy></mjml>", 3, "<mj-body> is still open"),
        ("<mjml>\n<mj-body>words</mj-body></mjml>", 2, "Words cannot stand directly in <mj-body>"),
        ("<mjml>\n<mj-text>a", 2, "is never closed"),
        ("<mjml><mj-body a='1' a='2'></mj-body></mjml>", 1, "given twice"),
        ("<mjml></mjml>\n<mjml></mjml>", 2, "after </mjml>"),
        ("<!DOCTYPE mjml>\n<mjml></mjml>", 1, "Declarations"),
        ("<mjml>\n\x01</mjml>", 2, "U+0001"),
    ],
)
def test_says_where_reading_stopped(source: str, line: int, words: str) -> None:
    with pytest.raises(DesignError) as caught:
        read(tidy(source))
    assert words in caught.value.findings[0].message
    assert caught.value.findings[0].line == line


def test_merge_fields_are_checked_with_their_line() -> None:
    names = known_names(["city"])
    assert found("<mj-text>\n{{ contact.citty }}</mj-text>", known=names) == [
        (4, "error", "There is no merge field “contact.citty”. Did you mean {{ contact.city }}?")
    ]
    assert found("<mj-text>{{ contact.city }}</mj-text>", known=names) == []
    assert "cannot stand in color" in found("<mj-text color='{{ contact.city }}'>a</mj-text>")[0][2]


@pytest.mark.parametrize(
    "address",
    [
        "java{{ contact.city }}script:x",
        "java{% if contact.city %}script:{% endif %}x",
        "{% if contact.city %}https://a.example/{% else %}javascript{% endif %}:x",
        "{% for i in (1..2) %}{% if forloop.first %}java{% else %}script:{% endif %}{% endfor %}x",
        "{% case contact.city %}{% when 'a' %}java{% endcase %}script:x",
    ],
)
@pytest.mark.parametrize("inside", ['<mj-button href="{0}">a</mj-button>', '<mj-text><a href="{0}">a</a></mj-text>'])
def test_no_scheme_is_put_together_by_fields_and_conditions(inside: str, address: str) -> None:
    assert any(
        "would run a script" in message or "cannot start with" in message
        for *_, message in found(inside.format(address))
    )


@pytest.mark.parametrize("inside", ['<mj-button href="{0}">a</mj-button>', "<mj-text>a {0} b</mj-text>"])
def test_the_number_of_no_character_is_an_error_with_its_line(inside: str) -> None:
    for number in (f"&#{'1' * 5000};", f"&#x{'f' * 5000};", "&#" + "9" * 8):
        with pytest.raises(DesignError) as caught:
            found(inside.format(number))
        assert caught.value.findings[0].line == 3 and "no character has" in caught.value.findings[0].message


def test_a_body_is_wanted_once() -> None:
    source = tidy("<mjml><mj-head></mj-head></mjml>")
    assert "There is no <mj-body>" in lint(read(source), source, None)[0].message
