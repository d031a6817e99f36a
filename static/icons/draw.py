"""Draw `sprite.svg` from the icons named in `names.txt`, and say which of them no template uses.

`python static/icons/draw.py` fetches @tabler/icons by npm at the version of `vendor/refresh.py`; only needed when an
icon is added. `python static/icons/draw.py --used` only lists use.
"""

import re
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SVG = "{http://www.w3.org/2000/svg}"


def names() -> list[str]:
    """The icons we draw, sorted."""
    return sorted(set((HERE / "names.txt").read_text().split()))


def used() -> set[str]:
    """Names in `{% icon 'name' %}` and `icon="name"` of all templates, and `icon="name"` in Python."""
    found: set[str] = set()
    for path in [*(ROOT / "templates").rglob("*.html"), *ROOT.glob("*/templatetags/*.py")]:
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\{%\s*icon\s+['"]([a-z0-9-]+)['"]""", text))
        found |= set(re.findall(r"""\bicon=['"]([a-z0-9-]+)['"]""", text))
    return found


def draw(icons: Path) -> str:
    """The sprite: one <symbol> an icon, stroke and size left to the stylesheet."""
    symbols = []
    for name in names():
        svg = ET.parse(icons / "outline" / f"{name}.svg").getroot()
        paths = "".join(
            f'<path d="{path.get("d")}"/>' for path in svg.iter(f"{SVG}path") if path.get("stroke") != "none"
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def main() -> None:
    if "--used" not in sys.argv:
        sys.path.insert(0, str(HERE.parent / "vendor"))
        import refresh

        with tempfile.TemporaryDirectory() as scratch:
            package = refresh.pack("@tabler/icons", refresh.PINS["@tabler/icons"][0], Path(scratch))
            (HERE / "sprite.svg").write_text(draw(package / "icons"))
    print("not drawn:", " ".join(sorted(used() - set(names()))) or "none")
    print("not used: ", " ".join(sorted(set(names()) - used())) or "none")


if __name__ == "__main__":
    main()
