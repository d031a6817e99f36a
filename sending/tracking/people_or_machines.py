"""Tells people's opens and clicks from those of scanners, prefetchers and bots, and says by which rules.

Policy: every hit is kept; nobody is blocked or challenged; a verdict is `machine` only on a strong sign, and `unknown`
rather than `human` on a weak one, because rates, segments and A/B winners are built on `human` alone. No sign is proof:
security gateways fetch every link of a mail within seconds of its arrival, from changing networks, as plain browsers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_AGENT_CHARS = 400
# A person needs longer than this to see the mail, open it, read and press.
CLICK_AT_ONCE_SECONDS = 2.0
CLICK_SOON_SECONDS = 5.0
OPEN_AT_ONCE_SECONDS = 1.0
# So many different links of one message within BURST_SECONDS: somebody is opening all of them.
BURST_SECONDS = 10.0
BURST_LINKS = 4


class Who(StrEnum):
    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of one hit.

    `since_delivered`: seconds from the moment their server accepted the mail, negative or None when it has not (yet).
    `on_its_way`: the mail is still being handed over, so nobody can have read it.
    `links_at_once`: how many different links of this message were asked for within BURST_SECONDS, this one included.
    `links_in_all`: how many links the message has, 0 when unknown.
    """

    is_click: bool
    method: str = "GET"
    user_agent: str = ""
    referrer: str = ""
    purpose: str = ""
    since_delivered: float | None = None
    on_its_way: bool = False
    links_at_once: int = 1
    links_in_all: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who it was, and the names of the rules that matched (RULES has a sentence for each)."""

    who: Who
    rules: tuple[str, ...] = ()


RULES = {
    "head": "It asked for the headers only, as link checkers do.",
    "prefetch": "The software said that it was fetching ahead of the reader.",
    "no_agent": "The software did not say what it is.",
    "bot_agent": "The software calls itself a bot, a scanner or a script.",
    "apple_privacy": "Apple Mail Privacy Protection loads every image, read or not.",
    "image_proxy": "Loaded through the mail provider's image proxy, which does so when the mail is opened.",
    "before_delivery": "It came before the mail was delivered.",
    "at_once": "It came at once after delivery, faster than a person can read.",
    "soon": "It came within seconds of delivery.",
    "burst": "Many links of this mail were opened within seconds.",
    "gateway": "It came through a link-protection service, which also opens links by itself.",
    "unfamiliar_agent": "The software is neither a browser nor a mail program that we know.",
}
_MACHINE = frozenset(
    {"head", "prefetch", "no_agent", "bot_agent", "apple_privacy", "before_delivery", "at_once", "burst"}
)
_DOUBT = frozenset({"soon", "gateway", "unfamiliar_agent"})

_BOT_AGENT = re.compile(
    r"bot\b|bot[/;_ -]|crawl|spider|scan(?:ner|ning)?\b|monitor|preview|check(?:er|link)|fetcher|validator|headless|phantomjs"
    r"|puppeteer|playwright|selenium|curl/|wget|python|aiohttp|httpx|go-http-client|java/|jakarta|libwww|lwp|perl|ruby"
    r"|php/|guzzle|node-fetch|axios|undici|okhttp|powershell|urlscan|virustotal|barracuda|mimecast|proofpoint|symantec"
    r"|messagelabs|trendmicro|fortinet|cisco|sophos|facebookexternalhit|whatsapp|skypeuripreview|bingpreview",
    re.IGNORECASE,
)
_IMAGE_PROXY = re.compile(r"GoogleImageProxy|ggpht\.com|YahooMailProxy", re.IGNORECASE)
_FAMILIAR_AGENT = re.compile(
    r"Mozilla/|AppleWebKit|Opera/|Thunderbird|Outlook|ms-office|Microsoft Office|Lotus|Evolution|Airmail|Spark",
    re.IGNORECASE,
)
_GATEWAY = re.compile(
    r"//(?:[\w-]+\.)*(?:safelinks\.protection\.outlook\.com|urldefense(?:\.proofpoint)?\.com|mimecast\.com"
    r"|linkprotect\.cudasvc\.com|secure-web\.cisco\.com)(?:[/:?#]|$)",
    re.IGNORECASE,
)


def judge(request: Request) -> Verdict:
    """The verdict on one hit; pure, and quick enough for every request (about ten microseconds)."""
    rules = tuple(_matches(request))
    if any(rule in _MACHINE for rule in rules):
        return Verdict(Who.MACHINE, rules)
    if any(rule in _DOUBT for rule in rules):
        return Verdict(Who.UNKNOWN, rules)
    return Verdict(Who.HUMAN, rules)


def is_burst(*, links_at_once: int, links_in_all: int) -> bool:
    """Whether so many different links at once are a machine's: BURST_LINKS of them, or all three of three."""
    return links_at_once >= BURST_LINKS or 3 <= links_in_all <= links_at_once


def _matches(request: Request) -> Iterator[str]:
    agent = request.user_agent.strip()[:MAX_AGENT_CHARS]
    if request.method == "HEAD":
        yield "head"
    if re.search(r"prefetch|preview|prerender", request.purpose[:MAX_AGENT_CHARS], re.IGNORECASE):
        yield "prefetch"
    yield from _agent_rules(agent, is_click=request.is_click)
    yield from _time_rules(request)
    if request.is_click:
        if is_burst(links_at_once=request.links_at_once, links_in_all=request.links_in_all):
            yield "burst"
        if _GATEWAY.search(request.referrer[:MAX_AGENT_CHARS]):
            yield "gateway"


def _agent_rules(agent: str, *, is_click: bool) -> Iterator[str]:
    if not agent:
        yield "no_agent"
    elif not is_click and _IMAGE_PROXY.search(agent):
        yield "image_proxy"
    elif not is_click and agent == "Mozilla/5.0":
        yield "apple_privacy"
    elif _BOT_AGENT.search(agent):
        yield "bot_agent"
    elif not _FAMILIAR_AGENT.search(agent):
        yield "unfamiliar_agent"


def _time_rules(request: Request) -> Iterator[str]:
    since = request.since_delivered
    if request.on_its_way or (since is not None and since < 0):
        yield "before_delivery"
    elif since is None:
        return
    elif since < (CLICK_AT_ONCE_SECONDS if request.is_click else OPEN_AT_ONCE_SECONDS):
        yield "at_once"
    elif request.is_click and since < CLICK_SOON_SECONDS:
        yield "soon"
