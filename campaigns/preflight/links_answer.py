"""Every link answers: asked in the background, so that nobody waits for it."""

from collections.abc import Iterator

from campaigns.designs.findings import Compiled, Link
from campaigns.preflight.facts import Asked, Facts
from campaigns.preflight.results import Result
from sending.merging import beginnings

NAME, TITLE = "links_answer", "Links answer"


def check(facts: Facts) -> Result:
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    if facts.asked is None:
        return Result(
            NAME,
            TITLE,
            "unknown",
            "Not asked: this installation asks no links.",
            "Whoever runs it can set LINK_CHECKS=1.",
            optional=True,
        )
    found = [(link, facts.asked.get(link.address)) for link in _fixed(facts.compiled) if link.address in facts.asked]
    answers = [(link, asked) for link, asked in found if asked is not None]
    if not answers:
        return Result(NAME, TITLE, "pass", "There is no link to a fixed web address.", place="content")
    for status in ("fail", "warn"):
        if bad := [(link, asked) for link, asked in answers if asked.is_known and asked.status == status]:
            link, asked = bad[0]
            on = f" on “{link.words}”" if link.words else ""
            more = f" {_others(len(bad) - 1)}" if len(bad) > 1 else ""
            return Result(
                NAME,
                TITLE,
                "fail" if status == "fail" else "warn",
                f"{link.address}{on}: {asked.detail}{more}",
                "Open it, mend the address or the page, then ask again.",
                "content",
            )
    pending = [asked for _, asked in answers if not asked.is_known]
    if pending:
        return Result(
            NAME,
            TITLE,
            "unknown",
            f"{len(answers) - len(pending)} of {_links(len(answers))} have answered so far.",
            "Wait a few seconds, then look again.",
        )
    unclear = [(link, asked) for link, asked in answers if not asked.status]
    if unclear:
        return Result(NAME, TITLE, "unknown", f"{unclear[0][0].address}: {unclear[0][1].detail}", "Ask again.")
    return Result(NAME, TITLE, "pass", f"{_links(len(answers))}: {_all(answers[0][1], len(answers))}", place="content")


def _fixed(compiled: Compiled) -> Iterator[Link]:
    """The links, and of one whose address depends on the reader each address that it can have."""
    for link in compiled.links:
        yield link
        if "{%" in link.address:
            yield from (Link(address, link.words) for address in beginnings(link.address))


def _links(count: int) -> str:
    return "1 link" if count == 1 else f"{count} links"


def _others(count: int) -> str:
    return "One more link has trouble." if count == 1 else f"{count} more links have trouble."


def _all(first: Asked, count: int) -> str:
    return first.detail[:1].lower() + first.detail[1:] if count == 1 else "all answer."
