"""MTA-STS (RFC 8461): reading the record that says that there is a policy, and the policy. Pure; strangers' text."""

import re
from dataclasses import dataclass
from enum import StrEnum

MOST_TEXT = 64 * 1024  # octets of a policy (section 3.2)
MOST_LINES = 1_000
MOST_HOSTS = 200
LONGEST_AGE = 31_557_600  # seconds: about a year (section 3.2)

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_FIELD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z")
_AGE = re.compile(r"[0-9]{1,10}\Z")
_HOST = re.compile(r"(\*\.)?(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.?\Z")


class Invalid(ValueError):
    """It is no policy, or no record; the words say why."""


class Mode(StrEnum):
    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are patterns of mail exchangers, in lower case; `max_age` in seconds from the moment it was fetched."""

    mode: Mode
    hosts: tuple[str, ...]
    max_age: int

    def allows(self, host: str) -> bool:
        """Whether mail may go to this mail exchanger: `*.` stands for exactly one label (section 4.1)."""
        host = host.lower().rstrip(".")
        return any(host == pattern or self._is_under(host, pattern) for pattern in self.hosts)

    @staticmethod
    def _is_under(host: str, pattern: str) -> bool:
        return pattern.startswith("*.") and "." in host and host.partition(".")[2] == pattern[2:]

    @property
    def lines(self) -> tuple[str, ...]:
        """As reports name it (RFC 8460, section 4.4)."""
        return (
            "version: STSv1",
            f"mode: {self.mode}",
            *(f"mx: {host}" for host in self.hosts),
            f"max_age: {self.max_age}",
        )


def read_record(records: tuple[bytes, ...]) -> str | None:
    """The id of the TXT records at `_mta-sts.` (section 3.1); None when they announce no policy: none, several, or nonsense."""
    ours = [record for record in records if re.match(rb"v=STSv1[ \t]*(;|\Z)", record)]
    if len(ours) != 1 or len(ours[0]) > 4_096:
        return None
    try:
        fields = ours[0].decode("ascii").split(";")
    except UnicodeDecodeError:
        return None
    found: dict[str, str] = {}
    for field in fields[1:]:
        if not field.strip():
            continue
        name, equals, value = field.partition("=")
        if not equals:
            return None
        found.setdefault(name.strip(), value.strip())
    name = found.get("id", "")
    return name if _ID.match(name) else None


def read_policy(text: bytes) -> Policy:
    """A policy out of its file. Raises Invalid. Fields that we do not know are passed over (section 3.2)."""
    if len(text) > MOST_TEXT:
        raise Invalid(f"the policy is longer than {MOST_TEXT} octets")
    try:
        lines = text.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise Invalid("the policy is not UTF-8") from error
    if _CONTROL.search(text):
        raise Invalid("the policy has control characters")
    if len(lines) > MOST_LINES:
        raise Invalid(f"the policy has more than {MOST_LINES} lines")
    fields: dict[str, str] = {}
    hosts: list[str] = []
    for line in lines:
        if not line.strip(" \t"):
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip(" \t"), value.strip(" \t")
        if not colon or not _FIELD.match(name):
            raise Invalid(f"the policy has a line without a field: {line[:60]!r}")
        if name == "mx":
            hosts.append(value)
        else:
            fields.setdefault(name, value)
    return _policy(fields, hosts)


def _policy(fields: dict[str, str], hosts: list[str]) -> Policy:
    if fields.get("version") != "STSv1":
        raise Invalid("the policy's version is not STSv1")
    try:
        mode = Mode(fields.get("mode", ""))
    except ValueError as error:
        raise Invalid(f"the policy's mode is {fields.get('mode', 'missing')[:20]!r}") from error
    age = fields.get("max_age", "")
    if not _AGE.match(age):
        raise Invalid(f"the policy's max_age is {age[:20]!r}")
    if len(hosts) > MOST_HOSTS:
        raise Invalid(f"the policy names more than {MOST_HOSTS} hosts")
    if bad := next((host for host in hosts if len(host) > 253 or not _HOST.match(host)), None):
        raise Invalid(f"the policy names what is no host: {bad[:60]!r}")
    if mode is not Mode.NONE and not hosts:
        raise Invalid("the policy names no host")
    return Policy(mode, tuple(host.lower().rstrip(".") for host in hosts), min(int(age), LONGEST_AGE))
