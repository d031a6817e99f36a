"""Sites: the mail exchangers that several domains share, and the mailbox provider behind them.

A domain's site is its set of MX hosts rolled up into one name, so that ten thousand domains at one provider share their
connections and their limits. What is known of providers is data: data/providers.toml, and an installation's own file over it.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

OTHER = "Other"
MAX_NAME = 200
MAX_PROVIDER = 40  # characters, as the ledger keeps it
_DATA = Path(__file__).parent / "data" / "providers.toml"
_TLS = ("opportunistic", "required")


class BadDirectory(ValueError):
    """What stands in a file of providers cannot be meant so; the words say where and what."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What may be done at a site from one address: connections at once, messages in one connection, seconds that one may idle.

    `together`: connections at once over all sites of the provider; the others: begun in that time. 0: no such limit. `age`: seconds
    from its beginning, after which a connection takes no other message.
    """

    connections: int
    messages: int
    idle: float
    together: int = 0
    per_minute: float = 0.0
    per_hour: float = 0.0
    new_per_minute: float = 0.0
    age: float = 300.0

    def shared(self, relays: int) -> "Manners":
        """The part of one relay, when several send from the same address."""
        n = max(1, relays)
        return replace(
            self,
            connections=max(1, self.connections // n),
            together=max(1, self.together // n) if self.together else 0,
            per_minute=self.per_minute / n,
            per_hour=self.per_hour / n,
            new_per_minute=self.new_per_minute / n,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How limits are learned and how speed comes back; each is explained in data/providers.toml. `constant`: not at all."""

    first_hold: float = 30.0
    longest_hold: float = 900.0
    start: float = 0.1
    doubling: float = 60.0
    least_a_minute: float = 2.0
    back_off: float = 0.8
    pace_quiet: float = 600.0
    pace_step: float = 0.1
    count_quiet: float = 1800.0
    share: float = 0.4
    tries: int = 20
    within: float = 600.0
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider, as people call it. `tls_required`: its servers have TLS, so whoever says otherwise is not believed."""

    name: str
    suffixes: tuple[str, ...]
    manners: Manners
    tls_required: bool = False
    learning: Learning = Learning()

    def runs(self, hosts: Sequence[str]) -> bool:
        """Whether every one of these MX hosts is this provider's."""
        return bool(hosts) and all(f".{host}".endswith(self.suffixes) for host in hosts)

    @property
    def is_known(self) -> bool:
        return self.name != OTHER


@dataclass(frozen=True, slots=True)
class Directory:
    """All providers that we know, and the manners for all others."""

    providers: tuple[Provider, ...]
    default: Manners
    learning: Learning = Learning()
    tls_required: bool = False

    def provider_of(self, hosts: Sequence[str]) -> Provider:
        """The provider of MX hosts (lower case, no dot at the end). `Other`, with the default manners, if unknown."""
        for provider in self.providers:
            if provider.runs(hosts):
                return provider
        return Provider(OTHER, (), self.default, self.tls_required, self.learning)


def directory(text: str | None = None, *, own: str = "") -> Directory:
    """The directory in a TOML text, data/providers.toml by default; `own`: an installation's text, which goes over it.

    Raises BadDirectory.
    """
    if text is None and not own:
        return _shipped()
    return _read(_parsed(_DATA.read_text(encoding="utf-8") if text is None else text), _parsed(own))


@lru_cache(maxsize=1)
def _shipped() -> Directory:
    return _read(_parsed(_DATA.read_text(encoding="utf-8")), {})


# --- reading ----------------------------------------------------------------------------------------------------------

# As files call it: (field of Manners, type, least, most)
_LIMITS: Mapping[str, tuple[str, type, float, float]] = {
    "connections": ("connections", int, 1, 10_000),
    "connections_together": ("together", int, 0, 10_000),
    "messages": ("messages", int, 1, 100_000),
    "messages_a_minute": ("per_minute", float, 0, 10_000_000),
    "messages_an_hour": ("per_hour", float, 0, 100_000_000),
    "connections_a_minute": ("new_per_minute", float, 0, 1_000_000),
    "idle": ("idle", float, 0.1, 600),
    "age": ("age", float, 1, 86_400),
}
_SHARES = {"start", "back_off", "share", "pace_step"}


def _parsed(text: str) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadDirectory(f"not TOML: {error}") from None
    _known(data, ("default", "learning", "provider"), "the file")
    for name, kind in (("default", dict), ("learning", dict), ("provider", list)):
        if not isinstance(data.get(name, kind()), kind):
            raise BadDirectory(f"{name} has to be {'[[provider]] tables' if kind is list else f'a [{name}] table'}")
    return data


def _read(shipped: dict[str, Any], own: dict[str, Any]) -> Directory:
    default = {**shipped.get("default", {}), **own.get("default", {})}
    where = "[default]"
    _known(default, (*_LIMITS, "tls"), where)
    manners, tls = _manners(default, where), _tls_required(default, where)
    learning = _learning({**shipped.get("learning", {}), **own.get("learning", {})})
    rows = _rows(shipped)
    mine = _rows(own)
    merged = {name: {**row, **mine.get(name, {})} for name, row in rows.items()}
    added = {name: row for name, row in mine.items() if name not in rows}
    providers = []
    for name, row in (*added.items(), *merged.items()):
        where = f"provider {name!r}"
        _known(row, (*_LIMITS, "tls", "name", "mx"), where)
        whole = {**default, **row}
        if "connections" not in row and row.get("connections_together"):
            whole["connections"] = min(whole["connections"], row["connections_together"])
        providers.append(
            Provider(name, _suffixes(row, where), _manners(whole, where), _tls_required(whole, where), learning)
        )
    return Directory(tuple(providers), manners, learning, tls)


def _rows(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(data.get("provider", ()), 1):
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_PROVIDER or name == OTHER:
            raise BadDirectory(f"provider number {number} needs a name of at most {MAX_PROVIDER} characters")
        if name in rows:
            raise BadDirectory(f"provider {name!r} stands there twice")
        rows[name] = row
    return rows


def _known(row: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    for name in row:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}"
            raise BadDirectory(f"{where}: {name!r} is not known; {hint}")


def _number(row: Mapping[str, Any], name: str, kind: type, least: float, most: float, where: str) -> Any:
    value = row.get(name)
    if value is None:
        raise BadDirectory(f"{where}: {name} is missing")
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        raise BadDirectory(f"{where}: {name} has to be a {'whole ' if kind is int else ''}number, not {value!r}")
    if not least <= value <= most:
        raise BadDirectory(f"{where}: {name} has to be from {least:g} to {most:g}, not {value!r}")
    return kind(value)


def _manners(row: Mapping[str, Any], where: str) -> Manners:
    optional = {name: 0 for name, (_, _, least, _) in _LIMITS.items() if least == 0}
    row = {**optional, **row}
    return Manners(
        **{field: _number(row, name, kind, least, most, where) for name, (field, kind, least, most) in _LIMITS.items()}
    )


def _tls_required(row: Mapping[str, Any], where: str) -> bool:
    value = row.get("tls", "opportunistic")
    if value not in _TLS:
        raise BadDirectory(f"{where}: no such rule for TLS: {value!r}; there are: {', '.join(_TLS)}")
    return bool(value == "required")


def _suffixes(row: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """With a dot before each, so that `google.com` is not the end of `notgoogle.com`."""
    mx = row.get("mx")
    if not isinstance(mx, list) or not mx or not all(isinstance(one, str) and one.strip(". ") for one in mx):
        raise BadDirectory(f'{where}: mx has to be a list of ends of host names, as [".mx.example"]')
    return tuple("." + one.strip(". ").lower() for one in mx)


def _learning(row: Mapping[str, Any]) -> Learning:
    names = [field.name for field in fields(Learning) if field.name != "constant"]
    _known(row, names, "[learning]")
    found = {}
    for name in row:
        kind = int if name == "tries" else float
        most = 1.0 if name in _SHARES else 7 * 86_400
        found[name] = _number(row, name, kind, 1 if kind is int else 0.001, most, "[learning]")
    return Learning(**found)


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
