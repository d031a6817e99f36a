"""Reading DMARC aggregate reports (RFC 7489, section 7.2 and appendix C): XML, bare or in gzip or zip, with hard limits.

Traps: a few kilobytes may unpack to gigabytes, and XML may define entities that grow or that name files: whatever unpacks to
more than MAX_XML is refused, and so is every document type.
"""

import io
import ipaddress
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.parsers import expat

from sending.judging.replies import printable
from sending.mailroom.parts import Part

MAX_XML = 20_000_000
MAX_DEPTH = 12
MAX_RECORDS = 20_000
MAX_SOURCES = 2_000  # kept of one report: those with most messages
MAX_VALUE = 500
MAX_COUNT = 10**12
MAX_MEMBERS = 20

DISPOSITIONS = ("none", "quarantine", "reject")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """It is no DMARC aggregate report, or one beyond our limits."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who sent mail in the domain's name, and what became of it. `dkim`, `spf`: passed, and aligned with From."""

    ip: str
    disposition: str
    dkim: bool
    spf: bool
    header_from: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report: `reporter` names itself, `domain` is whose record it is about, `sources` with their messages."""

    reporter: str
    report_id: str
    domain: str
    policy: str
    began_at: datetime
    ended_at: datetime
    sources: tuple[tuple[Source, int], ...]

    @property
    def messages(self) -> int:
        return sum(n for _, n in self.sources)


def read(message: Part) -> Report:
    """The report in a mail: its first part that holds one. Raises Unreadable."""
    why = "there is no report in it"
    for part in message.walk():
        if part.children or not part.body or (part.kind.startswith("text/") and part.kind != "text/xml"):
            continue
        if part.cut:
            raise Unreadable("it is too large")
        try:
            return parse(unpacked(part.body))
        except Unreadable as error:
            why = str(error)
    raise Unreadable(why)


def unpacked(data: bytes) -> bytes:
    """The XML in gzip, in a zip archive, or bare. Raises Unreadable."""
    if data[:2] == b"\x1f\x8b":
        return _gunzip(data)
    if data[:4] == b"PK\x03\x04":
        return _unzip(data)
    if len(data) > MAX_XML:
        raise Unreadable("it is too large")
    return data


def parse(xml: bytes) -> Report:
    """The report in an XML document. Raises Unreadable."""
    if not xml.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise Unreadable("it is no XML")
    return _Reader().read(xml)


def _gunzip(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        xml = unpacker.decompress(data, MAX_XML + 1)
    except zlib.error as error:
        raise Unreadable("its gzip is broken") from error
    if len(xml) > MAX_XML:
        raise Unreadable("it unpacks to too much")
    if not unpacker.eof:
        raise Unreadable("its gzip is cut off")
    return xml


def _unzip(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise Unreadable("its zip holds too many files")
            member = next((m for m in members if m.filename.lower().endswith(".xml")), members[0] if members else None)
            if member is None:
                raise Unreadable("its zip is empty")
            if member.flag_bits & 1:
                raise Unreadable("its zip is encrypted")
            with archive.open(member) as file:  # the size that an archive states is a claim: what comes out is counted
                xml = file.read(MAX_XML + 1)
    except Unreadable:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, MemoryError, OverflowError, LookupError) as error:  # fmt: skip  # noqa: E501
        raise Unreadable("its zip is broken") from error
    if len(xml) > MAX_XML:
        raise Unreadable("it unpacks to too much")
    return xml


@dataclass
class _Reader:
    """Walks the elements once; remembers only what is wanted."""

    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    length: int = 0
    facts: dict[str, str] = field(default_factory=dict)
    row: dict[str, str] = field(default_factory=dict)
    counts: Counter[Source] = field(default_factory=Counter)
    records: int = 0

    def read(self, xml: bytes) -> Report:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(xml, True)
        except (expat.ExpatError, ValueError, UnicodeError, LookupError) as error:
            raise Unreadable("its XML is broken") from error
        return self._report()

    def _doctype(self, *_: object) -> None:
        raise Unreadable("its XML has a document type, which no report needs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name.rpartition(" ")[2].lower()[:60])
        self.text, self.length = [], 0
        if len(self.path) > MAX_DEPTH:
            raise Unreadable("its XML is too deep")
        if self.path[0] != "feedback":
            raise Unreadable("it is XML of another kind")
        if self.path == ["feedback", "record"]:
            self.row = {}
            self.records += 1
            if self.records > MAX_RECORDS:
                raise Unreadable("it has too many records")

    def _characters(self, text: str) -> None:
        if self.length < MAX_VALUE:
            self.text.append(text)
            self.length += len(text)

    def _end(self, name: str) -> None:
        place = "/".join(self.path[1:])
        value = printable("".join(self.text)[:MAX_VALUE])
        if place == "record":
            self._count()
        elif place.startswith("record/"):
            self.row.setdefault(place[7:], value)
        elif value:
            self.facts.setdefault(place, value)
        self.path.pop()
        self.text, self.length = [], 0

    def _count(self) -> None:
        number = self.row.get("row/count", "")
        if not number.isdecimal() or len(number) > 12:
            return
        try:
            address = str(ipaddress.ip_address(self.row.get("row/source_ip", "")))
        except ValueError:
            return
        disposition = self.row.get("row/policy_evaluated/disposition", "").lower()
        source = Source(
            address,
            disposition if disposition in DISPOSITIONS else "none",
            self.row.get("row/policy_evaluated/dkim", "").lower() == "pass",
            self.row.get("row/policy_evaluated/spf", "").lower() == "pass",
            self.row.get("identifiers/header_from", "").lower()[:253],
        )
        self.counts[source] += int(number)

    def _report(self) -> Report:
        facts = self.facts
        domain = facts.get("policy_published/domain", "").lower().strip(".")[:253]
        report_id = facts.get("report_metadata/report_id", "")[:200]
        if not domain or not report_id:
            raise Unreadable("it does not say which report it is, or about which domain")
        return Report(
            reporter=(facts.get("report_metadata/org_name") or facts.get("report_metadata/email", "") or "Somebody")[
                :200
            ],
            report_id=report_id,
            domain=domain,
            policy=facts.get("policy_published/p", "").lower()[:20],
            began_at=_time(facts.get("report_metadata/date_range/begin", "")),
            ended_at=_time(facts.get("report_metadata/date_range/end", "")),
            sources=tuple((source, min(n, MAX_COUNT)) for source, n in self.counts.most_common(MAX_SOURCES)),
        )


def _time(text: str) -> datetime:
    if not text.isdecimal() or len(text) > 11:
        raise Unreadable("it does not say which time it is about")
    return _EPOCH + timedelta(seconds=int(text))
