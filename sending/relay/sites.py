"""Sites: the mail exchangers that several domains share, and the mailbox provider behind them.

A domain's site is its set of MX hosts rolled up into one name, so that ten thousand domains at one provider share their
connections and their limits. What is known of providers is data: sites.toml.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

OTHER = "Other"
MAX_NAME = 200
_DATA = Path(__file__).with_name("sites.toml")


@dataclass(frozen=True, slots=True)
class Manners:
    """What one relay may do at a site: connections at once, messages in one connection, seconds that one may idle."""

    connections: int
    messages: int
    idle: float

    def shared(self, relays: int) -> "Manners":
        """The part of one relay, when several send from the same address."""
        return Manners(max(1, self.connections // max(1, relays)), self.messages, self.idle)


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider, as people call it. `tls_required`: its servers have TLS, so whoever says otherwise is not believed."""

    name: str
    suffixes: tuple[str, ...]
    manners: Manners
    tls_required: bool = False

    def runs(self, hosts: Sequence[str]) -> bool:
        """Whether every one of these MX hosts is this provider's."""
        return bool(hosts) and all(f".{host}".endswith(self.suffixes) for host in hosts)


@dataclass(frozen=True, slots=True)
class Directory:
    """All providers that we know, and the manners for all others."""

    providers: tuple[Provider, ...]
    default: Manners

    def provider_of(self, hosts: Sequence[str]) -> Provider:
        """The provider of MX hosts (lower case, no dot at the end). `Other`, with the default manners, if unknown."""
        for provider in self.providers:
            if provider.runs(hosts):
                return provider
        return Provider(OTHER, (), self.default)


def directory(text: str | None = None) -> Directory:
    """The directory in a TOML text, sites.toml by default. KeyError or ValueError when it is malformed."""
    return _shipped() if text is None else _read(text)


@lru_cache(maxsize=1)
def _shipped() -> Directory:
    return _read(_DATA.read_text(encoding="utf-8"))


def _read(text: str) -> Directory:
    data = tomllib.loads(text)
    default = data["default"]
    providers = tuple(
        Provider(row["name"], tuple(row["mx"]), _manners({**default, **row}), _tls_required(row))
        for row in data.get("provider", ())
    )
    return Directory(providers, _manners(default))


def _tls_required(row: dict[str, Any]) -> bool:
    if row.get("tls", "opportunistic") not in ("opportunistic", "required"):
        raise ValueError(f"no such rule for TLS: {row}")
    return row.get("tls") == "required"


def _manners(row: dict[str, Any]) -> Manners:
    manners = Manners(int(row["connections"]), int(row["messages"]), float(row["idle"]))
    if manners.connections < 1 or manners.messages < 1 or manners.idle <= 0:
        raise ValueError(f"impossible manners: {row}")
    return manners


def name_of(hosts: Sequence[str]) -> str:
    """One readable name for a set of MX hosts: `(alt1|alt2)?.mx.example.net` for three hosts. At most 200 characters.

    For people: different sets may get the same name. Hosts are folded label by label from the right.
    """
    names = sorted({host.lower().rstrip(".") for host in hosts})
    if len(names) == 1:
        return names[0][:MAX_NAME]
    split = [name.split(".")[::-1] for name in names]
    labels: list[str] = []
    for place in range(max(map(len, split))):
        here = sorted({parts[place] for parts in split if len(parts) > place})
        label = here[0] if len(here) == 1 else f"({'|'.join(here)})"
        labels.append(label if all(len(parts) > place for parts in split) else f"{label}?")
    return ".".join(reversed(labels))[:MAX_NAME]
