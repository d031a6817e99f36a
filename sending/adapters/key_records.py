"""DKIM keys out of the DNS, for the mailroom's threads: asked once in a while, in bounded time."""

import threading
import time
from collections import OrderedDict

import dns.exception
import dns.rdatatype
import dns.resolver

from sending.mailroom.signatures import DnsAway
from sending.relay.dns import split_server

LIFETIME = 6.0  # seconds for one question, retries included
KEEP = 300.0
MOST = 1_000


class KeyRecords:
    """Call it with a name; it gives the octets of its TXT record, None when there is none. Raises DnsAway."""

    def __init__(self, server: str = "") -> None:
        """`server`: host:port, or "" for the system's. ValueError when it is neither."""
        self._resolver = dns.resolver.Resolver(configure=not server)
        if server:
            host, port = split_server(server)
            self._resolver.nameservers = [host]
            self._resolver.port = port
        self._resolver.lifetime = LIFETIME
        self._known: OrderedDict[str, tuple[float, bytes | None]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> bytes | None:
        name = name.rstrip(".").lower()
        with self._lock:
            until, record = self._known.get(name, (0.0, None))
        if time.monotonic() < until:
            return record
        record = self._ask(name)
        with self._lock:
            self._known[name] = (time.monotonic() + KEEP, record)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return record

    def _ask(self, name: str) -> bytes | None:
        try:
            answer = self._resolver.resolve(name + ".", dns.rdatatype.TXT, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.SyntaxError, UnicodeError, ValueError, dns.name.LabelTooLong, dns.name.EmptyLabel):
            return None
        except (dns.exception.DNSException, OSError) as error:
            raise DnsAway(f"{name}: {error}") from error
        return b"".join(answer[0].strings) if len(answer) == 1 else None
