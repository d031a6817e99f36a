"""Runs the benchmarks: every module of this package that has a `run(report)` (or a `main()`), one after the other.

`python -m bench [list] [NAME[,NAME]]` (`only=NAME` is the same). Benchmarks in parts (a module with `PARTS`) have names for
each, `send.memory`. A module with an underscore in its name, `send_seeding`, is a
part of the benchmark before it. A benchmark that breaks says so and the others still run; the exit status is 1 when one
broke and 0 otherwise: a number that misses its target is a number, not a failure.
"""

import importlib
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bench
from bench import report

PIECES = {"__main__", "report", "house", "harbour", "crowd"}  # of the bench itself
ORDER = ("send", "adaptive", "launch", "import", "segment", "people", "merge", "judging", "start")


def names() -> list[str]:
    """The benchmarks, in the order in which they are run. `import_.py` is called `import`."""
    found = [name.rstrip("_") for _, name, _ in pkgutil.iter_modules([str(Path(bench.__file__).parent)])]
    found = [name for name in found if name not in PIECES and "_" not in name]
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a benchmark that can be run alone."""
    return tuple(getattr(_module(name), "PARTS", ()))


def runner_of(name: str) -> Callable[[], object] | None:
    """What runs the benchmark, or its part `name.part`; None for a module that is only a part of another one."""
    name, _, part = name.partition(".")
    module = _module(name)
    if run := getattr(module, "run", None):
        return lambda: run(report, (part,)) if part else run(report)
    main: Callable[[], object] | None = getattr(module, "main", None)
    return main


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"bench.{name}":
            raise
        return importlib.import_module(f"bench.{name}_")


def _is_there(name: str, available: list[str]) -> bool:
    name, dot, part = name.partition(".")
    return name in available and (not dot or part in parts_of(name))


def main(arguments: list[str]) -> int:
    available = names()
    wanted = available
    for argument in arguments:
        if argument == "list":
            print("\n".join(" ".join([name, *(f"{name}.{part}" for part in parts_of(name))]) for name in available))
            return 0
        wanted = [name.strip().rstrip("_") for name in argument.removeprefix("only=").split(",") if name.strip()]
    if unknown := [name for name in wanted if not _is_there(name, available)]:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(available)}.", file=sys.stderr)
        return 2
    broken = []
    for name in wanted:
        began = time.monotonic()
        try:
            runner = runner_of(name)
            if runner is None:
                continue
            report.say(f"--- {name}")
            ended = runner()
        except Exception:  # noqa: BLE001  (one that breaks must not keep the others from running)
            traceback.print_exc()
            broken.append(name)
        else:
            if isinstance(ended, int) and not isinstance(ended, bool) and ended:
                broken.append(name)
        report.say(f"--- {name}: {time.monotonic() - began:.0f} s")
    if broken:
        report.say(f"BROKEN: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
