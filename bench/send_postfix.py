"""A private Postfix, for `bench/send.py` to compare with: it relays everything to the sink, signed by OpenDKIM if wanted."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from bench import house as houses
from bench.send_receivers import SBIN

PORT_OFFSETS = 5, 6  # from the house's port: Postfix's, OpenDKIM's
ROOT = Path("/tmp/posthouse-bench-postfix")  # noqa: S108  (a socket's path must be short)
WITHIN = 1200.0
DOMAIN = "bench-harbour.example"

MAIN = """\
compatibility_level = 3.6
maillog_file = {root}/log
maillog_file_prefixes = {root}
queue_directory = {root}/queue
data_directory = {root}/data
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = bench.posthouse.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:{sink}
default_transport = smtp
disable_dns_lookups = yes
smtp_destination_concurrency_limit = 100
smtp_initial_destination_concurrency = 50
initial_destination_concurrency = 50
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
import_environment = MAIL_CONFIG TZ=UTC
"""
MASTER = """\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       100     smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
tlsproxy  unix  -       -       n       -       0       tlsproxy
postlog   unix-dgram n  -       n       -       1       postlogd
"""

MILTER = """\
smtpd_milters = inet:127.0.0.1:{milter}
milter_default_action = accept
"""
TLS = """\
smtp_tls_security_level = may
smtp_tls_connection_reuse = yes
smtp_tls_session_cache_database = btree:{root}/data/sessions
"""
OPENDKIM = """\
Mode s
Socket inet:{milter}@127.0.0.1
UserID {user}
Domain {domain}
Selector bench
KeyFile {root}/key
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
RequireSafeKeys no
InternalHosts 127.0.0.1
Syslog no
Background no
AutoRestart yes
AutoRestartRate 50/1m
"""


class Postfix:
    """Relays to 127.0.0.1:`sink_port`. `signed`: OpenDKIM signs with RSA-2048; `tls`: STARTTLS where the sink offers it."""

    def __init__(self, *, port: int, sink_port: int, signed: bool = False, tls: bool = False) -> None:
        self.port = port + PORT_OFFSETS[0]
        self._milter, self._sink_port, self._signed, self._tls = port + PORT_OFFSETS[1], sink_port, signed, tls
        self._opendkim: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Postfix":
        shutil.rmtree(ROOT, ignore_errors=True)
        owner = pwd.getpwnam("postfix")
        for name in ("config", "queue", "data"):
            (ROOT / name).mkdir(parents=True)
        os.chown(ROOT / "data", owner.pw_uid, owner.pw_gid)
        main = MAIN + (MILTER if self._signed else "") + (TLS if self._tls else "")
        for name, text in (("main.cf", main), ("master.cf", MASTER)):
            filled = text.format(root=ROOT, port=self.port, sink=self._sink_port, milter=self._milter)
            (ROOT / "config" / name).write_text(filled)
        if self._signed:
            self._start_opendkim()
        self._control("start")
        houses.wait_until(lambda: houses.listens("127.0.0.1", self.port), within=30, what="Postfix listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._control("stop")
        if self._opendkim is not None:
            self._opendkim.send_signal(signal.SIGTERM)
            self._opendkim.wait(20)
        shutil.rmtree(ROOT, ignore_errors=True)

    def relay(self, messages: int, size: int) -> float:
        """Messages a second, from the first one in to the last one out."""
        began = time.monotonic()
        subprocess.run(
            [
                *(str(shutil.which("smtp-source", path=SBIN)), "-s", "40", "-m", str(messages), "-l", str(size), "-N"),
                *("-f", f"news@{DOMAIN}", "-t", "person@home0.example", f"127.0.0.1:{self.port}"),
            ],
            check=True,
            timeout=WITHIN,
            stdin=subprocess.DEVNULL,
        )
        houses.wait_until(self._is_empty, within=WITHIN, what="Postfix's queue is empty", every=0.1)
        return messages / (time.monotonic() - began)

    def _start_opendkim(self) -> None:
        user = pwd.getpwnam("opendkim")
        key, config = ROOT / "key", ROOT / "opendkim.conf"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        key.chmod(0o600)
        os.chown(key, user.pw_uid, user.pw_gid)
        config.write_text(OPENDKIM.format(root=ROOT, milter=self._milter, user=user.pw_name, domain=DOMAIN))
        program = str(shutil.which("opendkim", path=SBIN))
        self._opendkim = subprocess.Popen([program, "-x", str(config)], stdin=subprocess.DEVNULL)
        houses.wait_until(lambda: houses.listens("127.0.0.1", self._milter), within=20, what="OpenDKIM listens")

    def _control(self, verb: str) -> None:
        done = subprocess.run(
            [str(shutil.which("postfix", path=SBIN)), "-c", str(ROOT / "config"), verb],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": SBIN},
            cwd="/",
            timeout=60,
        )
        if done.returncode and verb == "start":
            raise RuntimeError(f"postfix start: {done.stdout}{done.stderr}")

    def _is_empty(self) -> bool:
        return not any(
            path.is_file()
            for name in ("incoming", "active", "deferred", "maildrop")
            for path in (ROOT / "queue" / name).rglob("*")
        )
