"""A house of its own with the sandbox's DNS, and a real Postfix beside it that the DNS names as a mail server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import house
from posthouse.sandbox.store import Store
from posthouse.sandbox.zone import Record
from posthouse.up.places import CHECKOUT
from tests.receivers import real_postfix
from tests.receivers.real_postfix import RealPostfix

DOMAIN = "realbox.example"
ADDRESS = "127.0.77.1"


@pytest.fixture(scope="module")
def posthouse() -> Iterator[house.House]:
    """Servers, DNS, relay and worker, each a process of its own; no mail server but the real one."""
    if why := real_postfix.why_not():
        pytest.skip(f"NO REAL POSTFIX: {why}")
    own = house.House(CHECKOUT / "var" / "test" / "receivers", port=house.free_ports(20_000))
    with own:
        path = own.here.var / "sandbox" / "world.sqlite3"
        path.parent.mkdir(exist_ok=True)
        with Store(path) as store:
            store.forget_mail()
            store.publish(
                [
                    Record(DOMAIN, "MX", f"10 mx.{DOMAIN}"),
                    Record(f"mx.{DOMAIN}", "A", ADDRESS),
                    Record(DOMAIN, "TXT", "v=spf1 mx -all"),
                ]
            )
        own.start("sandbox", "relay", "worker")
        own.wait_for_port(4)
        yield own


@pytest.fixture(scope="module")
def hits(posthouse: house.House) -> house.House:
    posthouse.start("hits")
    posthouse.wait_for_port(1)
    return posthouse


@pytest.fixture(scope="module")
def postfix(posthouse: house.House) -> Iterator[RealPostfix]:
    root = Path("/tmp") / f"posthouse-postfix-{posthouse.port}"
    resolver = ("127.0.0.1", posthouse.port + 4)
    with RealPostfix(
        root, address=ADDRESS, port=posthouse.port + 3, domain=DOMAIN, host=f"mx.{DOMAIN}", resolver=resolver
    ) as running:
        yield running
    shutil.rmtree(root, ignore_errors=True)


def pytest_terminal_summary(terminalreporter) -> None:  # type: ignore[no-untyped-def]
    missed = [r for r in terminalreporter.stats.get("skipped", []) if "NO REAL POSTFIX" in str(r.longrepr)]
    if missed:
        terminalreporter.write_sep(
            "!", f"{len(missed)} TESTS WITH A REAL POSTFIX DID NOT RUN: {real_postfix.why_not()}", red=True, bold=True
        )
