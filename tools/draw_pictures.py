"""`python -m tools.draw_pictures [names]`: the pictures of our own designs, from their drawings to small PNGs in static/designs/.

Mail programs show no SVG, so every drawing (campaigns/designs/starters/pictures/) becomes a PNG at twice the width that it is
shown at, with as few colours as it needs. The signs in social/ are Tabler's (MIT, static/vendor/tabler/LICENSE-icons).
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser import ARGUMENTS, chromium

HOUSE = Path(__file__).resolve().parents[1]
DRAWINGS = HOUSE / "campaigns" / "designs" / "starters" / "pictures"
PICTURES = HOUSE / "static" / "designs"
COLOURS = 96


def main(names: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for drawing in sorted(DRAWINGS.rglob("*.svg")):
            if names and drawing.stem not in names:
                continue
            page = browser.new_page(viewport={"width": 1300, "height": 800})
            page.set_content(
                f"<style>body{{margin:0;background:transparent}}svg{{display:block}}</style>{drawing.read_text()}"
            )
            shot = page.locator("svg").screenshot(omit_background=True)
            page.close()
            target = (PICTURES / drawing.relative_to(DRAWINGS)).with_suffix(".png")
            target.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.open(io.BytesIO(shot)).convert("RGBA")
            if picture.getchannel("A").getextrema()[0] == 255:
                picture = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            else:
                picture = picture.quantize(32, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            picture.save(target, optimize=True)
            print(f"{target.relative_to(HOUSE)}: {picture.width} x {picture.height}, {target.stat().st_size} bytes")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
