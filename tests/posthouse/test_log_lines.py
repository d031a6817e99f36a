"""No line of our logs opens anybody's page."""

import logging

import pytest
from django.conf import settings
from django.test import Client

from contacts import links, tokens
from posthouse.log_lines import WithoutTokens, without_tokens


@pytest.fixture
def lines(caplog):
    """What the handler of the settings would write."""
    caplog.handler.addFilter(WithoutTokens())
    return caplog


def test_the_handlers_of_the_settings_have_the_filter():
    assert all("without_tokens" in handler["filters"] for handler in settings.LOGGING["handlers"].values())


@pytest.mark.django_db
def test_a_page_that_cannot_be_had_leaves_no_token_in_the_log(organization, lines):
    token = tokens.mint(organization_id=organization.pk, contact_id=7, about="d1")
    link = links.mint(organization_id=organization.pk, request_id=1, step="f", address_key="ann@post.example")
    for path in (f"/u/{token}", f"/p/{token}/rhythm", f"/d/{link}x", f"/d/{link}"):
        assert Client().delete(path).status_code == 405
        Client().get(f"{path}/nothing")
    text = "\n".join(record.getMessage() for record in lines.records)
    assert "/u/(token)" in text and "/d/(token)" in text
    assert token not in text and link not in text


def test_words_and_public_ids_are_still_read():
    path = "Not Found: /o/abcdefghjkmn/people/views/abcdefghjkmn/rename/"
    assert without_tokens(path) == path


def test_our_own_lines_are_left_as_they_are():
    record = logging.LogRecord("contacts.x", 20, "", 0, "file /%s", ("a" * 40,), None)
    assert WithoutTokens().filter(record) and record.args == ("a" * 40,)
