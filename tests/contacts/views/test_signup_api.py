"""The JSON endpoint: what it says of the form, whom it lets in, what it refuses and how."""

import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts.enums import ConsentAction, SubscriptionState
from contacts.models import ConsentRecord, Contact, Field, Signup, SignupForm, Subscription, Topic
from tests.contacts import forms_of

pytestmark = pytest.mark.django_db

CODES = {
    "no_such_form", "origin_not_allowed", "closed", "not_json", "too_large", "empty", "too_deep", "not_an_object",
    "unknown_name", "wrong_type", "unknown_field", "unknown_topic", "too_long", "bad_stamp", "trap_filled", "invalid",
    "too_many",
}  # fmt: skip


@pytest.fixture
def topic(organization: Organization) -> Topic:
    with tenant_scope(organization):
        return forms_of.topic(organization)


@pytest.fixture
def form(organization: Organization, topic: Topic) -> SignupForm:
    with tenant_scope(organization):
        Field.objects.create(organization=organization, key="cups", label="Cups", kind="number")
        Field.objects.create(
            organization=organization, key="teas", label="Teas", kind="multi", choices=["Green", "Black, strong"]
        )
        return forms_of.form(
            organization,
            topic,
            origins=["https://shop.example"],
            fields=[{"key": "first_name"}, {"key": "cups"}, {"key": "teas"}],
        )


def post(form: SignupForm, body: object, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = more.pop("content_type", "application/json")
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/f/{form.public_id}.json", raw, content_type=kind, CONTENT_TYPE=kind, **more)


def nothing_stored(organization: Organization) -> bool:
    with tenant_scope(organization):
        return not Contact.objects.exists() and not Signup.objects.exists()


def test_it_says_what_the_form_asks(form, topic):
    answer = Client().get(f"/f/{form.public_id}.json")
    told = answer.json()
    assert told["wording"] == "Yes, send me tea news."
    assert told["must_confirm"] is True
    assert [one["id"] for one in told["topics"]] == [topic.public_id]
    assert [(one["key"], one["kind"]) for one in told["fields"]] == [
        ("first_name", "text"),
        ("cups", "number"),
        ("teas", "multi"),
    ]
    assert told["stamp"]


def test_a_sign_up(form, organization):
    stamp = Client().get(f"/f/{form.public_id}.json").json()["stamp"]
    with tenant_scope(organization):
        SignupForm.objects.update(wording="Changed meanwhile.")
    body = {
        "email": "Zoe@Inbox.example",
        "fields": {"first_name": "Zoë", "cups": 3.5, "teas": ["Black, strong"]},
        "language": "de",
        "stamp": stamp,
    }
    answer = post(form, body)
    assert answer.status_code == 202
    assert answer.json() == {"result": "mailed", "must_confirm": True, "redirect_url": None}
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.PENDING
        signup = Signup.objects.get()
        assert signup.values == {"first_name": "Zoë", "cups": 3.5, "teas": ["Black, strong"]}
        assert signup.locale == "de"
        record = ConsentRecord.objects.get()
        assert (record.action, record.wording) == (ConsentAction.REQUESTED, "Yes, send me tea news.")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"", 400, "empty", None),
        (b"{", 400, "not_json", None),
        (b"\xff\xfe{}", 400, "not_json", None),
        (b"[]", 400, "not_an_object", None),
        (b'{"email": NaN}', 400, "not_json", None),
        (b'{"email": ' + b"9" * 5000 + b"}", 400, "not_json", None),
        (b"[" * 100, 400, "too_deep", None),
        (b'{"a":' * 5000, 400, "too_deep", None),
        (b'{"email": "' + b"x" * 40_000 + b'"}', 413, "too_large", None),
        ({"mail": "zoe@inbox.example"}, 400, "unknown_name", "mail"),
        ({"email": 3}, 400, "wrong_type", "email"),
        ({"email": "a@inbox.example", "fields": []}, 400, "wrong_type", "fields"),
        ({"email": "a@inbox.example", "fields": {"age": 3}}, 400, "unknown_field", "age"),
        ({"email": "a@inbox.example", "fields": {"cups": {}}}, 400, "wrong_type", "cups"),
        ({"email": "a@inbox.example", "fields": {"cups": [1]}}, 400, "wrong_type", "cups"),
        ({"email": "a@inbox.example", "topics": "x"}, 400, "wrong_type", "topics"),
        ({"email": "a@inbox.example", "topics": ["x"]}, 400, "unknown_topic", "topics"),
        ({"email": "a@inbox.example", "stamp": "forged"}, 400, "bad_stamp", "stamp"),
        ({"email": "a@inbox.example", "website": "x"}, 422, "trap_filled", "website"),
        ({"email": "a@"}, 422, "email_domain_empty", "email"),
        ({}, 422, "email_empty", "email"),
        ({"email": "a@inbox.example", "fields": {"cups": "many"}}, 422, "not_number", "cups"),
        ({"email": "a@inbox.example", "fields": {"cups": 1e400}}, 400, "not_json", None),
        ({"email": "a@inbox.example", "fields": {"teas": ["Blue"]}}, 422, "not_multi", "teas"),
        ({"email": "a@inbox.example", "fields": {"first_name": "x" * 3000}}, 422, "not_text", "first_name"),
    ],
)
def test_what_it_refuses(body, status, code, field, form, organization):
    answer = post(form, body)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert error["message"]
    assert code in {error["code"], *(one["code"] for one in error["fields"])}
    assert [one["field"] for one in error["fields"]] == ([field] if field else [])
    assert nothing_stored(organization)


def test_another_type_another_method_another_form(form, organization):
    assert post(form, {"email": "a@inbox.example"}, content_type="text/plain").status_code == 415
    assert post(form, b"email=a%40inbox.example", content_type="application/x-www-form-urlencoded").status_code == 415
    assert Client().put(f"/f/{form.public_id}.json", b"{}").status_code == 405
    assert Client().get("/f/nosuch.json").json()["error"]["code"] == "no_such_form"
    with tenant_scope(organization):
        SignupForm.objects.update(archived_at="2026-01-01T00:00Z")
    assert post(form, {"email": "a@inbox.example"}).status_code == 410
    assert nothing_stored(organization)


def test_only_pages_of_the_forms_sites(form, organization):
    address = f"/f/{form.public_id}.json"
    asked = Client().options(address, headers={"Origin": "https://shop.example"})
    assert asked.status_code == 204
    assert asked["Access-Control-Allow-Origin"] == "https://shop.example"
    assert asked["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Access-Control-Allow-Credentials" not in asked
    for origin in ("https://evil.example", "null", "http://shop.example", "https://shop.example.evil.example"):
        for answer in (
            Client().options(address, headers={"Origin": origin}),
            Client().get(address, headers={"Origin": origin}),
            post(form, {"email": "a@inbox.example"}, headers={"Origin": origin}),
        ):
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "origin_not_allowed"
            assert "Access-Control-Allow-Origin" not in answer
    assert nothing_stored(organization)
    answer = post(form, {"email": "a@inbox.example"}, headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (202, "https://shop.example")


def test_too_many_of_one_visitor(form, organization, monkeypatch):
    from contacts.adapters import signup_limits

    monkeypatch.setattr(signup_limits, "A_VISITOR", 1)
    assert post(form, {"email": "a@inbox.example"}).status_code == 202
    answer = post(form, {"email": "b@inbox.example"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "600")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["zoe@inbox.example", "x@y"]) | JSON,
        "fields": st.dictionaries(st.sampled_from(["first_name", "cups", "teas", "other"]), JSON, max_size=4) | JSON,
        "topics": JSON,
        "language": st.sampled_from(["de", "xx"]) | JSON,
        "stamp": JSON,
        "website": st.just("") | JSON,
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | ENTRIES.map(lambda one: json.dumps(one).encode()))
@example(body=b'{"email": "zoe@inbox.example", "fields": {"first_name": "\\u0000\\ud800"}}')
@example(body=b'{"\\ud800": 1}')
@example(body=b'{"email": "zoe@inbox.example", "topics": ["\\ud800"]}')
def test_whatever_comes_it_answers_in_its_own_words(body, form, organization, monkeypatch):
    from contacts.adapters import signup_limits

    monkeypatch.setattr(signup_limits, "A_VISITOR", 10_000)
    answer = post(form, body)
    if answer.status_code == 202:
        assert answer.json()["result"] == "mailed"
        with tenant_scope(organization):
            for signup in Signup.objects.all():
                assert set(signup.values) <= {"first_name", "cups", "teas"}
                assert isinstance(signup.values.get("cups", 0), int | float)
    else:
        assert answer.status_code in {400, 413, 422}
        assert answer.json()["error"]["code"] in CODES
