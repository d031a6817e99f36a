"""The sandbox's mailbox providers and their characters, read from TOML and checked."""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sending.mailroom.reception import is_loopback

SHIPPED = Path(__file__).with_name("characters.toml")
RESERVED_TLDS = ("example", "test", "invalid", "localhost")
REQUIREMENTS = ("spf", "dkim", "dmarc")
HABITS = ("open", "click", "unsubscribe", "complain", "away")
DELAYS = (*HABITS, "late_bounce")


class BadCharacters(ValueError):
    """The file of characters cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Greylist:
    """`share` of recipients are told to come back not before `seconds` after the first contact."""

    share: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """A bucket of `burst` messages that refills at `pace` a second; who empties it hears 421 for `seconds`."""

    pace: float = 0.0
    burst: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One mailbox provider: where it listens, whom it hosts, how it behaves. See characters.toml for the fields."""

    name: str
    about: str = ""
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    pace: float = 0.0
    starttls: bool = False
    chunking: bool = False
    requires: tuple[str, ...] = ()
    greylist: Greylist = field(default_factory=Greylist)
    throttle: Throttle = field(default_factory=Throttle)
    unknown: float = 0.0
    full: float = 0.0
    gone_full: float = 0.0
    late_bounce: float = 0.0
    habits: dict[str, float] = field(default_factory=dict)
    inbox: bool = False
    everything_else: bool = False


@dataclass(frozen=True, kw_only=True)
class Cast:
    """All providers, and how long people wait before they do something (seconds: at least, at most)."""

    providers: tuple[Provider, ...]
    delays: dict[str, tuple[float, float]]

    def host_of(self, domain: str) -> Provider:
        """Who hosts a domain's mailboxes: its own provider, else the one for everything else."""
        for provider in self.providers:
            if domain in provider.domains:
                return provider
        return self.everything_else

    @property
    def everything_else(self) -> Provider:
        return next(p for p in self.providers if p.everything_else)

    def hurried(self) -> "Cast":
        """The same cast without pacing and with people who react at once: for tests and benchmarks."""
        return Cast(
            providers=tuple(
                replace(
                    p,
                    pace=0.0,
                    throttle=replace(p.throttle, pace=p.throttle.pace * 50, burst=p.throttle.burst * 10, seconds=1.0),
                    greylist=replace(p.greylist, seconds=1.0),
                )
                for p in self.providers
            ),
            delays={name: (low / 20, high / 20) for name, (low, high) in self.delays.items()},
        )


def load(path: Path = SHIPPED) -> Cast:
    """The cast of a TOML file. Raises BadCharacters when it is wrong, OSError when it cannot be read."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCharacters(f"{path.name}: {error}") from error
    try:
        providers = tuple(_provider(entry) for entry in data.get("provider", ()))
        delays = {name: _span(data.get("delays", {}).get(name, (0.0, 0.0))) for name in DELAYS}
    except (TypeError, KeyError, AttributeError) as error:
        raise BadCharacters(f"{path.name}: {error}") from error
    if sum(p.everything_else for p in providers) != 1:
        raise BadCharacters(f"{path.name}: exactly one provider needs `everything_else = true`")
    taken: dict[str, str] = {}
    for provider in providers:
        for thing in (*provider.domains, *provider.mx, *provider.addresses):
            if thing in taken:
                raise BadCharacters(f"{path.name}: {thing} is used by {taken[thing]} and by {provider.name}")
            taken[thing] = provider.name
    return Cast(providers=providers, delays=delays)


def _provider(entry: dict[str, Any]) -> Provider:
    known = dict(entry)
    for name in ("domains", "mx", "addresses", "requires"):
        known[name] = tuple(str(value) for value in known.get(name, ()))
    known["greylist"] = Greylist(**known.get("greylist", {}))
    known["throttle"] = Throttle(**known.get("throttle", {}))
    provider = Provider(**known)
    if not provider.mx or len(provider.mx) != len(provider.addresses):
        raise BadCharacters(f"{provider.name}: as many addresses as mx names, and at least one")
    for address in provider.addresses:
        if not is_loopback(address):
            raise BadCharacters(
                f"{provider.name}: {address} is not a loopback address, and nothing may leave this computer"
            )
    for name in (*provider.domains, *provider.mx):
        if name.rsplit(".", 1)[-1] not in RESERVED_TLDS:
            raise BadCharacters(
                f"{provider.name}: {name} could be somebody's; names end in {', '.join(RESERVED_TLDS)} (RFC 2606)"
            )
    shares = {
        "unknown": provider.unknown,
        "full": provider.full,
        "gone_full": provider.gone_full,
        "late_bounce": provider.late_bounce,
        "greylist.share": provider.greylist.share,
        **provider.habits,
    }
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise BadCharacters(f"{provider.name}: {name} = {share} is no share between 0 and 1")
    if unknown := [r for r in provider.requires if r not in REQUIREMENTS] + [
        h for h in provider.habits if h not in HABITS
    ]:
        raise BadCharacters(f"{provider.name}: {', '.join(unknown)} is not known here")
    return provider


def _span(pair: Any) -> tuple[float, float]:
    low, high = (float(value) for value in pair)
    if not 0 <= low <= high:
        raise BadCharacters(f"a delay of {low} to {high} seconds cannot be")
    return low, high
