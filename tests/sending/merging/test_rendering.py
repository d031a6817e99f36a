"""Whatever a value contains, it stays a value: no markup, no header, no other address, no second template."""

import html
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.merging import compile_plan, merge, merge_values
from sending.merging.rendering import MAX_HEADER_VALUE, MAX_VALUE

HTML = (
    "<!doctype html><html><body><p title=\"{{ contact.first_name }}\">Hello {{ contact.first_name | default: 'there' }}</p>"
    '<a href="https://shop.example/s?q={{ contact.first_name }}&amp;x=1">s</a><a href="{{ contact.first_name }}">w</a>'
    "<!--[if mso]><p>{{ contact.first_name }}</p><![endif]--></body></html>"
)
PLAN = compile_plan("Hi {{ contact.first_name }}!", HTML, "Hi {{ contact.first_name }}\n-- \nend")

any_text = st.text(alphabet=st.characters(), max_size=200)
nasty = st.one_of(
    any_text,
    st.sampled_from(
        [
            "\r\nBcc: all@example.com",
            "\x00\x0b\x0c\x85\u2028x",
            '"><script>alert(1)</script>',
            "' onmouseover='x",
            "--><script>",
            "{{ unsubscribe_url }}",
            "{% raw %}",
            "javascript:alert(1)",
            "java\u200bscript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "//evil.example/x",
            "https://fine.example/a?b=c",
            "\ud800",
            "\ue0000\ue001",
            "مرحبا 👋🏽",
        ]
    ),
)


class Tags(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href"]


SKELETON = Tags(merge(PLAN, {"contact.first_name": "Ann"}).html).tags


@given(nasty)
def test_a_value_never_changes_the_shape_of_the_html(value: str) -> None:
    merged = merge(PLAN, {"contact.first_name": value})
    parsed = Tags(merged.html)
    assert parsed.tags == SKELETON
    shop, whole = parsed.links
    assert urlsplit(shop).netloc == "shop.example"
    assert shop.endswith("&x=1") and shop.count("&") == 1
    assert whole == "#" or urlsplit(whole).scheme in ("http", "https")
    assert merged.html.count("-->") == HTML.count("-->")
    merged.html.encode()
    merged.text.encode()


@given(nasty)
def test_a_subject_is_one_printable_line(value: str) -> None:
    subject = merge(PLAN, {"contact.first_name": value}).subject
    assert subject.startswith("Hi") and subject.endswith("!")
    assert len(subject.splitlines()) == 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", subject)
    subject.encode()


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=50).filter(str.strip))
def test_a_printable_value_arrives_unchanged(value: str) -> None:
    merged = merge(PLAN, {"contact.first_name": value})
    assert f'<p title="{html.escape(value)}">Hello {html.escape(value)}</p>' in merged.html
    assert merged.text == f"Hi {value}\n-- \nend"
    assert unquote(urlsplit(Tags(merged.html).links[0]).query.split("&")[0]) == f"q={value}"


def test_what_a_value_contains_is_never_read_as_a_template() -> None:
    merged = merge(PLAN, {"contact.first_name": "{{ contact.email }}", "contact.email": "secret@example.com"})
    assert "secret" not in "".join(merged)
    assert "{{ contact.email }}" in merged.text


@pytest.mark.parametrize("blank", [None, "", "  \n", [], {}])
def test_a_blank_value_takes_the_fallback(blank: object) -> None:
    plan = compile_plan(
        '{{ contact.x | default: "there" }}', "<b>{{ contact.x | default: 'a <b>' }}</b>", "{{ contact.x }}"
    )
    merged = merge(plan, {"contact.x": blank})
    assert merged.subject == "there"
    assert "<b>a &lt;b&gt;</b>" in merged.html
    assert merged.text == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [(3, "3"), (3.0, "3"), (2.5, "2.5"), (True, "yes"), (False, "no"), (["a", None, "b"], "a, b"), ({"a": 1}, "")],
)
def test_typed_values_become_words(value: object, words: str) -> None:
    assert merge(compile_plan("", "", "{{ contact.x }}"), {"contact.x": value}).text == words


def test_a_value_of_a_megabyte_is_cut() -> None:
    merged = merge(PLAN, {"contact.first_name": "x" * 1_000_000})
    assert len(merged.text) < MAX_VALUE + 20 and "…" in merged.text
    assert len(merged.subject) <= MAX_HEADER_VALUE + 4
    assert len(merged.html) < 4 * MAX_VALUE


def test_links_and_pixel_are_this_recipients() -> None:
    plan = compile_plan("s", '<body><a href="https://a.example/?x=1&amp;y=2">a</a></body>', "t")
    assert plan.links == ("https://a.example/?x=1&y=2",)
    merged = merge(plan, {}, links=["https://l.example/c/tok?a&b"], pixel="https://l.example/i/tok.gif")
    assert merged.html == (
        '<body><a href="https://l.example/c/tok?a&amp;b">a</a>'
        '<img src="https://l.example/i/tok.gif" width="1" height="1" alt="" border="0"></body>'
    )
    assert merge(plan, {}).html == '<body><a href="https://a.example/?x=1&amp;y=2">a</a></body>'
    with pytest.raises(ValueError, match="1 links expected, 2 given"):
        merge(plan, {}, links=["a", "b"])


def test_merge_values_names_everything_the_language_knows() -> None:
    values = merge_values(
        contact={"email": "a@example.com", "city": "Ulm"},
        organization_name="O",
        brand_name="B",
        postal_address="1 Road\nTown",
        unsubscribe_url="https://l.example/u/t",
        preferences_url="https://l.example/p/t",
    )
    plan = compile_plan(
        "{{ contact.city }} {{ organization.name }} {{ brand.name }}",
        '<a href="{{ unsubscribe_url }}">u</a><a href="{{ preferences_url }}">p</a>',
        "{{ brand.postal_address }}",
    )
    merged = merge(plan, values)
    assert merged.subject == "Ulm O B"
    assert 'href="https://l.example/u/t"' in merged.html and 'href="https://l.example/p/t"' in merged.html
    assert merged.text == "1 Road, Town"
