"""What recipients read is translated into every language that we offer, and what is compiled is what is written."""

import re

import pytest
from django.utils import translation

from tools import messages

LANGUAGES = messages.places()
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


def texts(message):
    return [message.string] if isinstance(message.string, str) else list(message.string)


@pytest.fixture(scope="module")
def template():
    return messages.collect()


def test_the_languages_that_we_promise():
    assert set(LANGUAGES) == {"de", "fr", "es", "pt"}


def test_messages_are_found_in_templates_and_in_code(template):
    found = {message.id for message in template}
    assert "Undo" in found  # an argument of an include
    assert "Unsubscribe from “%(topic)s”" in found  # of a blocktranslate
    assert "Send me mail about: %(topics)s" in found  # in a view


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_translated(code, template):
    catalog = messages.read(LANGUAGES[code])
    known = {(m.context, m.id) for m in catalog if m.id}
    wanted = {(m.context, m.id) for m in template if m.id}
    assert not wanted - known, "run `make messages`, then translate them"
    assert not known - wanted, "nobody says this any more: run `make messages`"
    assert not messages.untranslated(catalog)
    assert not [m.id for m in catalog if m.fuzzy and m.id]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_names_what_the_message_names(code):
    for message in messages.read(LANGUAGES[code]):
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            allowed = {name for id_ in ids for name in PLACEHOLDER.findall(id_)}
            for text in texts(message):
                assert set(PLACEHOLDER.findall(text)) <= allowed, message.id
            if isinstance(message.id, str):
                assert sorted(PLACEHOLDER.findall(texts(message)[0])) == sorted(PLACEHOLDER.findall(message.id))


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_compiled_is_what_is_written(code):
    path = LANGUAGES[code]
    assert path.with_suffix(".mo").read_bytes() == messages.compiled(messages.read(path)), "run `make messages`"


def test_django_speaks_them():
    said = set()
    for code in LANGUAGES:
        with translation.override(code):
            said.add(translation.gettext("Stop all mail"))
    assert len(said) == len(LANGUAGES)
    with translation.override("en"):
        assert translation.gettext("Stop all mail") == "Stop all mail"
