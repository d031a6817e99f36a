"""In which order the tests run, and what stays together, so that no core waits for the others at the end of `make test`.

Those that wait for processes and clocks come first: the ones that calculate fill their pauses. Then the long files. All
journeys are one process's, for they share one running product.
"""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = "tests/journeys/"
FIRST = (
    TOGETHER,
    "tests/prove/",
    "tests/receivers/",
    "tests/posthouse/up/",
    "tests/campaigns/actions/test_launches_on_the_wire.py",
    "tests/sending/management/",
    "tests/face/",
)


def file_of(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


def turn(file: str) -> int:
    return next((n for n, place in enumerate(FIRST) if file.startswith(place)), len(FIRST))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files change places; within a file the order is kept."""
    tests = Counter(file_of(item.nodeid) for item in items)
    items.sort(key=lambda item: (turn(file := file_of(item.nodeid)), -tests[file], file))


class ByFile(LoadFileScheduling):
    """As `--dist loadfile`, in the order above instead of by the number of tests."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return TOGETHER if file.startswith(TOGETHER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None
