"""Certificates for tests of TLS: an authority of their own, good ones and bad ones, and a mail server that shows them."""

import asyncio
import contextlib
import datetime
import hashlib
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sending.relay.dns import Tlsa

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key; `above`: what signed it, to be shown with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            chain, key = Path(folder, "chain"), Path(folder, "key")
            pem = serialization.Encoding.PEM
            chain.write_bytes(b"".join(each.public_bytes(pem) for each in (self.certificate, *self.above)))
            key.write_bytes(
                self.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            )
            context.load_cert_chain(chain, key)
        return context

    def tlsa(self, usage: int, selector: int, matching: int) -> Tlsa:
        """The record that names it."""
        data = self.der
        if selector == 1:
            data = self.certificate.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        if matching:
            data = {1: hashlib.sha256, 2: hashlib.sha512}[matching](data).digest()
        return Tlsa(usage, selector, matching, data)


def issue(
    name: str,
    *,
    by: Identity | None = None,
    authority: bool = False,
    expired: bool = False,
    names: tuple[str, ...] = (),
) -> Identity:
    """A certificate for `name`, signed by an authority or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins, ends = (now - 9 * DAY, now - DAY) if expired else (now - DAY, now + DAY)
    builder = x509.CertificateBuilder(
        by.certificate.subject if by else subject, subject, key.public_key(), x509.random_serial_number(), begins, ends
    ).add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if not authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in (names or (name,))]), critical=False
        )
    signed = builder.sign(by.key if by else key, hashes.SHA256())
    return Identity(signed, key, (by.certificate, *by.above) if by else ())


def trusting(authority: Identity) -> ssl.SSLContext:
    """What `verifying_tls` is on the internet, with another authority."""
    context = ssl.create_default_context(cadata=authority.der)
    context.hostname_checks_common_name = False
    return context


@dataclass
class MailServer:
    """An SMTP server. `manner`: works, strips (no STARTTLS), refuses (454), breaks (garbage instead of a handshake), injects
    (words in clear behind the answer to STARTTLS).
    """

    tls: ssl.SSLContext
    manner: str = "works"
    connections: int = 0
    handshakes: int = 0
    taken: list[bool] = field(default_factory=list)  # whether each message came encrypted
    port: int = 0

    async def __aenter__(self) -> "MailServer":
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        encrypted = False
        writer.write(b"220 mx.example\r\n")
        with contextlib.suppress(ConnectionError, ssl.SSLError, OSError):
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    offers = b"" if encrypted or self.manner == "strips" else b"250-STARTTLS\r\n"
                    writer.write(b"250-mx.example\r\n" + offers + b"250 PIPELINING\r\n")
                elif verb == b"STAR" and self.manner == "refuses":
                    writer.write(b"454 4.7.0 not now\r\n")
                elif verb == b"STAR" and self.manner == "injects":
                    writer.write(b"220 go\r\n250 injected\r\n")
                elif verb == b"STAR":
                    writer.write(b"220 go\r\n")
                    if self.manner == "breaks":
                        writer.write(b"this is no handshake")
                        await writer.drain()
                        break
                    await writer.start_tls(self.tls)
                    encrypted = True
                    self.handshakes += 1
                elif verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    while await reader.readline() != b".\r\n":
                        pass
                    self.taken.append(encrypted)
                    writer.write(b"250 2.0.0 taken\r\n")
                else:
                    writer.write(b"250 ok\r\n")
                    if verb == b"QUIT":
                        break
        writer.close()
