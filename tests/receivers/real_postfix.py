"""A private, real Postfix with a real OpenDKIM that verifies: somebody else's software as the judge of our mail.

Own configuration, queue and data directories, own loopback address and port; nothing of /etc/postfix is used. Every
recipient's mail lands in one maildir, where Delivered-To and X-Original-To name the recipient. Postfix must be started by
root; OpenDKIM finds keys through the name server that it is given (Debian's is built with libunbound).
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

PROGRAMS = ("postfix", "opendkim")
SBIN = "/usr/sbin:/sbin:/usr/local/sbin"
READY_WITHIN = 30.0  # seconds

MAIN = """\
compatibility_level = 3.6
maillog_file = {root}/log
maillog_file_prefixes = {root}
queue_directory = {root}/queue
data_directory = {root}/data
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = {host}
mydestination =
mynetworks = 127.0.0.200/32
relay_domains =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_milters = unix:{root}/milter/opendkim
milter_default_action = tempfail
default_transport = error:5.1.1 nothing leaves this computer
relay_transport = error:5.1.1 nothing leaves this computer
import_environment = MAIL_CONFIG TZ=UTC
"""

MASTER = """\
{address}:{port} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       discard
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
postlog   unix-dgram n  -       n       -       1       postlogd
"""

OPENDKIM = """\
Mode v
Socket local:{root}/milter/opendkim
UserID {user}
UMask 000
PidFile {root}/milter/pid
AuthservID {host}
AlwaysAddARHeader yes
InternalHosts 127.0.0.200
DNSTimeout 5
ResolverConfiguration {root}/unbound.conf
Syslog no
Background no
AutoRestart yes
AutoRestartRate 20/1m
"""

# libunbound: ask our name server about everything, and believe it without DNSSEC.
UNBOUND = """\
server:
    do-not-query-localhost: no
    module-config: "iterator"
    cache-max-negative-ttl: 0
forward-zone:
    name: "."
    forward-addr: {resolver}
"""


def why_not() -> str:
    """Why it cannot run here, in words; "" when it can."""
    missing = [name for name in PROGRAMS if _find(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: apt install postfix opendkim)"
    if os.geteuid() != 0:
        return "Postfix can only be started by root"
    return ""


def _find(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SBIN)


class RealPostfix:
    """Accepts mail for `domain` at `address`:`port`. `resolver`: the name server for keys, as ("127.0.0.1", 5353).

    `root` must be a directory that everybody may enter, with a short path (a socket lies in it); it is emptied.
    """

    def __init__(
        self, root: Path, *, address: str, port: int, domain: str, host: str, resolver: tuple[str, int]
    ) -> None:
        self.root = root
        self.address, self.port, self.domain, self.host = address, port, domain, host
        self.resolver = resolver
        self.box = root / "mail" / "box"
        self.opendkim: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RealPostfix":
        try:
            self._write()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        self.root.chmod(0o755)
        nobody, milter = pwd.getpwnam("nobody"), pwd.getpwnam("opendkim")
        postfix = pwd.getpwnam("postfix")
        values = {
            "root": self.root,
            "address": self.address,
            "port": self.port,
            "domain": self.domain,
            "host": self.host,
            "uid": nobody.pw_uid,
            "gid": nobody.pw_gid,
            "user": milter.pw_name,
            "resolver": f"{self.resolver[0]}@{self.resolver[1]}",
        }
        for directory, owner in (
            ("config", None),
            ("queue", None),
            ("data", postfix),
            ("mail", nobody),
            ("milter", milter),
        ):
            path = self.root / directory
            path.mkdir(mode=0o755)
            if owner is not None:
                os.chown(path, owner.pw_uid, owner.pw_gid)
        for name, text in (
            ("config/main.cf", MAIN),
            ("config/master.cf", MASTER),
            ("opendkim.conf", OPENDKIM),
            ("unbound.conf", UNBOUND),
        ):
            (self.root / name).write_text(text.format(**values))

    def _start(self) -> None:
        with (self.root / "opendkim.log").open("wb") as log:
            self.opendkim = subprocess.Popen(
                [str(_find("opendkim")), "-f", "-x", str(self.root / "opendkim.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
            )
        self._postfix("start")
        until = time.monotonic() + READY_WITHIN
        while not (self._listens() and (self.root / "milter" / "opendkim").exists()):
            if self.opendkim.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Postfix or OpenDKIM did not start:\n{self.logs()}")
            time.sleep(0.05)

    def _postfix(self, verb: str) -> None:
        done = subprocess.run(
            [str(_find("postfix")), "-c", str(self.root / "config"), verb],
            capture_output=True,
            text=True,
            env={"PATH": f"{SBIN}:/usr/bin:/bin"},
            cwd="/",
            timeout=60,
            check=False,
        )
        if done.returncode and verb == "start":
            raise RuntimeError(f"postfix start: {done.stdout}{done.stderr}{self.logs()}")

    def _listens(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), timeout=1):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """Stops both; what was delivered stays to be read."""
        if (self.root / "config" / "main.cf").exists():
            self._postfix("stop")
        if self.opendkim is not None and self.opendkim.poll() is None:
            self.opendkim.send_signal(signal.SIGTERM)
            try:
                self.opendkim.wait(10)
            except subprocess.TimeoutExpired:
                self.opendkim.kill()
                self.opendkim.wait()

    def logs(self) -> str:
        """What both said last, for the person whose test failed."""
        texts = [
            path.read_text(errors="replace")[-4000:]
            for path in (self.root / "log", self.root / "opendkim.log")
            if path.exists()
        ]
        return "\n".join(texts)

    def raw(self) -> list[bytes]:
        """Every delivered message as it lies in the maildir, in no order."""
        folder = self.box / "new"
        return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.exists() else []

    def delivered(self) -> "list[Delivered]":
        return [Delivered(raw) for raw in self.raw()]


class Delivered:
    """One delivered message: what the envelope was, what OpenDKIM said, and the bytes."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.message: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[assignment]

    @property
    def recipient(self) -> str:
        return str(self.message["X-Original-To"] or self.message["Delivered-To"])

    @property
    def return_path(self) -> str:
        return str(self.message["Return-Path"]).strip("<>")

    @property
    def results(self) -> list[str]:
        """The Authentication-Results fields, unfolded (RFC 8601)."""
        return [" ".join(str(value).split()) for value in self.message.get_all("Authentication-Results", [])]

    def lines(self, name: str) -> list[bytes]:
        """The physical lines of every field of that name: one line a field means that it is not folded."""
        head = self.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].split(b"\n")
        found: list[bytes] = []
        inside = False
        for line in head:
            inside = line.lower().startswith(name.lower().encode() + b":") or (inside and line[:1] in (b" ", b"\t"))
            if inside:
                found.append(line)
        return found

    @property
    def signed_fields(self) -> list[str]:
        """The names in h= of the DKIM signature (RFC 6376, section 3.5), lower case."""
        signature = "".join(str(self.message["DKIM-Signature"]).split())
        tags = dict(tag.split("=", 1) for tag in signature.split(";") if tag)
        return tags["h"].lower().split(":")
