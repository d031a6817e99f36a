"""Each rule of the checklist: what passes, what warns, what fails; never a pass for what was not measured."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import preflight
from campaigns.designs.findings import Compiled, Finding, Link
from campaigns.preflight import Facts, Gap

GOOD_LINKS = (Link("https://shop.example/a", "a"), Link("{{ unsubscribe_url }}", "Unsubscribe"))


def compiled(**changes: Any) -> Compiled:
    facts: dict[str, Any] = {"html": "<p>x", "text": "Hello\n", "links": GOOD_LINKS, "warnings": (), "size": 5_000}
    return Compiled(**(facts | changes))


def facts(**changes: Any) -> Facts:
    good: dict[str, Any] = {
        "subject": "Spring is here",
        "from_name": "Copper Kettle",
        "from_address": "news@kettle.example",
        "domain_name": "kettle.example",
        "domain_status": "pass",
        "topic_name": "News",
        "audience": 100,
        "has_design": True,
        "compiled": compiled(),
        "names": frozenset({"unsubscribe_url", "brand.postal_address"}),
        "postal_address": "Kettle Street 1\nTeatown",
    }
    return Facts(**(good | changes))


def status(name: str, **changes: Any) -> str:
    (result,) = [result for result in preflight.run(facts(**changes)) if result.name == name]
    return result.status


def test_a_good_campaign_passes_everything() -> None:
    assert {result.status for result in preflight.run(facts())} == {"pass"}


def test_an_empty_draft_passes_nothing() -> None:
    assert all(result.status in ("fail", "unknown") for result in preflight.run(Facts()))


def test_names_are_unique_and_findings_say_what_to_do() -> None:
    results = preflight.run(Facts())
    assert len({result.name for result in results}) == len(preflight.RULES) == len(results)
    assert all(result.fix and result.place for result in results if result.status == "fail")


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("audience", {"audience": 0}, "fail"),
        ("audience", {"audience": 5, "skipped": 5}, "fail"),
        ("audience", {"audience": 5, "skipped": 4}, "pass"),
        ("audience", {"audience": None}, "unknown"),
        ("audience", {"audience_problem": "Broken."}, "fail"),
        ("sender", {"from_address": ""}, "fail"),
        ("sender", {"from_address": "a..b@kettle.example"}, "fail"),
        ("sender", {"from_address": "me@gmail.com"}, "fail"),
        ("sender", {"from_name": " "}, "warn"),
        ("sender", {"from_name": "ceo@bank.example"}, "warn"),
        ("sending_domain", {"domain_name": ""}, "fail"),
        ("sending_domain", {"domain_status": "fail"}, "fail"),
        ("sending_domain", {"domain_status": "warn"}, "warn"),
        ("sending_domain", {"domain_status": "unknown"}, "unknown"),
        ("subject", {"subject": "  "}, "fail"),
        ("subject", {"subject_problems": ("There is no merge field.",)}, "fail"),
        ("subject", {"subject": "RE: your order"}, "warn"),
        ("subject", {"subject": "BUY IT NOW TODAY"}, "warn"),
        ("subject", {"subject": "Ü" * 80}, "warn"),
        ("subject", {"subject": "مرحبا بكم جميعا"}, "pass"),
        ("content", {"has_design": False}, "fail"),
        ("content", {"errors": (Finding("error", "Bad.", 3),), "compiled": None}, "fail"),
        ("content", {"compiled": None}, "unknown"),
        ("content", {"compiled": compiled(warnings=(Finding("warning", "Hm.", 2),))}, "warn"),
        ("content", {"compiled": compiled(text="\n")}, "fail"),
        ("unsubscribe_link", {"compiled": compiled(links=GOOD_LINKS[:1])}, "fail"),
        ("unsubscribe_link", {"compiled": compiled(links=(Link("{{unsubscribe_url}}", ""),))}, "fail"),
        ("unsubscribe_link", {"compiled": None}, "unknown"),
        ("postal_address", {"postal_address": " "}, "fail"),
        ("postal_address", {"names": frozenset()}, "fail"),
        ("postal_address", {"names": frozenset(), "compiled": compiled(text="Kettle Street 1\nTeatown")}, "pass"),
        ("postal_address", {"compiled": None}, "unknown"),
        ("merge_gaps", {"gaps": (Gap(field="city", people=3),)}, "warn"),
        ("merge_gaps", {"gaps": (Gap(field="city", people=0),)}, "pass"),
        ("merge_gaps", {"gaps": (Gap(field="city", people=None),)}, "unknown"),
        ("size", {"compiled": compiled(size=103 * 1024)}, "warn"),
        ("size", {"compiled": compiled(size=95 * 1024)}, "warn"),
        ("size", {"compiled": None}, "unknown"),
    ],
)
def test_rules(name: str, changes: dict[str, Any], expected: str) -> None:
    assert status(name, **changes) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", "fail"),
        ("#", "fail"),
        ("https://", "fail"),
        ("https:// shop.example", "fail"),
        ("https://shop", "fail"),
        ("https://shop..example/", "fail"),
        ("shop.example/page", "fail"),
        ("http://[::1", "fail"),
        ("https://shop.example:99999/", "fail"),
        ("mailto:", "fail"),
        ("tel:", "fail"),
        ("https://example.com/x", "warn"),
        ("http://shop.example/x", "warn"),
        ("https://bücher.example/ä", "pass"),
        ("https://shop.example/{{ contact.city }}?a=1#b", "pass"),
        ("{{ contact.website }}", "pass"),
        ("mailto:a@shop.example?subject=x", "pass"),
        ("tel:+49 30 1234", "pass"),
        ("#part-two", "pass"),
    ],
)
def test_links(address: str, expected: str) -> None:
    assert status("links", compiled=compiled(links=(*GOOD_LINKS, Link(address, "x")))) == expected


@given(st.text(max_size=80))
def test_any_address_gets_a_verdict(address: str) -> None:
    assert status("links", compiled=compiled(links=(Link(address, ""),))) in ("pass", "warn", "fail")
