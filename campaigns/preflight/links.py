"""Every link leads somewhere: none is empty, half an address, or left over from a template."""

import re
from urllib.parse import urlsplit

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "links", "Links"

# RFC 2606 keeps these for examples; nobody lives there.
_PLACEHOLDER_HOSTS = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|invalid|localhost)$")
_HOST = re.compile(r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}$")
_MAILTO = re.compile(r"[^@\s,;?]+@[^@\s,;?]+\.[^@\s,;?]+(\?.*)?", re.DOTALL)


def check(facts: Facts) -> Result:
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    links = facts.compiled.links
    for link in links:
        on = f" on “{link.words}”" if link.words else ""
        if trouble := _trouble(link.address):
            return Result(
                NAME,
                TITLE,
                "fail",
                f"The link{on} {trouble}.",
                "Give it the address that it should lead to.",
                "content",
            )
    if leftover := [link for link in links if _is_placeholder(link.address)]:
        return Result(
            NAME,
            TITLE,
            "warn",
            f"{leftover[0].address} is an example from the template.",
            "Replace it by a page of yours.",
            "content",
        )
    plain = [link for link in links if link.address.lower().startswith("http:")]
    if plain:
        return Result(
            NAME, TITLE, "warn", f"{plain[0].address} is not encrypted.", "Use https:// if the page has it.", "content"
        )
    if len(links) == 1:
        return Result(NAME, TITLE, "pass", "1 link.", place="content")
    return Result(NAME, TITLE, "pass", f"{len(links)} links.", place="content")


def _trouble(address: str) -> str:
    """What is wrong with an address, as the rest of a sentence; "" when nothing is."""
    if not address or address == "#":
        return "is empty"
    if address.startswith(("{{", "#")):
        return ""
    bare = re.sub(r"\{\{.*?\}\}", "x", address)
    lowered = bare.lower()
    if lowered.startswith("mailto:"):
        return "" if _MAILTO.fullmatch(bare[7:]) else f"is not an e-mail address: {address}"
    if lowered.startswith(("tel:", "sms:")):
        return "" if re.search(r"\d", bare) else f"has no number: {address}"
    if any(character.isspace() for character in bare):
        return f"has a space in its address: {address}"
    try:
        split = urlsplit(bare)
        host = (split.hostname or "").rstrip(".")
        port = split.port
    except ValueError:
        return f"is not a web address: {address}"
    del port
    if split.scheme not in ("http", "https"):
        return f"is not a whole address (https://…): {address}"
    try:
        ascii_host = host.encode("idna").decode() if host else ""
    except UnicodeError:
        ascii_host = ""
    if not _HOST.match(ascii_host.lower()) and host != "localhost":
        return f"leads to no web server: {address}"
    return ""


def _is_placeholder(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return bool(_PLACEHOLDER_HOSTS.search(host))
