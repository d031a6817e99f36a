"""People or machines: the documented signs lead to the verdicts that they should, and any input gets one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.tracking import people_or_machines as pom
from sending.tracking.people_or_machines import Request, Who, judge

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize(
    ("request_", "who", "rule"),
    [
        (Request(is_click=True, user_agent=FIREFOX, since_delivered=60), Who.HUMAN, None),
        (Request(is_click=False, user_agent=IPHONE, since_delivered=60), Who.HUMAN, None),
        (Request(is_click=False, user_agent=OUTLOOK, since_delivered=60), Who.HUMAN, None),
        (Request(is_click=True, user_agent=FIREFOX), Who.HUMAN, None),
        (Request(is_click=False, user_agent=GMAIL, since_delivered=60), Who.HUMAN, "image_proxy"),
        (Request(is_click=False, user_agent="Mozilla/5.0", since_delivered=600), Who.MACHINE, "apple_privacy"),
        (Request(is_click=True, user_agent=FIREFOX, since_delivered=1.5), Who.MACHINE, "at_once"),
        (Request(is_click=True, user_agent=FIREFOX, since_delivered=4), Who.UNKNOWN, "soon"),
        (Request(is_click=False, user_agent=FIREFOX, since_delivered=4), Who.HUMAN, None),
        (Request(is_click=False, user_agent=FIREFOX, since_delivered=0.2), Who.MACHINE, "at_once"),
        (Request(is_click=True, user_agent=FIREFOX, on_its_way=True), Who.MACHINE, "before_delivery"),
        (Request(is_click=True, user_agent=FIREFOX, since_delivered=-3), Who.MACHINE, "before_delivery"),
        (Request(is_click=True, user_agent="", since_delivered=60), Who.MACHINE, "no_agent"),
        (Request(is_click=True, user_agent="python-requests/2.34", since_delivered=60), Who.MACHINE, "bot_agent"),
        (
            Request(is_click=True, user_agent="Mozilla/5.0 (compatible; bingbot/2.0)", since_delivered=60),
            Who.MACHINE,
            "bot_agent",
        ),
        (Request(is_click=True, user_agent="Grommunio 3", since_delivered=60), Who.UNKNOWN, "unfamiliar_agent"),
        (Request(is_click=True, method="HEAD", user_agent=FIREFOX, since_delivered=60), Who.MACHINE, "head"),
        (
            Request(is_click=True, user_agent=FIREFOX, purpose="prefetch;prerender", since_delivered=60),
            Who.MACHINE,
            "prefetch",
        ),
        (Request(is_click=True, user_agent=FIREFOX, links_at_once=4, since_delivered=60), Who.MACHINE, "burst"),
        (
            Request(is_click=True, user_agent=FIREFOX, links_at_once=3, links_in_all=3, since_delivered=60),
            Who.MACHINE,
            "burst",
        ),
        (
            Request(is_click=True, user_agent=FIREFOX, links_at_once=2, links_in_all=2, since_delivered=60),
            Who.HUMAN,
            None,
        ),
        (
            Request(
                is_click=True,
                user_agent=FIREFOX,
                since_delivered=60,
                referrer="https://nam02.safelinks.protection.outlook.com/?u=",
            ),
            Who.UNKNOWN,
            "gateway",
        ),
        (
            Request(
                is_click=True, user_agent=FIREFOX, since_delivered=60, referrer="https://mimecast.com.evil.example/"
            ),
            Who.HUMAN,
            None,
        ),
    ],
)
def test_signs_and_verdicts(request_, who, rule):
    verdict = judge(request_)
    assert verdict.who == who
    assert verdict.rules == ((rule,) if rule else ())


@given(
    st.builds(
        Request,
        is_click=st.booleans(),
        method=st.text(max_size=8),
        user_agent=st.text(max_size=600),
        referrer=st.text(max_size=600),
        purpose=st.text(max_size=20),
        since_delivered=st.none() | st.floats(allow_nan=True),
        links_at_once=st.integers(0, 10**6),
        links_in_all=st.integers(0, 10**6),
    )
)
def test_anything_gets_a_verdict_whose_rules_have_a_sentence(request_):
    verdict = judge(request_)
    assert verdict.who in Who
    assert set(verdict.rules) <= set(pom.RULES)
    assert bool(verdict.rules) or verdict.who == Who.HUMAN
