"""A Posthouse whose surroundings can be taken away: its broker, its disk, its DNS, its clock, its database.

Its processes are kept alive as `up` keeps them alive (the same code says when a dead one starts again); its servers are not:
they are the surroundings.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import house
from posthouse.sandbox.store import Store
from posthouse.sandbox.zone import Record
from posthouse.up import children, processes
from posthouse.up.children import Child

PARTS = ("worker", "bulk", "beat", "mailroom")
LOGS = ("relay", "worker", "beat", "mailroom", "sandbox")
DNS = 4  # the port of the sandbox's DNS, counted from PORT
LOOK_EVERY = 0.25


class Workshop:
    """An open house at work, from `with` on."""

    def __init__(self, of: house.House, *, characters: Path) -> None:
        self.house = of
        self.deaths: list[str] = []
        self._characters = characters
        self._over = threading.Event()
        self._changing = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    @property
    def log(self) -> Path:
        """What the receivers took."""
        return self.house.here.var / "sandbox" / "world.sqlite3"

    def __enter__(self) -> "Workshop":
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.house.start_command("sandbox", "sandbox", f"--characters={self._characters}", role="daemon")
        self.house.wait_for_port(DNS)
        self.house.start(*PARTS)
        self.start_relay()
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._keeper.join(10)

    def words(self, lines: int = 15) -> str:
        """What the processes said last."""
        return "\n".join(f"--- {name}\n{self.house.logs(name, lines)}" for name in LOGS)

    def publish(self, records: Sequence[Record]) -> None:
        """Put records into the sandbox's DNS."""
        with Store(self.log) as store:
            store.publish(list(records))

    # --- the relay

    def start_relay(self, *, environ: dict[str, str] | None = None, module: str = "relay") -> None:
        """The relay, and wait until it works; `module`: a program of ours that runs it in strange circumstances."""
        with self._changing:
            if module == "relay":
                self.house.start("relay", environ=environ)
            else:
                service = processes.Service("relay", (sys.executable, "-m", module), role="daemon", patience=20.0)
                given = self.house.environ | (environ or {})
                child = processes.child(service, logs=self.house.here.logs, environ=given)
                self.house.children["relay"] = child
                child.start()
        house.wait_until(self._has_relay, within=60, what="the relay has begun", every=0.1)

    def stop_relay(self) -> None:
        """In order: it drains."""
        with self._changing:
            self.house.stop("relay")

    def pid(self, name: str) -> int:
        process = self.house.children[name].process
        assert process is not None
        return process.pid

    def _has_relay(self) -> bool:
        with contextlib.suppress(Exception), self.house.connect() as connection:
            found = connection.execute(
                "SELECT 1 FROM sending_relay WHERE pid = %s AND ended_at IS NULL", [self.pid("relay")]
            )
            return found.fetchone() is not None
        return False

    def _keep(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            with self._changing:
                for child in list(self.house.children.values()):
                    if (said := child.watch()) is not None:
                        self.deaths.append(said.split(";")[0])

    # --- servers

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A server dies by kill -9 and stays away for as long as it is meant to."""
        server = self.house.servers[name]
        house.kill(server)
        assert server.process is not None
        server.process.wait()
        try:
            yield
        finally:
            begin(server)

    def restart(self, name: str) -> None:
        """Stop a server as an operator would, and start it."""
        server = self.house.servers[name]
        children.stop([server])
        begin(server)


def begin(server: Child) -> None:
    """Start a server that is down."""
    if server.before_restart:
        server.before_restart()
    server.start()


def peak_memory(pid: int) -> int:
    """The most memory that a process has had so far, in MB (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise ProcessLookupError(pid)
