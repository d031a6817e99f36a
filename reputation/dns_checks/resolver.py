"""Asks DNS, and keeps apart "there is no such record" from "nobody answered".

Trap: SERVFAIL, REFUSED and time-outs say nothing about the domain; they are `UNKNOWN`, and checks must not fail on them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

TIMEOUT_SECONDS = 3.0
LIFETIME_SECONDS = 8.0
MAX_VALUES = 50
MAX_VALUE_CHARS = 4096


class Outcome(StrEnum):
    FOUND = "found"
    NONE = "none"  # the name or the type does not exist
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """`values`: TXT as one joined string each; MX as "10 host"; names lower case without the closing dot."""

    name: str
    type: str
    outcome: Outcome
    values: tuple[str, ...] = ()
    why: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer as evidence."""
        if self.outcome is Outcome.FOUND:
            return tuple(f"{self.name} {self.type} {value}" for value in self.values)
        if self.outcome is Outcome.NONE:
            return (f"{self.name} {self.type}: no such record",)
        return (f"{self.name} {self.type}: {self.why}",)


class Resolver(Protocol):
    async def lookup(self, name: str, rdtype: str) -> Answer: ...


class LiveResolver:
    """Asks the configured name server ("host:port") or, with "", the system's; keeps no cache, so a fix shows at once."""

    def __init__(self, server: str = "") -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not server)
        if server:
            host, _, port = server.rpartition(":")
            self._resolver.nameservers = [host.strip("[]")]
            self._resolver.port = int(port)
        self._resolver.timeout = TIMEOUT_SECONDS
        self._resolver.lifetime = LIFETIME_SECONDS
        self._resolver.cache = None

    async def lookup(self, name: str, rdtype: str) -> Answer:
        """One question. Never raises for anything that DNS can do; ValueError would mean a wrong `rdtype`."""
        shown = name.rstrip(".").lower()
        try:
            question = dns.name.from_text(shown)
            reply = await self._resolver.resolve(question, rdtype, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return Answer(shown, rdtype, Outcome.NONE)
        except (dns.exception.Timeout, dns.resolver.NoNameservers, dns.resolver.YXDOMAIN) as error:
            return Answer(shown, rdtype, Outcome.UNKNOWN, why=_reason(error))
        except (dns.exception.DNSException, UnicodeError) as error:
            return Answer(shown, rdtype, Outcome.NONE, why=f"not a name that can be looked up ({type(error).__name__})")
        except OSError as error:
            return Answer(
                shown, rdtype, Outcome.UNKNOWN, why=f"the name server could not be reached ({error.strerror})"
            )
        values = tuple(_value(rdata)[:MAX_VALUE_CHARS] for rdata in list(reply.rrset or ())[:MAX_VALUES])
        return Answer(shown, rdtype, Outcome.FOUND if values else Outcome.NONE, tuple(sorted(values)))


def _value(rdata: object) -> str:
    strings = getattr(rdata, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    preference = getattr(rdata, "preference", None)
    if preference is not None:
        return f"{preference} {str(rdata.exchange).rstrip('.').lower() or '.'}"  # type: ignore[attr-defined]
    return str(rdata).rstrip(".").lower()


def _reason(error: Exception) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "the name server did not answer in time"
    if isinstance(error, dns.resolver.NoNameservers):
        return "the name server answered with an error (SERVFAIL or REFUSED)"
    return "the answer could not be used"
