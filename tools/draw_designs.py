"""`python -m tools.draw_designs [keys]`: our own designs as mail, to docs/screens/designs/: 390 and 640 px, light and dark.

Georgia and its like are seldom on a server, so Source Serif 4 stands in for it here. Nothing is fetched from anywhere.
"""

import io
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Page, Route, sync_playwright

from campaigns.designs import kit as kits
from campaigns.designs.compiling import compile_source
from campaigns.designs.kit import Kit
from campaigns.designs.starters import STARTERS
from sending.merging import compile_plan, merge, merge_values
from tests.browser import ARGUMENTS, chromium

HOUSE = Path(__file__).resolve().parents[1]
BASE = "http://house.invalid"
WIDTHS = (390, 640)
KIT = Kit(
    name="Copper Kettle Coffee",
    social=(
        ("website", "https://kettle.example"),
        ("instagram", "https://i.example"),
        ("youtube", "https://y.example"),
    ),
)
STAND_IN = (
    "@font-face { font-family: Georgia; font-weight: 200 900; "
    f"src: url({BASE}/static/vendor/fonts/source-serif-4-latin.woff2) }}"
)


def mail(mjml: str, kit: Kit = KIT) -> str:
    """A design as Ann would get it."""
    compiled = compile_source(kits.dress(mjml, kit, base=BASE))
    values = merge_values(
        contact={"first_name": "Ann"},
        organization_name=kit.name,
        brand_name=kit.name,
        postal_address="12 Mill Lane, Springfield",
        unsubscribe_url="https://links.example/u/1",
        preferences_url="https://links.example/p/1",
    )
    return merge(compile_plan("", compiled.html, compiled.text), values).html


def only_ours(route: Route) -> None:
    """Files of static/ and nothing else."""
    address = urlsplit(route.request.url)
    path = HOUSE / address.path.lstrip("/")
    if address.hostname == "house.invalid" and path.is_relative_to(HOUSE / "static") and path.is_file():
        route.fulfill(path=path, headers={"Access-Control-Allow-Origin": "*"})
    else:
        route.abort()


def shoot(page: Page, html: str) -> Image.Image:
    page.set_content(html, wait_until="load")
    page.add_style_tag(content=STAND_IN)
    page.evaluate("document.fonts.ready")
    return Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")


def main(keys: list[str]) -> None:
    target = Path(os.environ.get("SCREENS", HOUSE / "docs" / "screens" / "designs"))
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
                context.route("**/*", only_ours)
                page = context.new_page()
                for starter in STARTERS:
                    if not keys or starter.key in keys:
                        picture = shoot(page, mail(starter.mjml))
                        picture.save(target / f"{starter.key}-{width}-{scheme}.webp", quality=72, method=6)
                context.close()
        browser.close()
    print(f"{len(list(target.glob('*.webp')))} pictures in {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
