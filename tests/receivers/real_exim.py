"""A private, real Exim: a second mail server that is not ours and not the sandbox's, with its own idea of the standards.

Debian's packages of Exim and Postfix exclude each other, so this one is only unpacked (see .ci/run), or wherever PATH has it.
Own configuration, spool and log; nothing of /etc/exim4 is used. Every recipient's mail lands in one maildir, with the envelope
in Envelope-to and Return-path.
"""

import email
import email.policy
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from tests.sending.relay import certificates

UNPACKED = Path("/opt/posthouse-exim/usr/sbin/exim4")
USER = "Debian-exim"
READY_WITHIN = 20.0  # seconds

CONFIG = """\
primary_hostname = {host}
exim_user = {user}
exim_group = {group}
spool_directory = {root}/spool
log_file_path = {root}/log/%slog
pid_file_path = {root}/exim.pid
keep_environment =
local_interfaces = <; {address}
daemon_smtp_ports = {port}
domainlist ours = {domain}
acl_smtp_rcpt = rcpt
host_lookup =
hosts_treat_as_local =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {root}/certificate.pem
tls_privatekey = {root}/key.pem
smtputf8_advertise_hosts = *
chunking_advertise_hosts = {chunking}
pipelining_advertise_hosts = *
accept_8bitmime = true
allow_utf8_domains = true
message_size_limit = 20M
dkim_verify_signers =
deliver_drop_privilege = true
never_users = root
syslog_timestamp = no
bounce_return_message = false

begin acl
rcpt:
  accept domains = +ours
  deny message = relay not permitted

begin routers
box:
  driver = accept
  domains = +ours
  transport = box

begin transports
box:
  driver = appendfile
  maildir_format
  directory = {root}/box
  create_directory
  envelope_to_add
  return_path_add
  delivery_date_add
"""


def program() -> str:
    """Where Exim is; "" when it is nowhere."""
    found = shutil.which("exim4") or shutil.which("exim4", path="/usr/sbin")
    return found or (str(UNPACKED) if UNPACKED.exists() else "")


def why_not() -> str:
    """Why it cannot run here, in words; "" when it can."""
    if not program():
        return f"Exim is not there: unpack Debian's exim4-daemon-light to {UNPACKED.parents[2]}, as .ci/run does"
    if os.geteuid() != 0:
        return "Exim can only be started by root"
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return f"Debian's Exim needs a user {USER}"
    done = subprocess.run([program(), "-C", "/dev/null", "-bV"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"Exim does not start: {(done.stderr or done.stdout).strip()[:200]}"


class RealExim:
    """Accepts mail for `domain` at `address`:`port`. `root`: a directory that everybody may enter; it is emptied."""

    def __init__(self, root: Path, *, address: str, port: int, domain: str, host: str, chunking: bool = True) -> None:
        self.root = root
        self.address, self.port, self.domain, self.host, self.chunking = address, port, domain, host, chunking
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RealExim":
        self._write()
        with (self.root / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [program(), "-C", str(self.root / "config"), "-bdf", "-q1m"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )
        until = time.monotonic() + READY_WITHIN
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"Exim did not start:\n{self.logs()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        owner = pwd.getpwnam(USER)
        for name in ("spool", "log", "box"):
            path = self.root / name
            path.mkdir()
            os.chown(path, owner.pw_uid, owner.pw_gid)
        os.chown(self.root, owner.pw_uid, owner.pw_gid)
        identity, pem = certificates.issue(self.host), serialization.Encoding.PEM
        (self.root / "certificate.pem").write_bytes(identity.certificate.public_bytes(pem))
        key = identity.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.root / "key.pem").write_bytes(key)
        os.chown(self.root / "key.pem", owner.pw_uid, owner.pw_gid)
        values = {
            "root": self.root,
            "address": self.address,
            "port": self.port,
            "domain": self.domain,
            "host": self.host,
            "user": owner.pw_uid,
            "group": owner.pw_gid,
            "chunking": "*" if self.chunking else "",
        }
        (self.root / "config").write_text(CONFIG.format(**values))

    def _listens(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), timeout=1) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def stop(self) -> None:
        """What was delivered stays to be read."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def logs(self) -> str:
        """What it said last, for the person whose test failed."""
        paths = [self.root / "output", self.root / "log" / "mainlog", self.root / "log" / "paniclog"]
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in paths if path.exists())

    def count(self) -> int:
        folder = self.root / "box" / "new"
        return len(list(folder.iterdir())) if folder.exists() else 0

    def received(self) -> "list[Received]":
        """Every delivered message, in no order."""
        folder = self.root / "box" / "new"
        return [Received(path.read_bytes()) for path in sorted(folder.iterdir())] if folder.exists() else []


class Received:
    """One delivered message: its envelope, as Exim wrote it above, and what came over the wire below that."""

    ADDED = (b"return-path:", b"envelope-to:", b"delivery-date:", b"received:")

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        fields: list[bytes] = []
        for line in head.split(b"\n"):
            if line[:1] in (b" ", b"\t") and fields:
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        added = [field for field in fields if field.lower().startswith(self.ADDED)]
        self.trace = b"\n".join(added).decode("utf-8", "replace")
        self.fields = [field for field in fields if field not in added]
        self.message: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[assignment]

    @property
    def recipient(self) -> str:
        (found,) = [line for line in self.trace.split("\n") if line.lower().startswith("envelope-to:")]
        return found.partition(":")[2].strip()

    @property
    def content(self) -> bytes:
        """What we sent, with CRLF: the message without what Exim put above it."""
        return (b"\n".join(self.fields) + b"\n\n" + self.body).replace(b"\n", b"\r\n")
