"""Pictures of mail on the link host, over real HTTP."""

import pytest

from accounts.tenancy import tenant_scope
from campaigns.actions import media
from tests.campaigns.pictures_of import picture

pytestmark = pytest.mark.django_db(transaction=True)


def test_pictures_come_from_the_link_host_for_ever_and_without_cookies(hits, organization):
    with tenant_scope(organization):
        made = media.add(organization=organization, name="mug.png", data=picture(800, 500), actor=None).media
    answer = hits("GET", f"/media/{made.file}")
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "Set-Cookie" not in answer.headers
    assert int(answer.headers["Content-Length"]) == made.size
    for path in ("../secret_key", "..%2fsecret_key", f"{made.file}.svg", "x/" + "0" * 32 + ".png"):
        assert hits("GET", f"/media/{path}").status == 404
