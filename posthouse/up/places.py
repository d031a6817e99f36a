"""Where things lie: data, sockets and logs, all under var/ unless the servers' account or the socket's path forbids it."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from posthouse.up.account import Account
from posthouse.up.errors import CannotStart

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LONGEST_SOCKET_PATH = 100  # bytes; sockaddr_un.sun_path holds 107 on Linux and 103 on macOS (unix(7))
POSTGRES_SOCKET = ".s.PGSQL.5432"
LEAST_FREE_BYTES = 300 * 1024 * 1024


@dataclass(frozen=True)
class Places:
    """The directories of one Posthouse. `notes` say in plain words what lies elsewhere than one would expect."""

    var: Path
    servers: Path
    sockets: Path | None  # None: each socket lies beside its server's data
    account: Account
    notes: list[str] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def secret_key(self) -> Path:
        return self.var / "secret_key"

    @property
    def postgres_data(self) -> Path:
        return self.servers / "postgres" / "data"

    @property
    def postgres_socket(self) -> Path:
        """The directory of PostgreSQL's socket."""
        return self.sockets / "postgres" if self.sockets else self.servers / "postgres" / "socket"

    @property
    def valkey_data(self) -> Path:
        return self.servers / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey" / "valkey.sock" if self.sockets else self.servers / "valkey" / "valkey.sock"

    @property
    def programs(self) -> Path:
        """Where copies of server programs go that the servers' account cannot reach where they are installed."""
        return self.servers / "programs"


def choose(var: Path, account: Account) -> Places:
    """Decide where everything of the Posthouse at `var` lies. Makes `var` itself, nothing else."""
    try:
        var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"{var} cannot be made: {error.strerror}. Set VAR_DIR to a directory of yours.") from error
    name = "posthouse-" + hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:12]
    notes: list[str] = []
    servers = var.resolve()
    if not account.can_enter(var):
        servers = Path("/var/tmp") / name  # noqa: S108  (made with mkdir 0700 and its owner checked, see private)
        notes.append(f"The account {account.name} cannot reach {var}; the servers' data lies in {servers}.")
    places = Places(var=var, servers=servers, sockets=None, account=account, notes=notes)
    longest = max(len(os.fsencode(path)) for path in (places.postgres_socket / POSTGRES_SOCKET, places.valkey_socket))
    if longest > LONGEST_SOCKET_PATH:
        sockets = Path(tempfile.gettempdir()) / f"{name}-sockets"
        if len(os.fsencode(sockets)) > LONGEST_SOCKET_PATH - 30:
            sockets = Path("/tmp") / f"{name}-sockets"  # noqa: S108
        places = Places(var=var, servers=servers, sockets=sockets, account=account, notes=notes)
        notes.append(f"The path of this checkout is too long for a socket; the sockets lie in {sockets}.")
    return places


def prepare(places: Places) -> None:
    """Make the directories that every server and process needs."""
    try:
        places.logs.mkdir(exist_ok=True)
    except OSError as error:
        raise CannotStart(f"{places.logs} cannot be made: {error.strerror}.") from error
    if places.servers != places.var.resolve():
        private(places.servers, places.account)
    if places.sockets:
        private(places.sockets, places.account)


def private(directory: Path, account: Account) -> Path:
    """Make the directory (and missing parents) for this account alone; refuse one that belongs to somebody else."""
    try:
        for missing in reversed([parent for parent in directory.parents if not parent.exists()]):
            missing.mkdir(mode=0o711)
            _give(missing, account)
        try:
            directory.mkdir(mode=0o700)
            _give(directory, account)
        except FileExistsError:
            pass
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
            raise CannotStart(
                f"{directory} belongs to another user than {account.name}. Start Posthouse as the user who did it the "
                f"first time, or remove that directory (its data with it)."
            )
        if stat.S_IMODE(found.st_mode) != 0o700:
            directory.chmod(0o700)
    except OSError as error:
        raise CannotStart(f"{directory} cannot be made: {error.strerror}.") from error
    return directory


def _give(directory: Path, account: Account) -> None:
    if account.switch:
        os.chown(directory, account.uid, account.gid)


def check_space(places: Places) -> None:
    """Refuse to start on a full disk: PostgreSQL would stop in the middle of work instead."""
    for directory in {places.var, _existing(places.servers)}:
        figures = os.statvfs(directory)
        free = figures.f_bavail * figures.f_frsize
        if free < LEAST_FREE_BYTES:
            raise CannotStart(
                f"The disk is full: only {free // 1024**2} MB are left for {directory}, and Posthouse needs "
                f"{LEAST_FREE_BYTES // 1024**2} MB. Make room, or set VAR_DIR to a directory on another disk."
            )


def _existing(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())
