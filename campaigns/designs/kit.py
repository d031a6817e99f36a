"""The brand kit put into a design: colours, fonts, logo and social links by name, so that changing the kit restyles every design.

A design never says a brand's colour. It says `mj-class="kit-button"`, and at every compile the classes of `CLASSES` are
defined anew from the kit, with the rules for dark mode. What a design says itself on an element still wins. Two elements
stand for what only the kit knows: `<mj-image mj-class="kit-logo" …/>` and `<mj-social mj-class="kit-social"></mj-social>`.
A picture whose address begins with / is one of this house; it becomes whole here. Lines stay what they were.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from accounts.face.colour import ENOUGH, INK, WHITE, contrast, mix, parse, readable

COLOURS: Final[dict[str, str]] = {
    "accent": "#0B6A62",
    "on_accent": "#FFFFFF",
    "paper": "#F4F0E8",
    "sheet": "#FFFFFF",
    "ink": "#1C1B19",
    "quiet": "#5C574E",
    "link": "#0B6A62",
}
# Only what mail programs have: the first of each is on Windows, where Outlook reads no further.
FONTS: Final[dict[str, str]] = {
    "Georgia": "Georgia, 'Times New Roman', serif",
    "Palatino": "'Palatino Linotype', Palatino, 'Book Antiqua', Georgia, serif",
    "Times": "'Times New Roman', Times, serif",
    "Arial": "Arial, 'Helvetica Neue', Helvetica, sans-serif",
    "Verdana": "Verdana, Geneva, sans-serif",
    "Tahoma": "Tahoma, Verdana, sans-serif",
    "Trebuchet": "'Trebuchet MS', Tahoma, sans-serif",
    "Courier": "'Courier New', Courier, monospace",
}
DEFAULT_FONTS: Final = {"body": "Arial", "titles": "Georgia"}
NETWORKS: Final = (
    "website",
    "instagram",
    "facebook",
    "linkedin",
    "youtube",
    "x",
    "mastodon",
    "bluesky",
    "tiktok",
    "pinterest",
)
CLASSES: Final = (
    *(
        "kit-page",
        "kit-sheet",
        "kit-band",
        "kit-tint",
        "kit-night-page",
        "kit-night",
        "kit-text",
        "kit-quiet",
        "kit-on-accent",
        "kit-on-night",
    ),
    *("kit-button", "kit-button-quiet", "kit-button-night", "kit-line", "kit-picture", "kit-logo", "kit-social"),
)
_DARK: Final = {"paper": "#171614", "sheet": "#201F1C", "ink": "#F0ECE4", "quiet": "#B3ACA0", "line": "#3B3832"}
_NIGHT, _NIGHT_SHEET = "#14171F", "#1D212C"  # for the designs that are dark by themselves

_ATTRIBUTES = r"(?:\s+[^\s\"'<>/=]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*"
_CLASS = re.compile(rf"<mj-class(?P<attributes>{_ATTRIBUTES})\s*(?:/>|>\s*</mj-class>)")
_HEAD = re.compile(r"<mj-head\s*(?P<empty>/?)>")
_ROOT = re.compile(rf"<mjml{_ATTRIBUTES}\s*>")
_IMAGE = re.compile(rf"<mj-image(?P<attributes>{_ATTRIBUTES})\s*(?:/>|>\s*</mj-image>)")
_SOCIAL = re.compile(rf"<mj-social(?P<attributes>{_ATTRIBUTES})\s*(?P<empty>/?)>")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_HOUSE_PICTURE = re.compile(r"""(?P<lead>\b(?:src|background-url|background)\s*=\s*["'])(?P<path>/(?!/)[^"'\s<>]*)""")


@dataclass(frozen=True, slots=True)
class Logo:
    """`src` as designs say it, `width` and `height` of the file in pixels."""

    src: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Kit:
    """One brand's looks. `colours` and `fonts` hold what differs from ours; `social`: (network, address), in their order."""

    name: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo: Logo | None = None
    social: tuple[tuple[str, str], ...] = ()

    def colour(self, name: str) -> str:
        """As #RRGGBB. A colour that cannot be read is ours."""
        try:
            parse(self.colours.get(name, ""))
        except ValueError:
            return COLOURS[name]
        return self.colours[name].upper()

    def font(self, name: str) -> str:
        """The stack for `body` or `titles`."""
        return FONTS.get(self.fonts.get(name, ""), FONTS[DEFAULT_FONTS[name]])


@dataclass(frozen=True, slots=True)
class Pair:
    """Two colours that meet as text and ground. `better`: the nearest text colour that can be read there."""

    words: str
    name: str
    text: str
    ground: str
    contrast: float
    better: str

    @property
    def enough(self) -> bool:
        """WCAG 2.2, 1.4.3: 4.5 to 1."""
        return self.contrast >= ENOUGH


def of_brand(colour: str) -> dict[str, str]:
    """The colours of a kit that was never set: the brand's own as accent, and what can be read on it."""
    try:
        parse(colour)
    except ValueError:
        return dict(COLOURS)
    on = next((each for each in (WHITE, INK) if contrast(each, colour) >= ENOUGH), "#000000")
    return COLOURS | {"accent": colour.upper(), "on_accent": on, "link": readable(colour, on=WHITE, towards=INK)}


def pairs(kit: Kit) -> tuple[Pair, ...]:
    """Every text on every ground that designs make of the kit."""
    return tuple(
        Pair(
            words,
            text,
            kit.colour(text),
            kit.colour(ground),
            round(contrast(kit.colour(text), kit.colour(ground)), 2),
            _better(kit.colour(text), kit.colour(ground)),
        )
        for words, text, ground in (
            ("Text on the sheet", "ink", "sheet"),
            ("Text on the page", "ink", "paper"),
            ("Small print on the sheet", "quiet", "sheet"),
            ("Small print on the page", "quiet", "paper"),
            ("Links on the sheet", "link", "sheet"),
            ("Links on the page", "link", "paper"),
            ("Words on buttons", "on_accent", "accent"),
        )
    )


def _better(text: str, ground: str) -> str:
    towards = max((WHITE, "#000000"), key=lambda end: contrast(end, ground))
    return readable(text, on=ground, towards=towards)


def dress(mjml: str, kit: Kit, *, base: str) -> str:
    """The design with the kit in it and whole addresses for the pictures of this house, under `base` (https://host)."""
    if "kit-" in mjml:
        mjml = _CLASS.sub(_without_own, mjml)
        mjml = _IMAGE.sub(lambda found: _logo(found, kit), mjml)
        mjml = _with_social(mjml, kit)
        mjml = _with_head(mjml, head(kit))
    base = base.rstrip("/")
    return _HOUSE_PICTURE.sub(lambda found: f"{found['lead']}{base}{found['path']}", mjml)


def head(kit: Kit) -> str:
    """What goes into mj-head: the classes and the styles, on one line."""
    return f"<mj-attributes>{''.join(_classes(kit))}</mj-attributes><mj-style>{_styles(kit)}</mj-style>"


def _with_head(mjml: str, inside: str) -> str:
    if found := _HEAD.search(mjml):
        put = f"<mj-head>{inside}" + ("</mj-head>" if found["empty"] else "")
        return mjml[: found.start()] + put + mjml[found.end() :]
    if found := _ROOT.search(mjml):
        return f"{mjml[: found.end()]}<mj-head>{inside}</mj-head>{mjml[found.end() :]}"
    return mjml


def _attributes(found: re.Match[str]) -> dict[str, str]:
    return {name: _plain(double or single) for name, double, single in _ATTRIBUTE.findall(found["attributes"])}


def _plain(value: str) -> str:
    try:
        return html.unescape(value)
    except ValueError:  # a character's number with thousands of digits, which lint refuses
        return value


def _tag(name: str, attributes: Mapping[str, str], *, end: str = " />") -> str:
    written = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}{end}"


def _same_lines(old: str, new: str) -> str:
    return new + "\n" * old.count("\n")


def _without_own(found: re.Match[str]) -> str:
    """A definition of our classes in the design (an export brings one along) gives way to the kit's."""
    own = _attributes(found).get("name", "") in CLASSES
    return _same_lines(found.group(), "") if own else found.group()


def _logo(found: re.Match[str], kit: Kit) -> str:
    attributes = _attributes(found)
    if "kit-logo" not in attributes.get("mj-class", "").split():
        return found.group()
    name = kit.name or "{{ brand.name }}"
    if kit.logo is None:
        kept = {key: value for key, value in attributes.items() if key.startswith("padding") or key == "align"}
        looks = {"css-class": "kit-text", "color": kit.colour("ink"), "align": "center", "padding": "0 40px"}
        type_ = {"font-family": kit.font("titles"), "font-size": "24px", "line-height": "32px", "font-weight": "bold"}
        tag = _tag("mj-text", looks | type_ | kept, end=">")
        return _same_lines(found.group(), f"{tag}{html.escape(name)}</mj-text>")
    width = min(kit.logo.width, 200, max(1, round(72 * kit.logo.width / kit.logo.height)))
    mine = {"src": kit.logo.src, "alt": name, "width": f"{width}px", "css-class": "kit-logo"}
    return _same_lines(found.group(), _tag("mj-image", attributes | mine))


def _with_social(mjml: str, kit: Kit) -> str:
    pieces: list[str] = []
    at = 0
    for found in _SOCIAL.finditer(mjml):
        if found.start() < at or "kit-social" not in _attributes(found).get("mj-class", "").split():
            continue
        end = found.end()
        if not found["empty"]:
            closing = mjml.find("</mj-social>", end)
            if closing < 0:
                break
            end = closing + len("</mj-social>")
        old = mjml[found.start() : end]
        pieces += [mjml[at : found.start()], _same_lines(old, _social(_attributes(found), kit))]
        at = end
    return "".join(pieces) + mjml[at:]


def _social(attributes: Mapping[str, str], kit: Kit) -> str:
    links = "".join(
        _tag(
            "mj-social-element",
            {
                "src": f"/static/designs/social/{network}.png",
                "href": address,
                "alt": network.capitalize(),
                "icon-size": "28px",
                "padding": "0 8px",
                "border-radius": "14px",
            },
            end=">",
        )
        + "</mj-social-element>"
        for network, address in kit.social
        if network in NETWORKS
    )
    return f"{_tag('mj-social', attributes, end='>')}{links}</mj-social>" if links else ""


def _classes(kit: Kit) -> list[str]:
    colour = kit.colour
    body = kit.font("body")
    text = {"font-family": body, "font-size": "17px", "line-height": "27px", "padding": "0 40px 16px"}
    small = {"font-family": body, "font-size": "14px", "line-height": "22px", "padding": "0 40px 12px"}
    button = {"font-family": body, "font-size": "17px", "font-weight": "bold", "border-radius": "6px"} | {
        "inner-padding": "14px 28px",
        "padding": "8px 40px 24px",
    }
    made: dict[str, dict[str, str]] = {
        "kit-page": {"background-color": colour("paper")},
        "kit-sheet": {"background-color": colour("sheet")},
        "kit-band": {"background-color": colour("accent")},
        "kit-tint": {"background-color": tint(kit)},
        "kit-night-page": {"background-color": _NIGHT},
        "kit-night": {"background-color": _NIGHT_SHEET},
        "kit-text": text | {"color": colour("ink")},
        "kit-quiet": small | {"color": colour("quiet")},
        "kit-on-accent": text | {"color": colour("on_accent")},
        "kit-on-night": text | {"color": "#EDEFF5"},
        "kit-button": button | {"background-color": colour("accent"), "color": colour("on_accent")},
        "kit-button-quiet": button
        | {"background-color": colour("sheet"), "color": colour("link"), "border": f"2px solid {colour('link')}"},
        "kit-button-night": button | {"background-color": _glow(kit), "color": _NIGHT},
        "kit-line": {"border-width": "1px", "border-color": _line(kit), "padding": "8px 40px 24px"},
        "kit-picture": {"border-radius": "8px", "padding": "0", "fluid-on-mobile": "true"},
        "kit-logo": {"padding": "0 40px"},
        "kit-social": {"mode": "horizontal", "align": "center", "padding": "0 40px 16px"},
    }
    classes = [_tag("mj-class", {"name": name, "css-class": name} | given) for name, given in made.items()]
    return [_tag("mj-all", {"font-family": body}), *classes]


def tint(kit: Kit) -> str:
    """A breath of the accent on the sheet."""
    return mix(kit.colour("accent"), kit.colour("sheet"), 0.9)


def _line(kit: Kit) -> str:
    return mix(kit.colour("ink"), kit.colour("sheet"), 0.84)


def _glow(kit: Kit) -> str:
    """The accent, light enough for the night."""
    return readable(kit.colour("accent"), on=_NIGHT_SHEET, towards=WHITE)


def _styles(kit: Kit) -> str:
    """Titles and links inside of texts, as it is inlined; small screens and dark mode, which stay in the head."""
    titles = kit.font("titles")
    texts = (".kit-text", ".kit-on-accent", ".kit-on-night")
    sizes = (("h1", "0", 34, 42), ("h2", "0 0 6px", 22, 30), ("h3", "0 0 4px", 18, 26))
    rules = [
        f"{_each(texts, tag)}{{margin:{margin};font-family:{titles};font-size:{size}px;line-height:{line}px;font-weight:bold}}"
        for tag, margin, size, line in sizes
    ]
    rules += [
        f".kit-text a,.kit-quiet a{{color:{kit.colour('link')}}}",
        f".kit-on-accent a{{color:{kit.colour('on_accent')}}}",
        f".kit-on-night a{{color:{_glow(kit)}}}",
        f"@media (max-width:480px){{{_each(texts, 'h1')}{{font-size:29px !important;line-height:36px !important}}",
        "td.kit-text,td.kit-quiet,td.kit-on-accent,td.kit-on-night,td.kit-button,td.kit-button-quiet,td.kit-button-night,",
        "td.kit-line,td.kit-picture,.kit-boxed>table>tbody>tr>td{padding-left:24px !important;padding-right:24px !important}",
        ".kit-columns>table>tbody>tr>td{padding-left:0 !important;padding-right:0 !important}}",
        f"@media (prefers-color-scheme:dark){{{_dark(kit, '')}}}",
        _dark(kit, "[data-ogsc] "),
    ]
    return ":root{color-scheme:light dark}" + "".join(rules)


def _each(names: tuple[str, ...], tag: str) -> str:
    return ",".join(f"{name} {tag}" for name in names)


def _dark(kit: Kit, within: str) -> str:
    """The rules of dark mode; once for programs that ask the reader's wish, once for Outlook's own mode ([data-ogsc])."""
    link = readable(kit.colour("accent"), on=_DARK["sheet"], towards=WHITE)
    words = ",".join(f".kit-text {tag}".rstrip() for tag in ("", *"div table td th h1 h2 h3 span".split()))

    def rule(names: str, *what: str) -> str:
        said = ";".join(f"{each} !important" for each in what)
        return ",".join(within + name for name in names.split(",")) + "{" + said + "}"

    def ground(names: str, colour: str) -> str:
        return rule(names, f"background-color:{colour}", "background-image:none")

    return "".join(
        (
            ground("body,.kit-page" if not within else ".kit-page", _DARK["paper"]),
            ground(".kit-sheet,.kit-sheet>table,.kit-sheet>div", _DARK["sheet"]),
            ground(".kit-tint,.kit-tint>table", "transparent"),
            ground(".kit-tint>table>tbody>tr>td", mix(kit.colour("accent"), _DARK["sheet"], 0.78)),
            rule(words, f"color:{_DARK['ink']}"),
            rule(".kit-quiet,.kit-quiet div", f"color:{_DARK['quiet']}"),
            rule(".kit-text a,.kit-quiet a", f"color:{link}"),
            rule(".kit-line p", f"border-top-color:{_DARK['line']}"),
            rule(".kit-text td,.kit-text th", f"border-color:{_DARK['line']}"),
            ground(".kit-button-quiet td,.kit-button-quiet a", _DARK["sheet"]),
            rule(".kit-button-quiet td,.kit-button-quiet a", f"color:{link}", f"border-color:{link}"),
        )
    )
