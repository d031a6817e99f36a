"""Certificates that are renewed while the mail server runs: the next client gets the new one, a broken pair changes nothing."""

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sending.mailroom.certificates import Certificate
from sending.mailroom.reception import Reception
from tests.sending.mailroom.test_reception import Book


def write(folder: Path, name: str) -> None:
    """A new self-signed pair of that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


async def name_of(port: int) -> str:
    """Whose certificate a client is shown."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for line, wanted in ((b"", b"220"), (b"EHLO me.example\r\n", b"250 "), (b"STARTTLS\r\n", b"220")):
            writer.write(line)
            while not (await asyncio.wait_for(reader.readline(), 5)).startswith(wanted):
                pass
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        found = x509.load_der_x509_certificate(shown).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value)
    finally:
        writer.close()


async def test_renewed_files_are_used_for_the_next_client(tmp_path: Path) -> None:
    write(tmp_path, "first.example")
    certificate = Certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    reception = Reception(Book(), host_name="mx.example")
    assert certificate.renew(reception, by_force=True)
    port = await reception.open("127.0.0.1", 0)
    try:
        assert await name_of(port) == "first.example"
        assert not certificate.renew(reception), "nothing has changed"
        write(tmp_path, "second.example")
        assert certificate.renew(reception)
        assert await name_of(port) == "second.example"
        (tmp_path / "key.pem").write_bytes(b"half a key")
        assert not certificate.renew(reception)
        assert await name_of(port) == "second.example"
        (tmp_path / "chain.pem").unlink()
        assert not certificate.renew(reception, by_force=True)
        assert await name_of(port) == "second.example"
        write(tmp_path, "third.example")
        assert certificate.renew(reception)
        assert await name_of(port) == "third.example"
    finally:
        await reception.close(patience=1)


def test_a_pair_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "one.example")
    chain = (tmp_path / "chain.pem").read_bytes()
    write(tmp_path, "two.example")
    (tmp_path / "chain.pem").write_bytes(chain)
    with pytest.raises(OSError):
        Certificate(tmp_path / "chain.pem", tmp_path / "key.pem").load()
