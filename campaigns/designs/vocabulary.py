"""The MJML and HTML that a design may use. The compiler echoes whatever it does not know, so we have to know it.

Element and attribute names are MJML 4's (documentation.mjml.io).
"""

from typing import Final

_BOX = "padding padding-top padding-right padding-bottom padding-left css-class mj-class"
_BLOCK = f"{_BOX} container-background-color align"
_FONT = "color font-family font-size font-style font-weight line-height letter-spacing text-decoration text-transform"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_BACKGROUND = (
    "background-color background-url background-repeat background-size background-position background-position-x "
    "background-position-y"
)
_LINK = "href rel target title name"

ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in {
        "mjml": "lang dir owa",
        "mj-head": "",
        "mj-title": "",
        "mj-preview": "",
        "mj-attributes": "",
        "mj-breakpoint": "width",
        "mj-style": "inline",
        "mj-body": "background-color width css-class mj-class lang dir title",
        "mj-wrapper": f"{_BOX} {_BORDER} {_BACKGROUND} full-width text-align gap",
        "mj-section": f"{_BOX} {_BORDER} {_BACKGROUND} full-width text-align direction text-padding",
        "mj-group": "width vertical-align background-color direction css-class mj-class",
        "mj-column": (
            f"{_BOX} {_BORDER} background-color inner-background-color inner-border inner-border-top inner-border-right "
            "inner-border-bottom inner-border-left inner-border-radius width vertical-align direction"
        ),
        "mj-hero": (
            f"{_BLOCK} {_BACKGROUND} background-height background-width height width mode vertical-align border-radius "
            "inner-background-color inner-padding inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left"
        ),
        "mj-text": f"{_BLOCK} {_FONT} height vertical-align background-color",
        "mj-button": f"{_BLOCK} {_FONT} {_BORDER} {_LINK} background-color height inner-padding text-align vertical-align width",
        "mj-image": f"{_BLOCK} {_BORDER} {_LINK} alt src width height max-height fluid-on-mobile font-size usemap",
        "mj-divider": f"{_BLOCK} border-color border-style border-width width",
        "mj-spacer": f"{_BOX} container-background-color height width",
        "mj-table": f"{_BLOCK} {_FONT} border cellpadding cellspacing role table-layout width vertical-align",
        "mj-social": (
            f"{_BLOCK} {_FONT} border-radius icon-height icon-size icon-padding inner-padding mode table-layout text-padding"
        ),
        "mj-social-element": (
            f"{_BOX} {_FONT} {_LINK} align alt background-color border-radius icon-height icon-size icon-padding icon-position "
            "src text-padding vertical-align"
        ),
        "mj-navbar": f"{_BLOCK} base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size ico-line-height "
        "ico-open "
        "ico-padding ico-text-decoration ico-text-transform",
        "mj-navbar-link": f"{_BOX} {_FONT} {_LINK}",
        "mj-accordion": f"{_BLOCK} border font-family icon-align icon-height icon-position icon-unwrapped-alt icon-unwrapped-url "
        "icon-width icon-wrapped-alt icon-wrapped-url",
        "mj-accordion-element": "background-color border css-class mj-class font-family icon-align icon-height icon-position "
        "icon-unwrapped-alt icon-unwrapped-url icon-width icon-wrapped-alt icon-wrapped-url",
        "mj-accordion-title": f"{_BOX} {_FONT} background-color",
        "mj-accordion-text": f"{_BOX} {_FONT} background-color",
        "mj-raw": "",
        "mj-all": "*",
        "mj-class": "*",
    }.items()
}

_CONTENT = frozenset(
    "mj-text mj-button mj-image mj-divider mj-spacer mj-table mj-social mj-navbar mj-accordion mj-raw".split()
)
# A default may be set for every element that stands in the body.
_DEFAULTS = frozenset(ATTRIBUTES) - frozenset(
    "mjml mj-head mj-title mj-preview mj-attributes mj-breakpoint mj-style mj-raw".split()
)

CHILDREN: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"mjml"}),
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": frozenset({"mj-title", "mj-preview", "mj-attributes", "mj-breakpoint", "mj-style"}),
    "mj-attributes": _DEFAULTS,
    "mj-body": frozenset({"mj-section", "mj-wrapper", "mj-hero", "mj-raw"}),
    "mj-wrapper": frozenset({"mj-section", "mj-hero", "mj-raw"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _CONTENT,
    "mj-hero": _CONTENT,
    "mj-social": frozenset({"mj-social-element"}),
    "mj-navbar": frozenset({"mj-navbar-link"}),
    "mj-accordion": frozenset({"mj-accordion-element"}),
    "mj-accordion-element": frozenset({"mj-accordion-title", "mj-accordion-text"}),
}

# Elements whose content is not MJML: HTML that people type, CSS, or plain words.
HTML_CONTENT: Final = frozenset(
    "mj-text mj-button mj-table mj-raw mj-social-element mj-navbar-link mj-accordion-title mj-accordion-text".split()
)
WORDS_CONTENT: Final = frozenset({"mj-title", "mj-preview"})
ENDING: Final = HTML_CONTENT | WORDS_CONTENT | {"mj-style"}

REFUSED_ELEMENTS: Final[dict[str, str]] = {
    "mj-include": "Files cannot be included. Paste the content here.",
    "mj-html-attributes": "mj-html-attributes is not supported. Write the attributes on the elements.",
    "mj-font": "Fonts are not loaded from other servers: that tells them who reads the mail. Use one that mail programs have.",
    "mj-carousel": "A carousel does not work in most mail programs. Use pictures in columns.",
    "mj-html": "There is no mj-html. Put HTML in an mj-text or an mj-raw.",
}

# HTML in texts. What is not here is refused, with a word about what to use.
HTML_ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    tag: frozenset(words.split())
    for tag, words in {
        "*": "class style title dir lang align valign width height bgcolor role aria-label aria-hidden",
        "a": "href target rel name",
        "img": "src alt border",
        "table": "border cellpadding cellspacing summary",
        "td": "colspan rowspan headers scope nowrap",
        "th": "colspan rowspan headers scope nowrap",
        "col": "span",
        "font": "color face size",
        "ol": "start type",
        "ul": "type",
        "li": "value type",
        "hr": "color size noshade",
    }.items()
}
HTML_TAGS: Final = frozenset(
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure font "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead "
    "tr tt u ul var wbr".split()
)
VOID_TAGS: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
IMPLIED_END: Final = frozenset("p li td th tr dt dd option".split())  # a second one ends the first

URL_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "sms"})
IMAGE_SCHEMES: Final = frozenset({"http", "https"})
LINK_ATTRIBUTES: Final = frozenset({"href", "base-url"})
IMAGE_ATTRIBUTES: Final = frozenset({"src", "background-url", "icon-unwrapped-url", "icon-wrapped-url"})
WORDS_ATTRIBUTES: Final = frozenset(
    {"alt", "title", "name", "rel", "icon-wrapped-alt", "icon-unwrapped-alt", "ico-open", "ico-close"}
)

CSS_PROPERTIES: Final = frozenset(
    "background background-color background-image background-position background-repeat background-size border border-bottom "
    "border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width "
    "border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius border-right "
    "border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color "
    "border-top-left-radius border-top-right-radius border-top-style border-top-width border-width box-shadow caption-side clear "
    "color direction display float font font-family font-size font-style font-variant font-weight height letter-spacing "
    "line-height list-style list-style-position list-style-type margin margin-bottom margin-left margin-right margin-top "
    "max-height max-width min-height min-width opacity outline overflow padding padding-bottom padding-left padding-right "
    "padding-top table-layout text-align text-decoration text-decoration-color text-indent text-overflow text-shadow "
    "text-transform unicode-bidi vertical-align white-space width word-break word-spacing word-wrap mso-line-height-rule "
    "mso-table-lspace mso-table-rspace mso-padding-alt mso-hide".split()
)
