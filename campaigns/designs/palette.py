"""The pieces that the visual editor offers: what each is called, and the MJML that it puts into a design.

They wear the brand's kit, as the starters do, and stand for themselves: whoever sends one as it is sends nothing wrong.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Piece:
    """`icon`: a name of our sprite."""

    key: str
    label: str
    icon: str
    mjml: str


_TEXT = '<mj-text mj-class="kit-text">Write what people should know.</mj-text>'
_COLUMN = f"<mj-column>\n    {_TEXT}\n  </mj-column>"
_COLUMNS = (
    '<mj-column>\n    <mj-text mj-class="kit-text" padding="0 12px 16px">Write what people should know.</mj-text>\n'
    "  </mj-column>"
)


def _section(*columns: str, attributes: str = 'mj-class="kit-sheet" padding="24px 0 8px"') -> str:
    inside = "\n  ".join(columns)
    return f"<mj-section {attributes}>\n  {inside}\n</mj-section>"


_SIDE_BY_SIDE: Final = 'mj-class="kit-sheet" css-class="kit-columns" padding="24px 28px 8px"'
PALETTE: Final = (
    Piece("text", "Text", "typography", _TEXT),
    Piece("heading", "Heading", "pencil", '<mj-text mj-class="kit-text"><h2>A heading</h2></mj-text>'),
    Piece("picture", "Picture", "photo", '<mj-image mj-class="kit-picture" src="" alt="" padding="0 40px 16px" />'),
    Piece("button", "Button", "link", '<mj-button mj-class="kit-button" href="">Read more</mj-button>'),
    Piece("divider", "Divider", "minus", '<mj-divider mj-class="kit-line" />'),
    Piece("spacer", "Space", "arrows-sort", '<mj-spacer height="24px" />'),
    Piece("social", "Social links", "share", '<mj-social mj-class="kit-social"></mj-social>'),
    Piece("one-column", "1 column", "square", _section(_COLUMN)),
    Piece("two-columns", "2 columns", "columns", _section(_COLUMNS, _COLUMNS, attributes=_SIDE_BY_SIDE)),
    Piece(
        "three-columns", "3 columns", "layout-grid", _section(_COLUMNS, _COLUMNS, _COLUMNS, attributes=_SIDE_BY_SIDE)
    ),
    Piece(
        "hero",
        "Hero",
        "layout-dashboard",
        '<mj-hero mode="fluid-height" background-color="#1C1B19" padding="64px 0">\n'
        '  <mj-text mj-class="kit-text" color="#FFFFFF" align="center"><h1>The one thing to say</h1></mj-text>\n'
        '  <mj-button mj-class="kit-button" href="">Read more</mj-button>\n'
        "</mj-hero>",
    ),
    Piece(
        "product",
        "Product",
        "tag",
        _section(
            '<mj-column width="42%" vertical-align="middle">\n'
            '    <mj-image mj-class="kit-picture" src="/static/designs/product-cup.png" alt="A red mug with a cream stripe"'
            ' padding="0 12px 12px" />\n  </mj-column>',
            '<mj-column width="58%" vertical-align="middle">\n'
            '    <mj-text mj-class="kit-text" padding="0 12px 12px"><h2>What it is called</h2>What it is, in a line.<br />'
            "<strong>€ 18</strong></mj-text>\n"
            '    <mj-button mj-class="kit-button" href="" align="left" padding="0 12px 16px">Look at it</mj-button>\n'
            "  </mj-column>",
            attributes=_SIDE_BY_SIDE,
        ),
    ),
    Piece(
        "header",
        "Header",
        "arrow-up",
        _section(
            '<mj-column>\n    <mj-image mj-class="kit-logo" src="/static/designs/cup.png" alt="{{ brand.name }}" align="center" />'
            "\n  </mj-column>",
            attributes='padding="32px 0 24px"',
        ),
    ),
    Piece(
        "footer",
        "Footer",
        "arrow-down",
        _section(
            '<mj-column>\n    <mj-social mj-class="kit-social"></mj-social>\n'
            '    <mj-text mj-class="kit-quiet" align="center">\n'
            "      {{ brand.name }}, {{ brand.postal_address }}<br />\n"
            "      You get this because you subscribed to our mail.<br />\n"
            '      <a href="{{ unsubscribe_url }}">Unsubscribe</a> &middot;\n'
            '      <a href="{{ preferences_url }}">Choose what you get</a>\n'
            "    </mj-text>\n  </mj-column>",
            attributes='padding="28px 0 36px"',
        ),
    ),
)
