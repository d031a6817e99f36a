"""One robot neither closes a form for everybody, nor fills a mailbox by spelling its address in many ways."""

import pytest

from contacts.adapters import signup_limits


def test_who_is_refused_does_not_use_up_the_form_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signup_limits, "A_VISITOR", 2)
    monkeypatch.setattr(signup_limits, "A_FORM", 3)
    robot = [signup_limits.visitor_may_post(form_id=71, ip="192.0.2.1") for _ in range(20)]
    assert robot == [True] * 2 + [False] * 18
    assert signup_limits.visitor_may_post(form_id=71, ip="192.0.2.2")
    assert not signup_limits.visitor_may_post(form_id=71, ip="192.0.2.3")


@pytest.mark.parametrize(
    "spellings",
    [
        ["jo@example.org", "jo+1@example.org", "jo+2@example.org"],
        ["jo.ann@gmail.com", "joann+1@gmail.com", "j.o.a.n.n@googlemail.com"],
    ],
)
def test_the_spellings_of_one_mailbox_share_its_limit(monkeypatch: pytest.MonkeyPatch, spellings: list[str]) -> None:
    monkeypatch.setattr(signup_limits, "AN_ADDRESS", 2)
    assert [signup_limits.address_may_get_mail(address_key=one) for one in spellings] == [True, True, False]
    assert signup_limits.address_may_get_mail(address_key="ann@example.org")
