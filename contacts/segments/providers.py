"""Mailbox providers by the domains that are well known to be theirs: data, in providers.toml."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

OTHER = "Other"


@cache
def well_known() -> Mapping[str, tuple[str, ...]]:
    """Each provider with its domains, as the relay calls it."""
    with (Path(__file__).parent / "providers.toml").open("rb") as file:
        return {name: tuple(domains) for name, domains in tomllib.load(file).items()}


def of(domain: str) -> str:
    """Whose a domain is well known to be; "" otherwise."""
    return next((name for name, domains in well_known().items() if domain in domains), "")


def together(learned: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The well known ones, and those that only the relay has met, by name; the rest of the world is last."""
    names = sorted({*well_known(), *learned} - {OTHER}, key=str.casefold)
    return {name: well_known().get(name, ()) for name in names} | {OTHER: ()}
