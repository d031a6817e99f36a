"""The composer: a letter and a person become a signed mail that others verify and read, with this person's links."""

# ruff: noqa: E501  (what stands in tables and SQL is easier to read on one line)

import base64
import email
import email.policy

import dkim as verifier
import pytest
from cryptography.hazmat.primitives import serialization

from accounts import derived_keys
from accounts.actions import organizations
from accounts.models import Organization
from accounts.tenancy import daemon_dsn, tenant_scope
from contacts import tokens
from contacts.tokens import read_address
from sending import keys
from sending.actions import house_mail
from sending.adapters.composer import LetterComposer
from sending.adapters.signing import SigningThreads
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


def verifies(raw: bytes, domain: SendingDomain) -> bool:
    pem = keys.decrypt(bytes(domain.private_key), purpose=keys.DKIM)
    public = serialization.load_pem_private_key(pem, None).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return bool(verifier.verify(raw, dnsfunc=lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)))


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
        assert b"\r\n.\r\n" not in letter.content
        assert max(map(len, letter.content.split(b"\r\n"))) <= 998


async def test_what_cannot_be_made_is_said(town: Town) -> None:
    town.rows("UPDATE sending_sendingdomain SET private_key = 'nonsense'")
    with pytest.raises(Unmakeable, match="DKIM key of kettle"):
        await compose_all(town)
    town.rows("UPDATE sending_delivery SET state = 1, relay_id = NULL")
    town.rows("UPDATE sending_letter SET plan = '{}'")
    with pytest.raises(Unmakeable):
        await compose_all(town)


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
