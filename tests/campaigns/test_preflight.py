"""Each rule of the checklist: what passes, what warns, what fails; never a pass for what was not measured."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import preflight
from campaigns.ab_testing import Settings
from campaigns.designs.findings import Compiled, Finding, Link
from campaigns.preflight import Asked, Facts, Gap, Load, Spam, inbox
from campaigns.preflight.markup import Faint, Markup, Picture

GOOD_LINKS = (Link("https://shop.example/a", "a"), Link("{{ unsubscribe_url }}", "Unsubscribe"))


MARKUP = Markup(
    lang="en", headings=(1, 2), preview="And what it brings.", text="Hello, spring is here. " * 5, smallest=14
)

WITH_PICTURE = replace(MARKUP, pictures=(Picture("https://x.test/a.png", "A kettle", False),), text="Many words. " * 20)


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
        "markup": MARKUP,
        "lately": 0,
        "loads": (Load(provider="Gmail", people=100, connections=5),),
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
    found = {result.name: result.status for result in preflight.run(facts())}
    unasked = {"links_answer", "spam_score"}  # by this installation
    assert {name for name, status in found.items() if status != "pass"} == unasked
    assert not any(result.wants_tick for result in preflight.run(facts()))


def test_an_empty_draft_passes_nothing() -> None:
    """Except that it tests no versions: that is known."""
    found = {result.name: result.status for result in preflight.run(Facts())}
    assert found.pop("versions") == "pass" and set(found.values()) <= {"fail", "unknown"}


def test_names_are_unique_and_findings_say_what_to_do() -> None:
    results = preflight.run(Facts())
    assert len({result.name for result in results}) == len(preflight.RULES) == len(results)
    assert all(result.fix and result.place for result in results if result.status == "fail")


TESTED = preflight.Test(settings=Settings.of({"share": 50}), versions=2, usual=0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("versions", {"test": TESTED, "audience": None}, "unknown"),
        ("versions", {"test": TESTED, "audience": 4_000}, "pass"),
        ("versions", {"test": TESTED, "audience": 300}, "warn"),
        ("versions", {"test": TESTED, "audience": 4_000, "skipped": 3_900}, "warn"),
        ("versions", {"test": replace(TESTED, same=(("A", "B"),)), "audience": 4_000}, "fail"),
        ("versions", {"test": replace(TESTED, is_careful=True), "audience": 4_000}, "fail"),
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
        ("suppressed", {"reasons": {"bounced": 9}, "skipped": 9}, "pass"),
        ("suppressed", {"reasons": {"bounced": 30, "paused": 40}, "skipped": 70}, "warn"),
        ("suppressed", {"reasons": {"paused": 90}, "skipped": 90}, "pass"),
        ("suppressed", {"audience": None}, "unknown"),
        ("wishes", {"reasons": {"paused": 1, "less_often": 2}, "skipped": 3}, "pass"),
        ("wishes", {"reasons": {"paused": 20, "less_often": 20}, "skipped": 40}, "warn"),
        ("lately", {"lately": 10}, "pass"),
        ("lately", {"lately": 11}, "warn"),
        ("lately", {"lately": None}, "unknown"),
        ("inbox", {"subject": "🎉🎉🎉 Look"}, "warn"),
        ("inbox", {"subject": "👨‍👩‍👧‍👦 Families"}, "pass"),
        ("inbox", {"subject": "Now!!"}, "warn"),
        ("inbox", {"subject": "BUY THE BEST kettle"}, "warn"),
        ("inbox", {"markup": replace(MARKUP, preview="")}, "warn"),
        ("inbox", {"markup": replace(MARKUP, preview="spring  is here")}, "warn"),
        ("inbox", {"subject": "Ü" * 80}, "pass"),
        ("placeholders", {"markup": replace(MARKUP, text="Lorem ipsum dolor")}, "warn"),
        ("placeholders", {"markup": replace(MARKUP, text="Dear [Your name],")}, "warn"),
        ("placeholders", {"markup": replace(MARKUP, text="Dear *|FNAME|*,")}, "warn"),
        ("placeholders", {"markup": replace(MARKUP, text="Dear {name},")}, "warn"),
        ("placeholders", {"subject": "TODO"}, "warn"),
        ("placeholders", {"markup": replace(MARKUP, text="100 % wool [sale]")}, "pass"),
        ("pictures", {"markup": replace(MARKUP, pictures=(Picture("a.png", None, False),))}, "warn"),
        ("pictures", {"markup": replace(MARKUP, pictures=(Picture("a.png", "", True),))}, "warn"),
        ("pictures", {"markup": replace(MARKUP, pictures=(Picture("a.png", "", False),))}, "pass"),
        ("pictures", {"markup": replace(MARKUP, pictures=(Picture("a.png", None, False, True),))}, "pass"),
        ("pictures", {"markup": WITH_PICTURE, "picture_sizes": {"https://x.test/a.png": 600_000}}, "warn"),
        ("pictures", {"markup": WITH_PICTURE, "picture_sizes": {"https://x.test/a.png": 60_000}}, "pass"),
        ("pictures", {"markup": WITH_PICTURE, "asked": {"https://x.test/a.png": Asked(status="fail")}}, "warn"),
        ("pictures", {"markup": replace(WITH_PICTURE, text="Look")}, "warn"),
        ("language", {"markup": replace(MARKUP, lang="")}, "warn"),
        ("language", {"languages": {"de": 30, "en-GB": 10}}, "warn"),
        ("language", {"languages": {"en_US": 90, "de": 10, "?": 50}}, "pass"),
        ("accessibility", {"markup": replace(MARKUP, faint=(Faint("grey", 2.1, 4.5),))}, "warn"),
        ("accessibility", {"markup": replace(MARKUP, links=(("https://x.test", "Click here!"),))}, "warn"),
        ("accessibility", {"markup": replace(MARKUP, links=(("https://x.test", ""),))}, "warn"),
        ("accessibility", {"markup": replace(MARKUP, headings=(1, 3))}, "warn"),
        ("accessibility", {"markup": replace(MARKUP, headings=(), text="word " * 300)}, "warn"),
        ("accessibility", {"markup": replace(MARKUP, smallest=9)}, "warn"),
        ("spam_score", {"spam": Spam(score=0.4, limit=5)}, "pass"),
        ("spam_score", {"spam": Spam(score=4, limit=5)}, "warn"),
        ("spam_score", {"spam": Spam(score=9, limit=5, rules=("FREE",))}, "warn"),
        ("spam_score", {"spam": Spam(trouble="Away.")}, "unknown"),
        ("duration", {"loads": (Load(provider="Gmail", people=1_000_000, connections=5),)}, "warn"),
        ("duration", {"loads": ()}, "unknown"),
        ("duration", {"loads": None}, "unknown"),
    ],
)
def test_rules(name: str, changes: dict[str, Any], expected: str) -> None:
    assert status(name, **changes) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Asked(status="pass", detail="It answers."), "pass"),
        (Asked(status="warn", detail="Slow."), "warn"),
        (Asked(status="fail", detail="There is no such page (404)."), "fail"),
        (Asked(status="", is_known=False), "unknown"),
        (Asked(status="", detail="The DNS gave no answer."), "unknown"),
        (Asked(status="fail", is_known=True, is_due=True), "fail"),
    ],
)
def test_links_that_were_asked(answer: Asked, expected: str) -> None:
    asked = {"https://shop.example/a": answer}
    (result,) = [result for result in preflight.run(facts(asked=asked)) if result.name == "links_answer"]
    assert result.status == expected and result.wants_tick == (expected in ("warn", "unknown"))


def test_gaps_are_said_in_words() -> None:
    def said(**gap: Any) -> str:
        found = preflight.run(facts(audience=9_900, skipped=100, gaps=(Gap(field="first_name", **gap),)))
        return next(result.evidence for result in found if result.name == "merge_gaps")

    assert said(people=214, fallback="there", label="First name") == (
        "214 of 9,800 have no first name: they will read “there”."
    )
    assert said(people=1) == "1 of 9,800 has no first name: there will be a gap."


def test_a_phone_cuts_between_letters() -> None:
    assert inbox.cut("x" * 38, 38) == ("x" * 38, True)
    assert inbox.cut("x" * 39, 38) == ("x" * 38 + "…", False)
    assert inbox.cut("漢" * 20, 38) == ("漢" * 19 + "…", False)
    assert inbox.cut("e\u0301" * 38, 38)[1]


def test_how_long_it_takes_is_by_provider() -> None:
    loads = (
        Load(provider="Gmail", people=7_200, connections=5),
        Load(provider="Yahoo", people=600, connections=10),
    )
    (result,) = [result for result in preflight.run(facts(loads=loads)) if result.name == "duration"]
    assert "About 12 minutes" in result.evidence and "Yahoo a minute (600)" in result.evidence


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.builds(
        Markup,
        lang=st.text(max_size=10),
        headings=st.lists(st.integers(1, 6)).map(tuple),
        preview=st.text(max_size=80),
        text=st.text(max_size=300),
    ),
    st.text(max_size=200),
)
def test_any_mail_gets_a_verdict_of_every_rule(markup: Markup, subject: str) -> None:
    for result in preflight.run(facts(markup=markup, subject=subject)):
        assert result.status in ("pass", "warn", "fail", "unknown") and result.evidence


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
