"""Secrets at rest: sealed, opened only for their purpose, and readable after a change of SECRET_KEY."""

import pytest

from sending import keys


def test_what_was_sealed_opens_again_and_looks_different_each_time():
    sealed = keys.encrypt(b"secret", purpose=keys.DKIM)
    assert b"secret" not in sealed
    assert keys.decrypt(memoryview(sealed), purpose=keys.DKIM) == b"secret"
    assert keys.encrypt(b"secret", purpose=keys.DKIM) != sealed


def test_another_purpose_or_a_changed_byte_does_not_open():
    sealed = keys.encrypt(b"secret", purpose=keys.DKIM)
    with pytest.raises(keys.Unreadable):
        keys.decrypt(sealed, purpose="something else")
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(keys.Unreadable):
            keys.decrypt(bytes(changed), purpose=keys.DKIM)
    for short in (b"", sealed[:1], sealed[:14]):
        with pytest.raises(keys.Unreadable):
            keys.decrypt(short, purpose=keys.DKIM)


def test_a_change_of_secret_key_is_survived(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first", []
    sealed = keys.encrypt(b"secret", purpose=keys.DKIM)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second", ["first"]
    assert keys.is_stale(sealed)
    anew = keys.encrypt(keys.decrypt(sealed, purpose=keys.DKIM), purpose=keys.DKIM)
    settings.SECRET_KEY_FALLBACKS = []
    assert not keys.is_stale(anew)
    assert keys.decrypt(anew, purpose=keys.DKIM) == b"secret"
    with pytest.raises(keys.Unreadable, match="SECRET_KEY_FALLBACKS"):
        keys.decrypt(sealed, purpose=keys.DKIM)
