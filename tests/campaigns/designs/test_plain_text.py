"""Plain text reads as a person would have written it, and any HTML gives some."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.designs.plain_text import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<h1>Big  news</h1><p>One <b>two</b>\n three.</p><h2>Small</h2>x",
            "Big news\n========\n\nOne two three.\n\nSmall\n-----\n\nx\n",
        ),
        (
            '<p>Read <a href="https://a.example/x">our guide</a>, today.</p>',
            "Read our guide <https://a.example/x>, today.\n",
        ),
        ('<a href="https://a.example/x">https://a.example/x</a>', "https://a.example/x\n"),
        ('<a href="https://a.example/">a.example</a>', "a.example\n"),
        ('<a href="mailto:a@a.example">a@a.example</a>', "a@a.example\n"),
        ('<a href="#top">up</a>', "up\n"),
        ('<a href="https://a.example"><img alt="Picture" src="x"></a>', "Picture <https://a.example>\n"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><p>d", "- a\n- b\n  - c\n\nd\n"),
        ('<ol start="3"><li>a<li>b</ol>', "3. a\n4. b\n"),
        ("a<br>b<br><br>c", "a\nb\n\nc\n"),
        ("<p>a</p><hr><p>b</p>", "a\n\n" + "-" * 40 + "\n\nb\n"),
        ('<div style="display:none">hidden <p>deep</p></div><p>seen</p>', "seen\n"),
        ("<style>p{}</style><title>t</title><script>x</script><p>a</p>", "a\n"),
        ('<table role="presentation"><tr><td>a</td><td>b</td></tr></table>', "a\n\nb\n"),
        (
            '<table role="presentation"><tr><td><table><tr><th>x<th>y</tr><tr><td>1<td>2</tr></table></td></tr></table>',
            "x  y\n1  2\n",
        ),
        ("<pre>a  b\n c</pre>", "a  b\n c\n"),
        (
            "Hi {{ contact.first_name | default: &quot;there&quot; }}",
            'Hi {{ contact.first_name | default: "there" }}\n',
        ),
        ("a&zwnj;&#847;&nbsp;b", "a\xa0b\n"),
        ("", ""),
        ("<p> </p>", ""),
    ],
)
def test_reads_well(html: str, text: str) -> None:
    assert plain_text(html) == text


BITS = [
    "<p>",
    "</p>",
    "<ul>",
    "<li>",
    "</ul>",
    "<a href='x'>",
    "</a>",
    "word ",
    "<table>",
    "<td>",
    "</table>",
    "<br>",
    "<h1>",
    "</h1>",
    "<pre>",
    "\n",
    "<div style='display:none'>",
    "</div>",
    "<",
    "&",
]


@given(st.lists(st.sampled_from(BITS), max_size=40).map("".join))
def test_any_html_gives_tidy_text(html: str) -> None:
    text = plain_text(html)
    assert "\n\n\n" not in text
    assert text == "" or (text.endswith("\n") and not text.startswith("\n"))
    assert all(line == line.rstrip(" ") for line in text.split("\n"))
