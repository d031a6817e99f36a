"""What the visual editor offers compiles, wears the kit, and needs nothing but a picture or a link."""

import pytest

from campaigns.designs import kit, linting, sections, source
from campaigns.designs.kit import Kit
from campaigns.designs.palette import PALETTE, Piece


@pytest.mark.parametrize("piece", PALETTE, ids=lambda piece: piece.key)
def test_each_piece_is_fit_to_send_but_for_its_picture(piece: Piece) -> None:
    stands_alone = piece.mjml.startswith(("<mj-section", "<mj-hero"))
    inside = piece.mjml if stands_alone else f"<mj-section><mj-column>{piece.mjml}</mj-column></mj-section>"
    text = source.tidy(kit.dress(sections.wrapped(inside), Kit(name="Kettle"), base="https://mail.example"))
    found = {finding.message for finding in linting.lint(source.read(text), text, None)}
    assert found <= {'This picture has no address. Give it: src="https://…".'}
    assert ("kit-" in piece.mjml) or piece.key == "spacer"


def test_keys_and_names_are_each_one_piece() -> None:
    assert len({piece.key for piece in PALETTE}) == len({piece.label for piece in PALETTE}) == len(PALETTE)
