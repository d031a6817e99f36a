"""Asking links, of real servers and a real name server: what answers, what lies, what is slow, and what leads home."""

import contextlib
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import link_asking
from campaigns.link_asking import Limits, Reply
from sending.relay.addresses import Reach
from sending.relay.dns import Resolver

Handler = Callable[[socket.socket, bytes], None]


class Server:
    """A TCP server of a few lines: `handler` gets each connection with the head of its request; `heads` is what came."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handler, self.tls, self.heads = handler, tls, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self.listener.accept()[0],), daemon=True).start()

    def _one(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.tls:
                link = self.tls.wrap_socket(link, server_side=True)
            with link:
                head = b""
                while b"\r\n\r\n" not in head and (piece := link.recv(4096)):
                    head += piece
                self.heads.append(head)
                self.handler(link, head)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


def says(text: str) -> Handler:
    return lambda link, head: link.sendall(text.replace("\n", "\r\n").encode("latin-1"))


@contextlib.contextmanager
def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(handler, tls)
    try:
        yield server
    finally:
        server.listener.close()


class NameServer:
    """Answers A questions with what `answers` has for the name, in turn; the last goes on for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.bind(("127.0.0.1", 0))
        self.resolver = Resolver(f"127.0.0.1:{self.link.getsockname()[1]}")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, peer = self.link.recvfrom(4096)
                query = dns.message.from_wire(raw)
                question = query.question[0]
                name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
                answer = dns.message.make_response(query)
                if name == "broken.example":
                    answer.set_rcode(dns.rcode.SERVFAIL)
                elif name not in self.answers:
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                elif kind == "A":
                    self.asked.append(name)
                    turns = self.answers[name]
                    found = turns.pop(0) if len(turns) > 1 else turns[0]
                    answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", *found))
                self.link.sendto(answer.to_wire(), peer)


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.link.close()


def near(*servers: Server, seconds: float = 8.0, tls: ssl.SSLContext | None = None) -> Limits:
    """Only this computer, at the ports of these servers."""
    more = {"tls": tls} if tls else {}
    return Limits(Reach.LOOPBACK, frozenset(server.port for server in servers), seconds, **more)


def ask(url: str, limits: Limits, resolver: Resolver | None = None) -> Reply:
    return link_asking.ask_all([url], dns=resolver or Resolver("127.0.0.1:9"), limits=limits)[url]


def test_a_page_that_answers_and_how_heavy_it_is() -> None:
    with serving(says("HTTP/1.1 200 OK\nContent-Length: 1234\n\n")) as server:
        reply = ask(server.url("/ä b?x=ü#part"), near(server))
    assert (reply.status, reply.code, reply.size) == ("pass", 200, 1234)
    (head,) = server.heads
    assert head.startswith(b"HEAD /%C3%A4%20b?x=%C3%BC HTTP/1.1\r\nHost: 127.0.0.1:") and b"part" not in head
    assert b"User-Agent: Posthouse-LinkCheck/" in head and b"Cookie" not in head


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (204, "pass"),
        (403, "warn"),
        (404, "fail"),
        (410, "fail"),
        (418, "warn"),
        (429, "warn"),
        (500, "warn"),
        (503, "warn"),
    ],
)
def test_what_codes_mean(code: int, status: str) -> None:
    with serving(says(f"HTTP/1.1 {code} Word\nContent-Length: 0\n\n")) as server:
        reply = ask(server.url(), near(server))
    assert (reply.status, reply.code) == (status, code) and reply.detail.endswith((".", ")."))


def test_get_where_head_is_not_understood() -> None:
    def handler(link: socket.socket, head: bytes) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if head.startswith(b"GET") else b"HTTP/1.1 405 No\r\n\r\n")

    with serving(handler) as server:
        assert ask(server.url(), near(server)).status == "pass"
    assert [head.split()[0] for head in server.heads] == [b"HEAD", b"GET"]


def test_a_body_without_end_is_not_read() -> None:
    sent = 0

    def endless(link: socket.socket, head: bytes) -> None:
        nonlocal sent
        link.sendall(b"HTTP/1.1 404 No\r\n\r\n" if head.startswith(b"HEAD") else b"HTTP/1.1 200 OK\r\n\r\n")
        while head.startswith(b"GET"):
            sent += link.send(b"x" * 65536)

    with serving(endless) as server:
        started = time.monotonic()
        assert ask(server.url(), near(server)).status == "pass"
        assert time.monotonic() - started < 5
    assert sent < 50_000_000


@pytest.mark.parametrize("piece", [b"HTTP/1.1 200 OK\r\nX: ", b""])
def test_a_slow_drip_ends_in_time(piece: bytes) -> None:
    def drip(link: socket.socket, head: bytes) -> None:
        link.sendall(piece)
        while True:
            link.sendall(b"a")
            time.sleep(0.05)

    with serving(drip) as server:
        started = time.monotonic()
        reply = ask(server.url(), near(server, seconds=1))
    assert reply.status == "warn" and "No answer within 1 seconds" in reply.detail
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "answer",
    ["SSH-2.0-OpenSSH\n\n\n", "HTTP/9.9 200 OK\n\n", "HTTP/1.1 100 Go\n\n" * 9, "X" * 200_000, "", "HTTP/1.1 200 OK\n"],
    ids=["ssh", "version", "interim", "long", "nothing", "half"],
)
def test_what_is_no_http_warns(answer: str) -> None:
    with serving(says(answer)) as server:
        assert ask(server.url(), near(server)).status == "warn"


def test_redirects_are_followed_and_each_is_checked(names: NameServer) -> None:
    names.answers["shop.example"] = [["127.0.0.1"]]

    def handler(link: socket.socket, head: bytes) -> None:
        path = head.split()[1].decode()
        to = {"/moved": "/there", "/inside": "http://10.1.2.3/", "/meta": "http://169.254.169.254/latest/"}.get(path)
        to = {"/file": "file:///etc/passwd", "/port": "http://127.0.0.1:22/", "/loop": "/loop"}.get(path, to)
        code = f"302 Found\r\nLocation: {to}" if to else "200 OK"
        link.sendall(f"HTTP/1.1 {code}\r\nContent-Length: 0\r\n\r\n".encode())

    with serving(handler) as server:
        limits = near(server)

        def asked(path: str) -> Reply:
            return ask(server.url(path, "shop.example"), replaced(limits), names.resolver)

        def replaced(limits: Limits) -> Limits:
            return Limits(limits.reach, limits.ports | {80}, limits.seconds)

        moved = asked("/moved")
        assert moved.status == "pass" and "sends people on to shop.example" in moved.detail
        for path in ("/inside", "/meta"):
            assert asked(path).status == "fail" and "private network" in asked(path).detail
        assert asked("/file").status == "warn"
        assert "port 22" in asked("/port").detail
        server.heads.clear()
        assert "more than 5 times" in asked("/loop").detail
        assert len(server.heads) == link_asking.MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.1",
            "100.64.0.1",
            "224.0.0.1",
        ),
        *("[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *("[fec0::1]", "[::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2001:0:7f00:1::]"),
        # Other spellings, and other names before an @: it is the address behind that counts.
        *("１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "example.com@127.0.0.1", "8.8.8.8:80@127.0.0.1:80"),
        *("example.com\\@127.0.0.1", "127.0.0.1#@example.com", "127.0.0.1?@example.com", "127.0.0.1\t"),
    ],
)
def test_nothing_private_is_ever_connected_to(host: str) -> None:
    reply = ask(f"http://{host}/", Limits())
    assert reply.status == "fail" and "private network" in reply.detail


def test_the_loopback_is_not_asked_by_default_though_it_would_answer(names: NameServer) -> None:
    names.answers["home.example"] = [["127.0.0.1"]]
    with serving(says("HTTP/1.1 200 OK\n\n")) as server:
        limits = Limits(Reach.INTERNET, frozenset({server.port}))
        assert ask(server.url(host="home.example"), limits, names.resolver).status == "fail"
        names.answers["both.example"] = [["8.8.8.8", "127.0.0.1"]]
        assert ask(server.url(host="both.example"), limits, names.resolver).status == "fail"
    assert not server.heads


def test_a_name_that_changes_its_mind_changes_nothing(names: NameServer) -> None:
    """Each request asks once, and connects to what it was told: the second answer is for the second request."""
    names.answers["turn.example"] = [["127.0.0.1"], ["10.9.9.9"]]
    with serving(says("HTTP/1.1 200 OK\n\n")) as server:
        assert ask(server.url(host="turn.example"), near(server), names.resolver).status == "pass"
        assert names.asked == ["turn.example"]
        assert "private" in ask(server.url(host="turn.example"), near(server), names.resolver).detail
    assert len(server.heads) == 1
    names.answers["turn.example"] = [["127.0.0.1"], ["10.9.9.9"]]
    with serving(says("HTTP/1.1 302 Found\nLocation: /again\n\n")) as server:
        assert "private" in ask(server.url(host="turn.example"), near(server), names.resolver).detail
    assert len(server.heads) == 1


def test_no_host_no_dns_no_server(names: NameServer) -> None:
    names.answers["closed.example"] = [["127.0.0.1"]]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    limits = Limits(Reach.LOOPBACK, frozenset({80, port}))
    assert ask("http://nobody.example/", limits, names.resolver) == Reply(
        "fail", "There is no host named nobody.example."
    )
    assert ask(f"http://closed.example:{port}/", limits, names.resolver).status == "warn"
    unknown = ask("http://broken.example/", limits, names.resolver)
    assert unknown == Reply("", "The DNS gave no answer about broken.example.")


def test_a_certificate_that_nobody_trusts(tmp_path: Path, names: NameServer) -> None:
    names.answers["shop.example"] = names.answers["other.example"] = [["127.0.0.1"]]
    server_side, client_side = certificate(tmp_path, "shop.example")
    with serving(says("HTTP/1.1 200 OK\n\n"), server_side) as server:
        url = server.url(host="shop.example", scheme="https")
        untrusted = ask(url, near(server), names.resolver)
        assert untrusted.status == "warn" and "certificate is not accepted" in untrusted.detail
        assert ask(url, near(server, tls=client_side), names.resolver).status == "pass"
        other = ask(server.url(host="other.example", scheme="https"), near(server, tls=client_side), names.resolver)
        assert other.status == "warn" and "certificate" in other.detail
    with serving(says("HTTP/1.1 200 OK\n\n")) as plain:
        assert ask(plain.url(host="shop.example", scheme="https"), near(plain), names.resolver).status == "warn"


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate of its own making, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def test_many_at_once_and_few_at_one_host() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def busy(link: socket.socket, head: bytes) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with serving(busy) as server:
        urls = [server.url(f"/{number}") for number in range(10)]
        replies = link_asking.ask_all([*urls, *urls], dns=Resolver("127.0.0.1:9"), limits=near(server))
    assert {reply.status for reply in replies.values()} == {"pass"} and len(replies) == 10 == len(server.heads)
    assert most <= link_asking.AT_ONE_HOST


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.one_of(st.text(max_size=60), st.text(max_size=60).map(lambda text: f"http://127.0.0.1:1/{text}")))
def test_any_text_gets_a_reply_and_no_header_is_slipped_in(address: str) -> None:
    if not link_asking.may_ask(address):
        return
    try:
        target = link_asking._split(address)[3]
    except link_asking._No:
        return
    assert target.isascii() and not any(character in target for character in " \r\n\t")
