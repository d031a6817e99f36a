"""The cast: the shipped one is sound, and a wrong one is refused with its reason."""

from pathlib import Path

import pytest

from posthouse.sandbox import characters

ELSE = '[[provider]]\nname = "E"\nmx = ["mx.e.test"]\naddresses = ["127.0.1.2"]\neverything_else = true\n'


def test_the_shipped_cast_has_every_character() -> None:
    cast = characters.load()
    assert any(set(p.requires) == {"spf", "dkim", "dmarc"} for p in cast.providers)
    assert any(p.greylist.share and p.throttle.pace for p in cast.providers)
    assert any(p.unknown and p.full and p.gone_full for p in cast.providers)
    assert any(p.habits.get("complain", 0) > 0.005 for p in cast.providers)
    assert cast.host_of("granite.example").name == "Granite Mail"
    assert cast.host_of("gmail.com") is cast.everything_else
    assert not any(p.pace for p in cast.hurried().providers)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "everything_else"),
        (ELSE + ELSE, "exactly one"),
        (ELSE + '[[provider]]\nname = "P"\nmx = ["mx.p.test"]\naddresses = ["192.0.2.1"]\n', "not a loopback"),
        (ELSE + '[[provider]]\nname = "P"\nmx = ["mx.gmail.com"]\naddresses = ["127.0.1.3"]\n', "somebody's"),
        (ELSE + '[[provider]]\nname = "P"\nmx = ["mx.p.test"]\naddresses = ["127.0.1.2"]\n', "is used by E"),
        (ELSE + '[[provider]]\nname = "P"\nmx = ["mx.p.test"]\naddresses = ["127.0.1.3"]\nunknown = 2\n', "no share"),
        (
            ELSE + '[[provider]]\nname = "P"\nmx = ["mx.p.test"]\naddresses = ["127.0.1.3"]\nrequires = ["magic"]\n',
            "magic",
        ),
        (ELSE + '[[provider]]\nname = "P"\nmx = []\n', "at least one"),
        (ELSE + '[[provider]]\nname = "P"\ncolour = 3\n', "colour"),
        (ELSE + "[delays]\nopen = [5, 1]\n", "cannot be"),
        ("[[provider", "cast.toml"),
    ],
)
def test_a_wrong_cast_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "cast.toml"
    path.write_text(text)
    with pytest.raises(characters.BadCharacters, match=f"(?i){why}"):
        characters.load(path)
