"""The sandbox as a whole: it opens the name server and every provider's doors, and closes them again."""

import datetime
import ipaddress
import logging
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from posthouse.sandbox.characters import Cast
from posthouse.sandbox.desk import Desk
from posthouse.sandbox.errands import Doors, Errands
from posthouse.sandbox.nameserver import NameServer
from posthouse.sandbox.people import People
from posthouse.sandbox.store import Ledger, Store
from posthouse.sandbox.zone import Zone
from sending.mailroom.reception import Limits, Reception

log = logging.getLogger(__name__)

LIMITS = Limits(
    message_octets=26_214_400, connections=1_000, connections_per_client=1_000, octets_in_flight=256_000_000
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the world is: ports on loopback, the file it remembers in, where our own house listens."""

    cast: Cast
    seed: str
    house_domain: str
    path: Path
    smtp_port: int
    dns_port: int
    doors: Doors
    dns_host: str = "127.0.0.1"


class World:
    """`await open()`, `await close()`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.smtp_port = plan.smtp_port
        self.dns_port = plan.dns_port
        self._receptions: list[Reception] = []

    async def open(self) -> None:
        """Open all doors. Raises OSError when a port is taken; then nothing stays open."""
        plan = self.plan
        self.store = Store(plan.path)
        self.zone = Zone(plan.cast, house_domain=plan.house_domain, published=self.store.records)
        self.ledger = Ledger(plan.path)
        self.errands = Errands(plan.doors)
        people = People(cast=plan.cast, errands=self.errands, seed=plan.seed, house_domain=plan.house_domain)
        self._nameserver = NameServer(self.zone)
        try:
            self.dns_port = await self._nameserver.open(plan.dns_host, plan.dns_port)
            for provider in plan.cast.providers:
                reception = Reception(
                    Desk(provider=provider, zone=self.zone, ledger=self.ledger, people=people, seed=plan.seed),
                    host_name=provider.mx[0],
                    limits=LIMITS,
                    tls=certificate(provider.mx) if provider.starttls else None,
                    chunking=provider.chunking,
                )
                self._receptions.append(reception)
                for address in provider.addresses:
                    self.smtp_port = await reception.open(address, self.smtp_port)
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the doors, finish what is being taken, write it down."""
        for reception in self._receptions:
            await reception.close(patience=3)
        await self._nameserver.close()
        await self.errands.close()
        await self.ledger.close()
        self.store.close()


def certificate(names: tuple[str, ...]) -> ssl.SSLContext:
    """A TLS context with a key and a self-signed certificate made on the spot, as many mail servers have."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("wb", suffix=".pem") as file:  # ssl reads keys from files only
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        file.flush()
        context.load_cert_chain(file.name)
    return context


def loopback(host: str) -> str:
    """A host of our own house as a loopback address. Raises ValueError when it lies elsewhere."""
    if host in ("", "localhost", "0.0.0.0", "::"):  # noqa: S104  (it listens everywhere, so here too)
        return "127.0.0.1"
    ipaddress.ip_address(host)
    return host
