"""Where tags of the merge language cannot stand in a design: which, where, and what to do instead."""

import pytest

from campaigns.designs.compiling import compile_source
from campaigns.designs.findings import DesignError
from sending.merging import known_names


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<mj-text><p {% if contact.vip %}class='a'{% endif %}>x</p></mj-text>", "In <mj-text>: {% if %} cannot stand among"),
        ("<mj-text><p style='{% if contact.vip %}color:red{% endif %}'>x</p></mj-text>", "cannot stand in a style"),
        ("<mj-text>{% if contact.vip %}x</mj-text>", "{% if %} must begin and end inside of <mj-text>"),
        ("<mj-text>{% if contact.vip %}</mj-text><mj-text>{% endif %}</mj-text>", "put each tag in an <mj-raw> of its own"),
        ("<mj-button href='{% if contact.vip %}https://a.example'>{% endif %}</mj-button>", "this attribute of <mj-button>"),
        ("</mj-column><mj-raw>{% if contact.vip %}</mj-raw><mj-column><mj-raw>{% endif %}</mj-raw>", "would tear <mj-column>"),
        ("<mj-raw>{% if contact.vip %}</mj-raw></mj-column><mj-column><mj-raw>{% endif %}</mj-raw>", "would tear <mj-column>"),
        ("{% if contact.vip %}<mj-text>a</mj-text>{% endif %}", "cannot stand directly in <mj-column>"),
        ('<mj-text color="{% if contact.vip %}red{% endif %}">a</mj-text>', "A merge field cannot stand in color"),
        ("<mj-raw>{% if contact.vip %}</mj-raw>", "This {% if %} is never closed"),
        ("<mj-text>{% if contact.vipp %}a{% endif %}</mj-text>", "Did you mean {{ contact.vip }}?"),
        ("<mj-text>{% include 'x' %}</mj-text>", "Files cannot be included"),
    ],
)  # fmt: skip
def test_says_where_and_what_to_do(inside: str, words: str) -> None:
    with pytest.raises(DesignError) as caught:
        compile_source(
            f"<mjml><mj-body>\n<mj-section><mj-column>\n{inside}</mj-column></mj-section></mj-body></mjml>",
            known=known_names(["vip"]),
        )
    found = [finding for finding in caught.value.findings if words in finding.message]
    assert found and found[0].line == 3 and found[0].severity == "error"


def test_a_finding_about_a_field_has_its_column() -> None:
    with pytest.raises(DesignError) as caught:
        compile_source(
            "<mjml><mj-body><mj-section><mj-column>\n<mj-text>Hi {{ contact.frist_name }}</mj-text></mj-column></mj-section>"
            "</mj-body></mjml>",
            known=known_names(),
        )
    (finding,) = caught.value.findings
    assert (finding.line, finding.column) == (2, 13)


@pytest.mark.parametrize(
    "href",
    [
        "{% if contact.vip %}https://a.example{% else %}javascript:alert(1){% endif %}",
        "{% unless contact.vip %}{% else %}java&#10;script:alert(1){% endunless %}",
        "{% case contact.vip %}{% when 1 %}JavaScript:x{% endcase %}",
        "{% if contact.vip %}{% endif %}javascript:x",
        "{{ contact.first_name }}javascript:x",
        "{% for x in contact.vip %}data:text/html,x{% endfor %}",
    ],
)
@pytest.mark.parametrize("design", ['<mj-text><a href="{}">a</a></mj-text>', '<mj-button href="{}">a</mj-button>'])
def test_no_branch_of_an_address_can_run_a_script(href: str, design: str) -> None:
    source = design.replace("{}", href)
    with pytest.raises(DesignError):
        compile_source(
            f"<mjml><mj-body><mj-section><mj-column>{source}</mj-column></mj-section></mj-body></mjml>",
            known=known_names(["vip"]),
        )
