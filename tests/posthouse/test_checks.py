"""What stands in the way of real mail is said before the first one is sent."""

import pytest

from posthouse.checks import real_mail


@pytest.fixture
def ready(settings):
    settings.SANDBOX = False
    settings.HOUSE_DOMAIN = "example.com"
    settings.BASE_URL = "https://mail.example.com"
    settings.LINK_URL = "https://links.example.com"
    return settings


def ids():
    return [found.id for found in real_mail(None)]


def test_an_installation_that_is_ready(ready):
    assert ids() == []


def test_the_sandbox_says_that_it_is_on(settings):
    settings.SANDBOX = True
    assert ids() == ["posthouse.W001"]


def test_bounces_need_a_way_back(ready):
    ready.HOUSE_DOMAIN = ""
    assert ids() == ["posthouse.E001"]


@pytest.mark.parametrize("address", ["http://mail.example.com", "https://localhost", "http://localhost:8000"])
def test_people_must_reach_our_links_by_https(ready, address):
    ready.BASE_URL = ready.LINK_URL = address
    assert ids() == ["posthouse.E002", "posthouse.E003"]
