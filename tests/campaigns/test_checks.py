"""A bucket without its library is said at start, not at the first upload."""

from typing import Any

from campaigns import checks


def test_a_bucket_needs_boto3(settings: Any, monkeypatch: Any) -> None:
    settings.MEDIA_BUCKET = ""
    assert checks.media_storage(None) == []
    settings.MEDIA_BUCKET = "pictures"
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    (found,) = checks.media_storage(None)
    assert found.id == "campaigns.E001" and "pip install boto3" in (found.hint or "")
    monkeypatch.setattr(checks, "find_spec", lambda name: object())
    assert checks.media_storage(None) == []
