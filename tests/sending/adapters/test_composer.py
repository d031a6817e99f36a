"""The composer: a letter and a person become a signed mail that others verify and read, with this person's links."""

# ruff: noqa: E501  (what stands in tables and SQL is easier to read on one line)

import base64
import email
import email.policy
import time
from typing import Any

import dkim as verifier
import pytest
from asgiref.sync import sync_to_async
from cryptography.hazmat.primitives import serialization
from psycopg.types.json import Json

from accounts import derived_keys
from accounts.actions import organizations
from accounts.models import Organization
from accounts.tenancy import daemon_dsn, tenant_scope
from contacts import tokens
from contacts.models import Contact
from contacts.tokens import read_address
from sending import keys
from sending.actions import domains, house_mail
from sending.adapters import composer as composing
from sending.adapters.composer import LetterComposer
from sending.adapters.signing import SigningThreads
from sending.enums import Reason
from sending.mailroom import verification
from sending.merging import compile_plan
from sending.mime import lines
from sending.models import SendingDomain
from sending.relay import verp
from sending.relay.ports import Letter, Parcel, Unmakeable
from sending.tracking import tokens as hits
from tests.sending.adapters.town import Town, build, claim_all, relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


def composer() -> LetterComposer:
    return LetterComposer(
        daemon_dsn(), signing=SigningThreads(1), link_url="https://links.test", house_domain="posthouse.example"
    )


async def compose_all(town: Town) -> list[tuple[Parcel, Letter]]:
    ledger, maker = await relay(town), composer()
    parcels = await claim_all(ledger)
    made = [(parcel, await maker.compose(parcel)) for parcel in parcels]
    await ledger.close()
    await maker.close()
    return made


def public(domain: SendingDomain) -> str:
    pem = keys.decrypt(bytes(domain.private_key), purpose=keys.DKIM)
    key = serialization.load_pem_private_key(pem, None).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode("ascii")


def verifies(raw: bytes, domain: SendingDomain) -> bool:
    record = f"v=DKIM1; k=rsa; p={public(domain)}".encode()
    return bool(verifier.verify(raw, dnsfunc=lambda name, timeout=5: record))


async def test_a_second_key_that_is_published_signs_too(town: Town) -> None:
    def publish() -> None:
        with tenant_scope(town.organization):
            domains.settle_second_key(domain=domains.give_second_key(domain=town.domain), works=True)
            town.domain.refresh_from_db()

    await sync_to_async(publish)()
    ((_, letter), *_) = await compose_all(town)
    assert verifies(letter.content, town.domain)

    def texts(name: str) -> list[str]:
        if name.startswith(town.domain.second_selector + "._domainkey."):
            return [f"v=DKIM1; k=ed25519; p={town.domain.second_public_key}"]
        return [f"v=DKIM1; k=rsa; p={public(town.domain)}"]

    assert [(v.selector, v.why) for v in verification.verify(letter.content, texts)] == [
        (town.domain.selector, ""),
        (town.domain.second_selector, ""),
    ]


async def test_a_second_key_that_cannot_be_read_stops_no_mail(town: Town) -> None:
    def spoil() -> None:
        with tenant_scope(town.organization):
            SendingDomain.objects.filter(pk=town.domain.pk).update(
                second_works=True, second_selector="ed1", second_private_key=b"of another house"
            )

    await sync_to_async(spoil)()
    ((_, letter), *_) = await compose_all(town)
    assert letter.content.count(b"DKIM-Signature") == 1
    assert verifies(letter.content, town.domain)


async def test_a_letter_for_a_person(town: Town) -> None:
    made = {parcel.address: (parcel, letter) for parcel, letter in await compose_all(town)}
    parcel, letter = made["p1@home1.example"]
    assert verifies(letter.content, town.domain)
    assert letter.content.isascii()
    assert not letter.eight_bit
    assert b"\r\n." not in letter.content
    message = email.message_from_bytes(letter.content, policy=email.policy.default)
    assert message["Subject"] == "Hello Zoë 1"
    assert message["From"] == "Kettle <news@kettle.example.com>"
    assert message["To"] == "p1@home1.example"
    assert message["Message-ID"] == f"<{letter.return_path}>"
    localpart, _, domain = letter.return_path.partition("@")
    assert domain == "bounces.kettle.example.com"
    assert verp.read(localpart, secrets=derived_keys.keys_for(verp.PURPOSE)) == parcel.id
    assert message["CFBL-Feedback-ID"] == localpart
    html, text = message.get_body(("html",)).get_content(), message.get_body(("plain",)).get_content()
    assert "Dear Zoë 1," in html
    assert "Dear Zoë 1," in text
    assert "Kettle Street 1" in text
    found = [part.partition('"')[0] for part in html.split('href="https://links.test/c/')[1:]]
    read = [hits.read(token, keys=derived_keys.keys_for(hits.PURPOSE)) for token in found]
    assert [(hit.delivery_id, hit.mailing_id, hit.link) for hit in read if hit] == [
        (parcel.id, town.mailing, 0),
        (parcel.id, town.mailing, 1),
    ]
    pixel = html.split("https://links.test/i/")[1].partition(".gif")[0]
    assert hits.read(pixel, keys=derived_keys.keys_for(hits.PURPOSE)) is not None
    https, mailto = str(message["List-Unsubscribe"]).split(", ")
    token = tokens.read(https.removeprefix("<https://links.test/u/").removesuffix(">"))
    assert token is not None
    assert (token.organization_id, token.about) == (town.organization.pk, f"d{parcel.id}")
    box = mailto.removeprefix("<mailto:u+").partition("@")[0]
    assert read_address(box) == token
    assert "Dear friend," in email.message_from_bytes(made["p0@home0.example"][1].content, policy=email.policy.default).get_body(("html",)).get_content()  # fmt: skip


async def test_a_retry_has_the_same_message_id(town: Town) -> None:
    first = {p.id: email.message_from_bytes(letter.content)["Message-ID"] for p, letter in await compose_all(town)}
    town.rows("UPDATE sending_delivery SET state = 1, relay_id = NULL")
    again = {p.id: email.message_from_bytes(letter.content)["Message-ID"] for p, letter in await compose_all(town)}
    assert first == again
    assert len(set(first.values())) == 6


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: a@b.example",
        "</p><script>",
        "{{ contact.email }}",
        "x" * 100_000,
        "\x00\ud7ff",
        "a.\r\n.\r\nQUIT\r\n",
        ".begins\n..twice",
    ],
)
async def test_values_of_strangers_stay_values(town: Town, evil: str) -> None:
    clean = evil.replace("\x00", "")  # PostgreSQL keeps no NUL
    town.rows("UPDATE contacts_contact SET values = jsonb_build_object('first_name', %(v)s::text)", v=clean)
    for _, letter in await compose_all(town):
        assert verifies(letter.content, town.domain)
        message = email.message_from_bytes(letter.content, policy=email.policy.default)
        assert message["Bcc"] is None
        assert len(list(message.iter_parts())) == 2
        assert "<script>" not in message.get_body(("html",)).get_content()
        assert letter.is_stuffed and lines.stuff(letter.content) == letter.content
        assert max(map(len, letter.content.split(b"\r\n"))) <= 998


async def test_what_cannot_be_made_is_said(town: Town) -> None:
    town.rows("UPDATE sending_sendingdomain SET private_key = 'nonsense'")
    with pytest.raises(Unmakeable, match="DKIM key of kettle"):
        await compose_all(town)
    town.rows("UPDATE sending_delivery SET state = 1, relay_id = NULL")
    town.rows("UPDATE sending_letter SET plan = '{}'")
    with pytest.raises(Unmakeable):
        await compose_all(town)


async def test_a_letter_that_takes_too_much_of_the_processor_stops_for_its_mailing_alone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "TOLL_LETTERS", 3)
    hole = "{{{{ contact.first_name" + " | titlecase" * 10 + " | append: '{0}' }}}}"
    heavy = compile_plan("", "".join(hole.format(n) for n in range(400)), "")
    town.rows("UPDATE sending_letter SET plan = %(plan)s", plan=Json(heavy.to_json()))
    town.rows("UPDATE contacts_contact SET values = jsonb_build_object('first_name', %(v)s::text)", v="aé " * 3_000)
    ledger, maker = await relay(town), composer()
    said, times = [], []
    for parcel in await claim_all(ledger):
        began = time.process_time()
        with pytest.raises(Unmakeable) as caught:
            await maker.compose(parcel)
        said.append(caught.value.text)
        times.append(time.process_time() - began)
    assert [("too long" in each, "for each message" in each) for each in said] == [(True, False)] * 3 + [
        (False, True)
    ] * 3
    assert max(times[3:]) < 0.1 < min(times[:3])
    await ledger.close()
    await maker.close()


def rewrite(town: Town, values: dict[str, Any], of_the_first: dict[str, Any] | None = None) -> None:
    """Everybody's values; the first person reads French."""
    with tenant_scope(town.organization):
        Contact.objects.update(values=values)
        first = Contact.objects.order_by("id").first()
        assert first is not None
        Contact.objects.filter(pk=first.pk).update(locale="fr", values=values if of_the_first is None else of_the_first)


async def test_what_only_some_people_get(town: Town) -> None:
    html = (
        "{% if contact.first_name %}<p>Dear {{ contact.first_name | upcase }}</p>{% else %}<p>Hello</p>{% endif %}"
        "{% for each in contact.likes %}<a href='https://www.example.com/b'>{{ each }}</a>{% endfor %}{{ topic.name }}"
        "{{ contact.joined | date: 'long' }}"
    )
    plan = compile_plan("{% if contact.first_name %}You{% endif %} and us", html, "t")
    town.rows("UPDATE sending_letter SET plan = %(plan)s", plan=Json(plan.to_json()))
    await sync_to_async(rewrite)(town, {}, {"first_name": "Zoë", "likes": ["<b>", "tea"], "joined": "2026-03-05"})
    made = await compose_all(town)
    bodies = []
    for _, letter in made:
        assert verifies(letter.content, town.domain)
        message = email.message_from_bytes(letter.content, policy=email.policy.default)
        bodies.append((message["Subject"], message.get_body(("html",)).get_content()))
    (subject, body), *others = sorted(bodies, key=lambda each: "ZOË" not in each[1])
    assert subject == "You and us" and "Dear ZOË" in body and ">&lt;b&gt;</a>" in body and "5 mars 2026" in body
    assert body.count("https://links.test/c/") == 2
    assert others and all(subject == "and us" and "<p>Hello</p>" in body for subject, body in others)


async def test_a_person_whose_values_are_too_much_fails_alone(town: Town) -> None:
    plan = compile_plan("s", "{% for each in contact.likes %}{{ each }}{{ each }}{% endfor %}", "t")
    town.rows("UPDATE sending_letter SET plan = %(plan)s", plan=Json(plan.to_json()))
    await sync_to_async(rewrite)(town, {"likes": ["x" * 9_000] * 100})
    with pytest.raises(Unmakeable) as caught:
        await compose_all(town)
    assert caught.value.reason == Reason.MERGE


async def test_view_in_browser_is_this_messages_own_page_and_no_key_to_anything_else(town: Town) -> None:
    letter = '<p><a href="{{ web_version_url }}">View in browser</a> {{ brand.postal_address }} <a href="{{ unsubscribe_url }}">Leave</a></p>'
    plan = compile_plan("Hi", letter, "Hi {{ web_version_url }}").to_json()
    await sync_to_async(town.rows)("UPDATE sending_letter SET plan = %(plan)s", plan=Json(plan))
    for parcel, made in await compose_all(town):
        message = email.message_from_bytes(made.content, policy=email.policy.default)
        body = message.get_body(("html",)).get_content()
        token = body.partition("https://links.test/v/")[2].partition('"')[0]
        opened = hits.read_view(token, keys=derived_keys.keys_for(hits.PURPOSE))
        assert opened is not None and (opened.delivery_id, opened.mailing_id) == (parcel.id, town.mailing)
        assert hits.read(token, keys=derived_keys.keys_for(hits.PURPOSE)) is None and tokens.read(token) is None
        assert f"https://links.test/v/{token}" in message.get_body(("plain",)).get_content()


@pytest.fixture
def house_mail_waits(organization: Organization) -> SendingDomain:
    raw = b"From: hello@posthouse.example\r\nTo: a@inbox.example\r\nSubject: Code\r\nMessage-ID: <1@posthouse.example>\r\n\r\n.dot\r\nbare\nLF\r\n"
    house_mail.keep(
        to="a@inbox.example",
        raw=raw,
        from_address="hello@posthouse.example",
        subject="Code",
        message_id="1@posthouse.example",
    )
    with tenant_scope(organizations.house()):
        return SendingDomain.objects.select_related("organization").get()


async def test_stored_mail_is_signed_as_it_was_stored(house_mail_waits: SendingDomain) -> None:
    town = Town(house_mail_waits.organization, 0, 0, house_mail_waits, daemon_dsn())
    ((parcel, letter),) = await compose_all(town)
    assert parcel.lane.priority == 10
    assert verifies(letter.content, house_mail_waits)
    assert letter.content.endswith(b"\r\n\r\n.dot\r\nbare\r\nLF\r\n")
    assert letter.return_path.endswith("@bounces.posthouse.example")
    town.rows("DELETE FROM sending_storedmessage")
    maker = composer()
    with pytest.raises(Unmakeable, match="not there any more"):
        await maker.compose(parcel)
    await maker.close()
