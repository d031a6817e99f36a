"""Slips of the finger are found; domains that exist are left in peace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing import doubts


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"), ("gmail.con", "gmail.com"), ("gmai.com", "gmail.com"), ("gmaill.com", "gmail.com"),
        ("hotmial.com", "hotmail.com"), ("hotmail.cm", "hotmail.com"), ("yaho.com", "yahoo.com"), ("yahooo.com", "yahoo.com"),
        ("outlok.com", "outlook.com"), ("outlokk.com", "outlook.com"), ("iclod.com", "icloud.com"),
        ("gogglemail.com", "googlemail.com"),
        ("t-onlin.de", "t-online.de"), ("orang.fr", "orange.fr"), ("protonmial.com", "protonmail.com"), ("acme.con", "acme.com"),
        ("shop.example.nte", "shop.example.net"),
    ],
)  # fmt: skip
def test_slips(typed, meant):
    assert doubts.meant(typed) == meant


@pytest.mark.parametrize(
    "domain",
    """gmx.de gmx.net gmx.at mail.com email.com ymail.com mail.ru aol.com msn.com me.com mac.com live.de hotmail.ch yahoo.com.br
    yahoo.co.jp outlook.it proton.me pm.me fastmail.fm free.fr sfr.fr web.de yandex.com company.com gmail.company.com example.co
    example.cm acme.om mailbox.org posteo.de zoho.com hey.com tutanota.com qq.com 163.com naver.com seznam.cz wp.pl o2.pl
    bluewin.ch hmail.com a.b c""".split(),
)
def test_domains_that_exist_are_no_slips(domain):
    assert doubts.meant(domain) == ""


def test_famous_and_real_domains_are_never_doubted():
    for domain in (*doubts.FAMOUS, *doubts.REAL):
        assert doubts.meant(domain) == ""
    assert not doubts.SLIPS.keys() & (doubts.REAL | set(doubts.FAMOUS))


@given(st.text(alphabet="gmailco.n", min_size=1, max_size=12))
def test_what_was_meant_is_another_domain(domain):
    assert doubts.meant(domain) != domain
