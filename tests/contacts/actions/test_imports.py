"""What an upload is refused for before it is kept."""

import pytest

from accounts.tenancy import tenant_scope
from contacts.actions import imports
from contacts.errors import BadImport
from contacts.models import Import
from tests.contacts.actions.test_import_work import applied, planned, upload

LIST = "Email\nann@post.example\n"


def test_uploads_that_nobody_goes_on_with_are_kept_up_to_a_number(scoped, monkeypatch, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    monkeypatch.setattr(imports, "MAX_WAITING", 2)
    applied(scoped, LIST)
    first = upload(scoped, LIST)
    planned(scoped, LIST)
    kept = len(list(tmp_path.rglob("*.*")))
    with pytest.raises(BadImport, match=r"2 uploads wait here .* cancel some of them first"):
        upload(scoped, LIST)
    assert Import.objects.count() == 3
    assert len(list(tmp_path.rglob("*.*"))) == kept
    imports.cancel(import_=first, actor=None)
    upload(scoped, LIST)


def test_and_up_to_a_size(scoped, monkeypatch):
    monkeypatch.setattr(imports, "MAX_WAITING_BYTES", len(LIST) + 1)
    upload(scoped, LIST)
    upload(scoped, LIST)
    with pytest.raises(BadImport, match="2 uploads wait"):
        upload(scoped, LIST)


def test_what_waits_elsewhere_does_not_count(organization, other_organization, monkeypatch):
    monkeypatch.setattr(imports, "MAX_WAITING", 1)
    for one in (organization, other_organization):
        with tenant_scope(one):
            assert upload(one, LIST).pk
