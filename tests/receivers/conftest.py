"""A house of its own with the sandbox's DNS, and real mail servers beside it that the DNS names."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import house
from posthouse.sandbox.store import Store
from posthouse.sandbox.zone import Record
from posthouse.up.places import CHECKOUT
from tests.receivers import real_exim, real_postfix
from tests.receivers.real_exim import RealExim
from tests.receivers.real_postfix import RealPostfix

DOMAIN = "realbox.example"
ADDRESS = "127.0.77.1"
PORTS = {"postfix": 20_000, "exim": 20_400, "peers": 20_800}  # they may run at the same time
EXIM_DOMAIN, EXIM_ADDRESS = "realexim.example", "127.0.77.2"


@pytest.fixture(scope="module")
def posthouse(request: pytest.FixtureRequest) -> Iterator[house.House]:
    """Servers, DNS, relay and worker, each a process of its own; no mail server but the real one."""
    name = request.module.__name__.rpartition("test_real_")[2]
    judge = {"postfix": real_postfix, "exim": real_exim}.get(name)
    if judge is not None and (why := judge.why_not()):
        pytest.skip(f"NO REAL {name.upper()}: {why}")
    own = house.House(CHECKOUT / "var" / "test" / f"receivers-{name}", port=house.free_ports(PORTS[name]))
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
                    Record(EXIM_DOMAIN, "MX", f"10 mx.{EXIM_DOMAIN}"),
                    Record(f"mx.{EXIM_DOMAIN}", "A", EXIM_ADDRESS),
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


@pytest.fixture(scope="module")
def exim(posthouse: house.House) -> Iterator[RealExim]:
    root = Path("/tmp") / f"posthouse-exim-{posthouse.port}"
    with RealExim(
        root, address=EXIM_ADDRESS, port=posthouse.port + 3, domain=EXIM_DOMAIN, host=f"mx.{EXIM_DOMAIN}"
    ) as running:
        yield running
    shutil.rmtree(root, ignore_errors=True)


def pytest_terminal_summary(terminalreporter) -> None:  # type: ignore[no-untyped-def]
    for name, program in (("POSTFIX", real_postfix), ("EXIM", real_exim)):
        missed = [r for r in terminalreporter.stats.get("skipped", []) if f"NO REAL {name}" in str(r.longrepr)]
        if missed:
            words = f"{len(missed)} TESTS WITH A REAL {name} DID NOT RUN: {program.why_not()}"
            terminalreporter.write_sep("!", words, red=True, bold=True)
