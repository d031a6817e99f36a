"""The visual editor in Chromium: it changes what was changed and nothing else, and whatever goes wrong, no text is lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, Page, expect

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import designs
from campaigns.designs.starters import STARTERS
from campaigns.models import Design, DesignVersion
from campaigns.queries import content
from tests.browser import PHONE
from tests.face.test_pages import log_in
from tests.journeys.pages import VisualEditor

pytestmark = pytest.mark.django_db(transaction=True)

Opened = Callable[[Design], Page]
ODD = """<mjml lang="en">
<!-- before the head -->
<mj-head>
  <mj-attributes><mj-text color="#333333"/><mj-class name="mine" font-size='19px' css-class="m" /></mj-attributes>
  <mj-style>.m { letter-spacing: .2px }</mj-style>
</mj-head>
<mj-body>
  <!-- a comment -->
  <mj-raw>{% if contact.city == "Graz" and 1 < 2 %}</mj-raw>
  <mj-section padding='8px'><mj-column >
      <mj-text   mj-class="mine" >Tea &amp; cake&nbsp;for&hellip; {{ contact.first_name | default: "a < b & c" }}<br>
        <a href='https://kettle.example/?a=1&b=2'>Look</a> <p>one<p>two</mj-text>
      <mj-text>Plain words</mj-text>
      <mj-table><tr><td align=left>1</td></tr></mj-table>
      <mj-accordion><mj-accordion-element><mj-accordion-title>More</mj-accordion-title><mj-accordion-text>Words</mj-accordion-text></mj-accordion-element></mj-accordion>
      <mj-image src="https://kettle.example/a.png" alt="" />
      <mj-raw><b>raw <i>and crooked</b></i></mj-raw>
  </mj-column></mj-section>
  <mj-raw>{% endif %}</mj-raw>
  {% comment %}bare{% endcomment %}
  <mj-section><mj-column/></mj-section>
  <!-- the end -->
</mj-body>
</mjml>
<!-- after all -->"""


FINE = "<mjml><mj-body><mj-section><mj-column><mj-text>Words of {}</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
def brand(organization: Organization) -> Brand:
    with tenant_scope(organization):
        return Brand.objects.get(organization=organization)


@pytest.fixture
def make(organization: Organization, brand: Brand, marketer: User) -> Callable[..., Design]:
    def make(mjml: str, name: str = "Monthly") -> Design:
        with tenant_scope(organization):
            return designs.create(organization=organization, brand=brand, name=name, mjml=mjml, actor=marketer)

    return make


@pytest.fixture
def opened(live_server: Any, context: Any, organization: Organization, marketer: User) -> Any:
    """`opened(design)`: the marketer's page of it; a complaint of the page fails the test."""
    log_in(context, live_server.url, marketer)
    page = context.new_page()
    page.set_default_timeout(20_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))

    def open_(design: Design) -> Page:
        kwargs = {"org": organization.public_id, "design": design.public_id}
        page.goto(f"{live_server.url}{reverse('campaigns:design', kwargs=kwargs)}")
        return page

    open_.page = page  # type: ignore[attr-defined]
    yield open_
    # The browser itself reports the answers and the cut line that these tests ask for.
    assert not [words for words in said if "Failed to load resource" not in words], said


def now(organization: Organization, design: Design) -> Design:
    with tenant_scope(organization):
        return Design.objects.get(pk=design.pk)


def plain_words(source: str) -> str:
    """Words of the first text that stand between tags, without merge tags and entities, and nowhere else in the design."""
    for text in re.findall(r"<mj-text[^>]*>(.*?)</mj-text>", source, re.DOTALL):
        for words in re.split(r"<[^>]*>|\{\{.*?\}\}|&\w+;", text):
            if len(words.strip()) > 12 and source.count(words.strip()) == 1:
                return str(words.strip())
    raise AssertionError("no words")


def type_after(page: Page, words: str, more: str) -> None:
    """Double-click the text with these words, put the caret behind them, and type."""
    editor = VisualEditor(page)
    found = editor.canvas.get_by_text(re.compile(re.escape(" ".join(words.split())).replace(r"\ ", r"\s+"))).first
    found.dblclick()
    expect(page.get_by_role("toolbar", name="Words")).to_be_visible()
    found.evaluate(
        """(element, words) => {
            const area = element.closest("[contenteditable]") || element;
            const walk = element.ownerDocument.createTreeWalker(area, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
                const at = walk.currentNode.data.indexOf(words);
                if (at < 0) continue;
                element.ownerDocument.getSelection().collapse(walk.currentNode, at + words.length);
                return;
            }
            throw new Error("not found: " + words);
        }""",
        words,
    )
    page.keyboard.type(more)
    page.get_by_role("button", name="Done").click()
    page.wait_for_timeout(300)


def test_a_round_trip_changes_nothing_and_an_edit_only_what_was_edited(
    opened: Opened, make: Callable[..., Design], organization: Organization, brand: Brand
) -> None:
    assert len(STARTERS) == 11
    for one in STARTERS:
        design = make(one.mjml, one.name)
        page = opened(design)
        editor = VisualEditor(page)
        editor.open()
        editor.to_code()
        assert editor.source == one.mjml, one.key
        editor.to_visual()
        words = plain_words(one.mjml)
        type_after(page, words, " and a zebra")
        expected = one.mjml.replace(words, f"{words} and a zebra")
        editor.wait_until_saved()
        assert editor.source == expected, one.key
        saved = now(organization, design)
        assert saved.mjml == expected and saved.version == 2, one.key
        with tenant_scope(organization):
            names = content.merge_names(organization)
            in_canvas, in_code = (
                content.make_from(mjml=mjml, names=names, brand=brand) for mjml in (editor.source, expected)
            )
        assert in_canvas.compiled and in_code.compiled and in_canvas.compiled.html == in_code.compiled.html, one.key


def test_what_the_canvas_does_not_know_is_kept_octet_for_octet(
    opened: Opened, make: Callable[..., Design], organization: Organization
) -> None:
    page = opened(make(ODD))
    editor = VisualEditor(page)
    editor.open()
    chips = editor.canvas.locator(".ph-chip")
    assert "{% if contact.city" in chips.first.inner_text() and chips.count() == 4
    expect(page.get_by_text("4 pieces are kept exactly as written")).to_be_visible()
    editor.to_code()
    assert editor.source == ODD
    editor.to_visual()
    type_after(page, "Plain words", ", changed")
    assert editor.source == ODD.replace("Plain words", "Plain words, changed")
    # In a text of merge tags and entities, what stands around the change keeps its spelling.
    type_after(page, "Tea", "m")
    assert editor.source == ODD.replace("Plain words", "Plain words, changed").replace("Tea", "Team")
    # An attribute, an element that goes, one that comes: the rest stays.
    editor.pick("Plain words")
    editor.set("Text size", "21px")
    page.wait_for_timeout(300)
    changed = ODD.replace("<mj-text>Plain words", '<mj-text font-size="21px">Plain words, changed').replace(
        "Tea", "Team"
    )
    assert editor.source == changed
    editor.selected.get_by_role("button", name="Delete").click()
    page.wait_for_timeout(300)
    assert editor.source == changed.replace('\n      <mj-text font-size="21px">Plain words, changed</mj-text>', "")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_timeout(300)
    assert editor.source == changed


# A column that reaches to the edges of its section, and a wrapper with round corners, which MJML draws with `overflow: hidden`.
LISTED = """<mjml>
  <mj-body>
    <mj-section padding="0">
      <mj-column>
        <mj-text>Alpha words</mj-text>
        <mj-text>Beta words</mj-text>
      </mj-column>
    </mj-section>
    <mj-wrapper border-radius="8px" background-color="#eeeeee">
      <mj-section><mj-column><mj-text>Gamma words</mj-text></mj-column></mj-section>
      <mj-section><mj-column><mj-text>Delta words</mj-text></mj-column></mj-section>
    </mj-wrapper>
    <mj-section><mj-column><mj-text>Omega words</mj-text></mj-column></mj-section>
  </mj-body>
</mjml>"""


def test_blocks_and_parts_are_dragged_with_the_mouse(
    opened: Opened, make: Callable[..., Design], organization: Organization
) -> None:
    design = make(LISTED)
    page = opened(design)
    editor = VisualEditor(page)
    editor.open()

    def edge(kind: str, words: str) -> tuple[float, float]:
        """The left upper corner of the part of this kind with these words."""
        box = editor.canvas.locator(f"[data-gjs-type={kind}]", has_text=words).bounding_box()
        assert box
        return box["x"], box["y"]

    def then(expected: str) -> str:
        expect(page.locator("#mjml")).to_have_value(expected)
        editor.wait_until_saved()
        assert now(organization, design).mjml == expected
        return expected

    # A block between two texts, and one at the very edge of a column.
    divider, spacer = '<mj-divider mj-class="kit-line" />', '<mj-spacer height="24px" />'
    alpha, beta, delta = (f"<mj-text>{words} words" for words in ("Alpha", "Beta", "Delta"))
    step = "\n" + 8 * " "
    x, y = edge("mj-text", "Beta")
    assert abs(editor.drag(editor.block("Divider"), (x + 60, y + 4)) - y) < 6
    text = then(LISTED.replace(beta, divider + step + beta))
    x, y = edge("mj-text", "Alpha")
    assert abs(editor.drag(editor.block("Space"), (x + 60, y + 2)) - y) < 6
    text = then(text.replace(alpha, spacer + step + alpha))

    # A section by its handle to the very beginning of the mail, then by itself into the wrapper.
    omega = "<mj-section><mj-column><mj-text>Omega words</mj-text></mj-column></mj-section>"
    rest = text.replace(f"\n    {omega}", "")
    x, y = edge("mj-section", "Omega")
    page.mouse.click(x + 8, y + 8)
    x, y = edge("mj-section", "Alpha")
    assert abs(editor.drag(editor.handle, (x + 60, y + 2)) - y) < 6
    first = then(rest.replace("<mj-body>", f"<mj-body>\n    {omega}"))
    x, y = edge("mj-section", "Delta")
    section = editor.canvas.locator("[data-gjs-type=mj-section]", has_text="Omega")
    assert abs(editor.drag(section, (x + 30, y + 6)) - y) < 6
    delta = f"<mj-section><mj-column>{delta}"
    then(rest.replace(delta, f"{omega}\n      {delta}"))
    page.get_by_role("button", name="Undo").click()
    then(first)


PROPERTY = """() => {
    const bits = ["<mj-section>", "</mj-section>", "<mj-column/>", "<mj-text>", "</mj-text>", "<!--", "-->", "{% if %}", "{{ a }}",
        "<", '"', "'", ' x="1"', "<mj-raw>", "</mj-raw>", "words", "\\n", "<b>", "&amp;", "<mj-image src='a' />"];
    const part = (node) => ({ node, attributes: Object.fromEntries(node.attributes), inner: node.inner, children: node.children });
    let seed = 1, printed = 0;
    const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
    for (let n = 0; n < 10000; n += 1) {
        const inside = Array.from({ length: random(14) }, () => bits[random(bits.length)]).join("");
        const design = `<mjml>\\n<mj-body>${inside}</mj-body>\\n</mjml>`;
        const source = new MjmlSource.Source();
        try { source.read(design); } catch (error) {
            if (!/^Line \\d+: /.test(error.message)) throw error;
            continue;
        }
        if (source.print(source.body, part) !== design) return design;
        printed += 1;
    }
    return printed;
}"""


def test_whatever_can_be_read_is_printed_as_it_was(opened: Opened, make: Callable[..., Design]) -> None:
    page = opened(make(FINE))
    printed = page.evaluate(PROPERTY)
    assert isinstance(printed, int) and printed > 1_000, printed


def test_what_cannot_be_read_stays_in_the_code(opened: Opened, make: Callable[..., Design]) -> None:
    broken = "<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>"
    page = opened(make(broken))
    expect(page.get_by_text("The visual editor cannot read this design")).to_be_visible()
    expect(page.get_by_text("Line 4: <mj-section> is still open here.")).to_be_visible()
    page.get_by_role("button", name="Stay in the code").click()
    expect(page.get_by_role("button", name="Code", exact=True)).to_have_attribute("aria-pressed", "true")
    assert VisualEditor(page).source == broken


def test_nothing_of_a_design_runs_in_the_canvas(opened: Opened, make: Callable[..., Design]) -> None:
    hostile = (
        '<mjml><mj-body><mj-section><mj-column><mj-text>Fine words<img src="x" onerror="top.ran=1"></mj-text>'
        '<mj-text><script>top.ran=1</script></mj-text><mj-text><a href="javascript:top.ran=1">Press</a></mj-text>'
        '<mj-raw><iframe srcdoc="<script>top.ran=1</script>"></iframe></mj-raw>'
        '<mj-button href="javascript:top.ran=1">Button</mj-button></mj-column></mj-section></mj-body></mjml>'
    )
    page = opened(make(hostile))
    editor = VisualEditor(page)
    editor.open()
    assert editor.canvas.locator("script, iframe, [onerror]").count() == 0
    editor.canvas.get_by_text("Button").click()
    assert page.evaluate("window.ran") is None
    editor.to_code()
    assert editor.source == hostile


def test_the_choice_is_remembered_and_phones_get_the_code(opened: Opened, make: Callable[..., Design]) -> None:
    design = make(STARTERS[0].mjml)
    page = opened(design)
    editor = VisualEditor(page)
    editor.open()
    editor.to_code()
    page.reload()
    expect(page.locator(".code-editor")).to_be_visible()
    editor.to_visual()
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.reload()
    expect(page.get_by_text("The visual editor needs a wider screen.")).to_be_visible()
    expect(page.locator(".code-editor")).to_be_visible()
    expect(page.get_by_role("button", name="Visual")).to_be_hidden()


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_two_people_at_one_design(
    choice: str, opened: Opened, make: Callable[..., Design], organization: Organization, owner: User
) -> None:
    design = make(FINE.format("nobody"))
    page = opened(design)
    editor = VisualEditor(page)
    editor.open()
    with tenant_scope(organization):
        designs.save(design=design, mjml=FINE.format("Olga"), version=1, actor=owner)
    type_after(page, "Words of nobody", " but Mara")
    expect(page.get_by_role("heading", name="Olga saved a newer version")).to_be_visible()
    page.get_by_text("Show what differs").click()
    expect(page.locator(".diff .was").filter(has_text="Words of Olga").first).to_be_visible()
    assert now(organization, design).mjml == FINE.format("Olga")
    page.get_by_role("button", name=choice).click()
    expect(page.get_by_role("heading", name="Olga saved a newer version")).to_be_hidden()
    expect(page.get_by_text(re.compile(r"^Saved( \d\d:\d\d)?$"))).to_be_visible()
    mine, theirs = FINE.format("nobody but Mara"), FINE.format("Olga")
    goes_on, other = (mine, theirs) if choice == "Keep mine" else (theirs, mine)
    assert now(organization, design).mjml == goes_on
    editor.open()
    expect(editor.canvas.get_by_text("but Mara" if choice == "Keep mine" else "Words of Olga")).to_be_visible()
    page.get_by_role("link", name="Versions").click()
    with tenant_scope(organization):
        assert DesignVersion.objects.filter(design=design, mjml=other).exists()


def test_a_session_that_ends_while_somebody_types(
    opened: Opened,
    make: Callable[..., Design],
    organization: Organization,
    context: Any,
    live_server: Any,
    marketer: User,
) -> None:
    design = make(FINE.format("nobody"))
    page = opened(design)
    editor = VisualEditor(page)
    editor.open()
    context.clear_cookies()
    type_after(page, "Words of nobody", " but Mara")
    expect(page.get_by_text("You are logged out", exact=True)).to_be_visible()
    assert now(organization, design).version == 1
    # Log in again elsewhere: the token of this page is an old one, and it is saved all the same.
    log_in(context, live_server.url, marketer)
    page.get_by_role("button", name="Save now").click()
    editor.wait_until_saved()
    assert now(organization, design).mjml == FINE.format("nobody but Mara")

    # Or come back later: what was typed is offered.
    context.clear_cookies()
    type_after(page, "Words of nobody but Mara", " and Ana")
    expect(page.get_by_text("You are logged out", exact=True)).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    log_in(context, live_server.url, marketer)
    page = opened(design)
    expect(page.get_by_text("There is text that was not saved")).to_be_visible()
    page.get_by_role("button", name="Put it back").click()
    editor.wait_until_saved()
    assert now(organization, design).mjml == FINE.format("nobody but Mara and Ana")
    page.reload()
    editor.open()
    expect(page.get_by_text("There is text that was not saved")).to_be_hidden()


def test_nobody_saves_in_the_name_of_another_person(
    opened: Opened,
    make: Callable[..., Design],
    organization: Organization,
    context: Any,
    live_server: Any,
    marketer: User,
    owner: User,
) -> None:
    """Mara's tab stays open, her session ends, and somebody else logs in at the same computer."""
    design = make(FINE.format("nobody"))
    page = opened(design)
    editor = VisualEditor(page)
    editor.open()
    context.clear_cookies()
    log_in(context, live_server.url, owner)
    type_after(page, "Words of nobody", " but Mara")
    expect(page.get_by_text("Somebody else is logged in", exact=True)).to_be_visible()
    assert now(organization, design).version == 1
    log_in(context, live_server.url, marketer)
    page.get_by_role("button", name="Save now").click()
    editor.wait_until_saved()
    assert now(organization, design).mjml == FINE.format("nobody but Mara")
    assert now(organization, design).saved_by_id == marketer.pk


def test_a_cut_line(opened: Opened, make: Callable[..., Design], organization: Organization, context: Any) -> None:
    design = make(FINE.format("nobody"))
    page = opened(design)
    editor = VisualEditor(page)
    editor.open()
    context.set_offline(True)
    type_after(page, "Words of nobody", " but Mara")
    expect(page.get_by_text("No answer from Posthouse")).to_be_visible()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"] and not page.is_closed()
    context.set_offline(False)
    editor.wait_until_saved()
    assert now(organization, design).mjml == FINE.format("nobody but Mara")
