"""What every test stands on: own servers, a database behind both walls, the named cast, a browser where one is found."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest

from posthouse.up.errors import CannotStart
from posthouse.up.places import CHECKOUT
from tests.servers import Servers

try:
    SERVERS = Servers()
    SERVERS.start()
except CannotStart as trouble:
    pytest.exit(f"The tests' servers do not start. {trouble}", returncode=3)

# What this run uploads; gone when it ends. The processes of a parallel run have their settings from the first one.
PARALLEL = "PYTEST_XDIST_WORKER" in os.environ
FILES = Path(os.environ["VAR_DIR"]) if PARALLEL else CHECKOUT / "var" / "test" / "files" / str(os.getpid())

# Set, not defaulted: nothing of the developer's own environment may leak into a test, least of all his DATABASE_URL.
for name in (
    "DATABASE_URL_FILE",
    "BROKER_URL_FILE",
    "SECRET_KEY_FILE",
    "CACHE_URL",
    "BASE_URL",
    "LINK_URL",
    "PORT",
    "HITS_PORT",
):
    os.environ.pop(name, None)
os.environ |= {
    "DATABASE_URL": SERVERS.database_url,
    "BROKER_URL": SERVERS.broker_url,
    "DJANGO_SETTINGS_MODULE": "posthouse.settings",
    "DEBUG": "0",
    "POSTHOUSE_ROLE": "owner",  # for the migrations; see tests/database.py for the tests themselves
    "SANDBOX": "1",
    "SECRET_KEY": "only-for-the-tests-" + "k" * 40,
    "VAR_DIR": str(FILES),
}
django.setup()

pytest_plugins = ["tests.database", "tests.cast", "tests.browser", "tests.order"]


# Times are the benchmarks' business: no test fails because a machine is slow.
hypothesis.settings.register_profile("posthouse", deadline=None)
hypothesis.settings.load_profile("posthouse")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Octets go by their argument's name: archives hold the time they were made, so parallel processes would disagree."""
    return argname if isinstance(val, bytes) else None


def pytest_unconfigure(config: pytest.Config) -> None:
    SERVERS.leave()
    if not PARALLEL:
        shutil.rmtree(FILES, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_corner_of_the_cache() -> None:
    """Rate limits and heartbeats of one test are nobody else's."""
    from django.conf import settings
    from django.core.cache import caches

    prefix = f"test-{os.getpid()}-{os.urandom(4).hex()}"
    settings.CACHES["default"]["KEY_PREFIX"] = prefix
    caches["default"].key_prefix = prefix


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_listed_once() -> Iterator[None]:
    """Each test client is a start of the whole middleware, and WhiteNoise's reads every file of `static/`."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    listing = WhiteNoiseMiddleware.add_files_from_finders
    known: dict[str, Any] = {}

    def list_once(self: Any) -> None:
        if not known:
            listing(self)
            known.update(self.files)
        self.files.update(known)

    WhiteNoiseMiddleware.add_files_from_finders = list_once
    yield
    WhiteNoiseMiddleware.add_files_from_finders = listing
