"""Nothing that was saved is lost: who saved what, what differs, and the way back."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import design_versions, designs, launches
from campaigns.designs.differences import compare
from campaigns.models import Campaign, Design, DesignVersion


def mjml(words: str) -> str:
    return f"<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n<mj-text>{words}</mj-text>\n</mj-column></mj-section></mj-body></mjml>"


def url(organization: Organization, name: str, **kwargs: Any) -> str:
    return reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def design(organization: Organization, brand: Brand, marketer: User) -> Design:
    with tenant_scope(organization):
        return designs.create(organization=organization, brand=brand, name="Monthly", mjml=mjml("one"), actor=marketer)


def kept(organization: Organization, design: Design) -> list[tuple[int, str]]:
    with tenant_scope(organization):
        rows = DesignVersion.objects.filter(design=design).order_by("version")
        return [(row.version, row.mjml.partition("<mj-text>")[2].partition("<")[0]) for row in rows]


def test_what_one_person_types_within_minutes_is_one_version(
    organization: Organization, design: Design, marketer: User, owner: User
) -> None:
    def save(words: str, who: User) -> None:
        with tenant_scope(organization):
            fresh = Design.objects.get(pk=design.pk)
            designs.save(design=fresh, mjml=mjml(words), version=fresh.version, actor=who)

    for words in ("two", "three", "four"):
        save(words, marketer)
    assert kept(organization, design) == [(1, "one"), (4, "four")]
    save("five", owner)
    with tenant_scope(organization):
        DesignVersion.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    save("six", owner)
    save("seven", owner)
    assert kept(organization, design) == [(1, "one"), (4, "four"), (5, "five"), (7, "seven")]


def test_a_design_from_before_there_were_versions_keeps_what_it_was(
    organization: Organization, design: Design, marketer: User
) -> None:
    with tenant_scope(organization):
        DesignVersion.objects.all().delete()
        designs.save(design=design, mjml=mjml("two"), version=1, actor=marketer)
    assert kept(organization, design) == [(1, "one"), (2, "two")]


def test_old_ones_go_in_the_end(organization: Organization, design: Design, marketer: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(design_versions, "KEPT", 3)
    monkeypatch.setattr(design_versions, "TOGETHER", timedelta(0))
    with tenant_scope(organization):
        for n in range(2, 7):
            designs.save(design=design, mjml=mjml(str(n)), version=n - 1, actor=marketer)
    assert [number for number, _ in kept(organization, design)] == [4, 5, 6]


def test_look_compare_and_go_back(as_marketer: Client, organization: Organization, design: Design, owner: User) -> None:
    with tenant_scope(organization):
        designs.save(design=design, mjml=mjml("two <b>"), version=1, actor=owner)
    of = {"design": design.public_id}
    listed = as_marketer.get(url(organization, "design_versions", **of)).content.decode()
    assert "Olga" in listed and "Mara" in listed and "Begun" in listed
    page = as_marketer.get(url(organization, "design_version", **of, version=1)).content.decode()
    assert "&lt;mj-text&gt;one&lt;/mj-text&gt;" in page and "two &lt;b&gt;" in page and "1 line gone, 1 new" in page
    old = as_marketer.get(url(organization, "design_version_preview", **of, version=1))
    assert "one" in old.content.decode() and "sandbox" in old["Content-Security-Policy"]
    back = as_marketer.post(url(organization, "design_version_restore", **of, version=1), follow=True).content.decode()
    assert "Version 1 is back" in back
    with tenant_scope(organization):
        fresh = Design.objects.get(pk=design.pk)
        assert fresh.mjml == mjml("one") and fresh.version == 3
        assert list(DesignVersion.objects.order_by("-version").values_list("note", flat=True)) == [
            "Version 1 brought back",
            "",
            "Begun",
        ]
    assert as_marketer.get(url(organization, "design_version", **of, version=99)).status_code == 404
    lost = as_marketer.post(url(organization, "design_version_restore", **of, version=99), follow=True).content.decode()
    assert "There is no such version any more" in lost


def test_what_was_sent_does_not_go_back(
    as_marketer: Client, organization: Organization, draft: Campaign, people: Any, marketer: User
) -> None:
    people(1)
    with tenant_scope(organization):
        design = Design.objects.get(pk=draft.design_id)
        designs.save(design=design, mjml=design.mjml + "\n", version=design.version, actor=marketer)
        launches.launch(campaign=draft, actor=marketer)
    answer = as_marketer.post(
        url(organization, "design_version_restore", design=design.public_id, version=1), follow=True
    ).content.decode()
    assert "has been started" in answer


def test_who_may_do_what(
    as_owner: Client, as_analyst: Client, as_outsider: Client, organization: Organization, design: Design
) -> None:
    of = {"design": design.public_id}
    for name, more in (
        ("design_versions", {}),
        ("design_version", {"version": 1}),
        ("design_version_preview", {"version": 1}),
    ):
        assert as_analyst.get(url(organization, name, **of, **more)).status_code == 200
        assert as_outsider.get(url(organization, name, **of, **more)).status_code == 404
    where = url(organization, "design_version_restore", **of, version=1)
    assert as_analyst.post(where).status_code == 403 and as_outsider.post(where).status_code == 404
    assert as_owner.post(where).status_code == 302


def test_lines_that_stayed_are_folded() -> None:
    old = [f"line {n}" for n in range(100)]
    new = [*old[:50], "new", *old[51:]]
    difference = compare("\n".join(old), "\n".join(new))
    assert [row.kind for row in difference.rows] == ["skipped", *["same"] * 3, "changed", *["same"] * 3, "skipped"]
    assert (difference.rows[4].old, difference.rows[4].new) == ("line 50", "new") and difference.rows[0].skipped == 47
    assert compare("a\nb", "a").removed == 1 and compare("", "").rows[0].kind == "same"
    assert compare("x\n" * 9_000, "x\n" * 8_000 + "y").cut
