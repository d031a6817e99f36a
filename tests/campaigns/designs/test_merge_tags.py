"""Conditions and loops around elements, rows and words come through cleaner, compiler and inliner; what they made is mail."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.designs import fragments, merge_tags
from campaigns.designs.compiling import compile_source
from campaigns.designs.findings import Compiled
from campaigns.designs.merge_tags import Luggage
from sending.merging import Merged, compile_plan, known_names, merge

KNOWN = known_names(["points", "plan", "interests", "vip"])


def section(inside: str) -> str:
    return f"<mj-section><mj-column>{inside}</mj-column></mj-section>"


def made(body: str, *, preheader: str = "", **contact: Any) -> tuple[Compiled, Merged]:
    compiled = compile_source(f"<mjml><mj-body>{body}</mj-body></mjml>", known=KNOWN, preheader=preheader)
    plan = compile_plan("s", compiled.html, compiled.text, known=KNOWN, track_opens=False)
    merged = merge(plan, {f"contact.{key}": value for key, value in contact.items()})
    for text in (merged.html, merged.text):
        assert "mergetag" not in text and "{%" not in text and "{{" not in text
    return compiled, merged


def test_around_sections() -> None:
    body = (
        '<mj-raw>{% if contact.plan == "gold" and contact.points < 9 %}</mj-raw>'
        + section("<mj-text>gold</mj-text>")
        + "<mj-raw>{% else %}</mj-raw>"
        + section("<mj-text>other</mj-text>")
        + "<mj-raw>{% endif %}</mj-raw>"
        + section("<mj-text>end</mj-text>")
    )
    _, gold = made(body, plan="gold", points=3)
    assert gold.text == "gold\n\nend\n" and "other" not in gold.html
    _, other = made(body)
    assert other.text == "other\n\nend\n" and "gold" not in other.html
    assert other.html.count("<table") == gold.html.count("<table") == gold.html.count("</table>")


def test_around_elements_of_a_column_and_columns() -> None:
    button = "<mj-raw>{% if contact.vip %}</mj-raw><mj-button href='https://a.example'>Go</mj-button><mj-raw>{% endif %}</mj-raw>"
    compiled, with_it = made(section(f"<mj-text>a</mj-text>{button}<mj-text>b</mj-text>"), vip=True)
    _, without = made(section(f"<mj-text>a</mj-text>{button}<mj-text>b</mj-text>"))
    assert [link.address for link in compiled.links] == ["https://a.example"]
    assert "https://a.example" in with_it.html and "https://a.example" not in without.html
    assert without.html.count("<tr") == without.html.count("</tr>")
    column = "<mj-column><mj-text>c</mj-text></mj-column>"
    columns = f"<mj-section>{column}<mj-raw>{{% if contact.vip %}}</mj-raw>{column}<mj-raw>{{% endif %}}</mj-raw></mj-section>"
    assert made(columns, vip=True)[1].text.split() == ["c", "c"] and made(columns)[1].text.split() == ["c"]


def test_rows_stay_in_their_table_and_points_in_their_list() -> None:
    rows = (
        "<mj-table><tr><th>h</th></tr>{% for i in contact.interests %}<tr><td>{{ i }}</td></tr>{% endfor %}</mj-table>"
    )
    merged = made(section(rows), interests=["a<", "b"])[1]
    inside = merged.html[merged.html.index("<th") :]
    assert inside.index("a&lt;") < inside.index("</table>")
    assert inside.split("</table>")[0].count("<tr") == 2
    leading = "<mj-table>{% for i in contact.interests %}<tr><td>{{ i }}</td></tr>{% endfor %}</mj-table>"
    assert made(section(leading), interests=["a", "b"])[1].text == "a\nb\n"
    points = "<mj-text><ul>{% for i in contact.interests %}<li>{{ i }}</li>{% endfor %}</ul></mj-text>"
    assert made(section(points), interests=["a", "b"])[1].text == "- a\n- b\n"


def test_in_attributes_words_and_the_preview_text() -> None:
    either = "{% if contact.plan == 'a' %}https://a.example/?x=1&amp;y=2{% else %}https://b.example{% endif %}"
    body = section(
        f'<mj-text><a href="{either}" title="{{% if contact.vip %}}V{{% endif %}}">go</a> '
        "{% if contact.points < 3 %}few{% endif %}</mj-text>"
        f'<mj-button href="{either}">{{% if contact.vip %}}Very{{% else %}}Go{{% endif %}}</mj-button>'
    )
    preheader = '{% if contact.vip and contact.points < 3 %}V "{{ contact.plan }}"{% else %}hello{% endif %}'
    compiled, merged = made(body, preheader=preheader, plan="a", vip=True, points=1)
    assert merged.html.count("https://a.example/?x=1&amp;y=2") == 2 and "https://b.example" not in merged.html
    assert 'title="V"' in merged.html and "V &quot;a&quot;" in merged.html
    assert merged.text == "go <https://a.example/?x=1&y=2> few\n\nVery <https://a.example/?x=1&y=2>\n"
    plan = compile_plan("s", compiled.html, compiled.text, known=KNOWN)
    assert plan.links == ("https://a.example/?x=1&y=2", "https://b.example")
    assert made(body, preheader=preheader)[1].text == "go <https://b.example> \n\nGo <https://b.example>\n"


def test_what_looks_like_ours_is_taken_out() -> None:
    _, merged = made(
        section(
            '<mj-text>a <!-- b --> <!--mergetag0x--> mergetag1x </ c> {% if contact.plan == "<script>" %}x{% endif %}'
            ' {{ contact.plan | default: "<b>" }}</mj-text>'
        )
    )
    assert "<!-- b" not in merged.html and "<script" not in merged.html and "&lt;b&gt;" in merged.html


@settings(deadline=None)
@given(st.text(st.sampled_from("ab<>/!-'\"={}% \n")), st.text(st.sampled_from('a<>-!{}%x "')))
def test_a_cleaned_fragment_holds_no_comment_and_loses_no_tag(left: str, right: str) -> None:
    luggage = Luggage()
    cleaned = fragments.clean(f"{left}{{% if contact.vip %}}{right}", luggage=luggage)
    assert "<!" not in cleaned
    assert merge_tags.without_words(luggage.restore(cleaned)) == luggage.restore(cleaned)
