"""DMARC aggregate reports: as receivers send them, broken ones, and bombs."""

import gzip
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sending.mailroom import dmarc
from sending.mailroom.dmarc import Report, Source, Unreadable
from sending.mailroom.parts import open_message

RECORD = """<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition>
<dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>kettle.example</header_from></identifiers>
<auth_results><dkim><domain>kettle.example</domain><result>pass</result></dkim></auth_results></record>"""


def xml(
    *records: str, domain: str = "kettle.example", head: str = '<?xml version="1.0" encoding="UTF-8"?>', ns: str = ""
) -> bytes:
    return f"""{head}
<feedback{ns}><version>1.0</version><report_metadata><org_name>Quay Mail</org_name><email>dmarc@quay.example</email>
<report_id>17-42</report_id><date_range><begin>1795132800</begin><end>1795219199</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><pct>100</pct></policy_published>
{"".join(records)}</feedback>""".encode()


def record(
    ip: str = "192.0.2.1", count: object = 12, disposition: str = "none", dkim: str = "pass", spf: str = "fail"
) -> str:
    return RECORD.format(ip=ip, count=count, disposition=disposition, dkim=dkim, spf=spf)


def zipped(data: bytes, name: str = "quay!kettle.xml") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def mail(body: bytes, kind: str = "application/gzip", *, extra: bytes = b"") -> bytes:
    import base64

    return (
        b"From: dmarc@quay.example\r\nSubject: Report Domain: kettle.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="c"\r\n\r\n--c\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--c\r\n'
        b"Content-Type: " + kind.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(body).replace(b"\n", b"\r\n") + b"--c--\r\n" + extra
    )  # fmt: skip


def read(raw: bytes) -> Report:
    return dmarc.read(open_message(raw))


WHOLE = xml(record(), record("2001:db8::1", 3, "reject", "fail", "fail"), record(count=5))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (gzip.compress(WHOLE), "application/gzip"),
        (gzip.compress(WHOLE), "application/octet-stream"),
        (zipped(WHOLE), "application/zip"),
        (WHOLE, "text/xml"),
        (xml(record(), record("2001:db8::1", 3, "reject", "fail", "fail"), record(count=5), ns=' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"'), "application/xml"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_report_in_each_wrapping(body: bytes, kind: str) -> None:
    report = read(mail(body, kind))
    assert (report.reporter, report.report_id, report.domain, report.policy) == (
        "Quay Mail",
        "17-42",
        "kettle.example",
        "none",
    )
    assert report.began_at == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
    assert dict(report.sources) == {
        Source("192.0.2.1", "none", True, False, "kettle.example"): 17,
        Source("2001:db8::1", "reject", False, False, "kettle.example"): 3,
    }
    assert report.messages == 20


def test_a_mail_that_is_the_archive_itself() -> None:
    import base64

    raw = b"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(
        zipped(WHOLE)
    )
    assert read(raw).messages == 20


BILLION = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><feedback>&b;</feedback>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><feedback>&f;</feedback>"""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (gzip.compress(b"<feedback>" + b" " * (dmarc.MAX_XML + 10)), "unpacks to too much"),
        (zipped(b"<feedback>" + b" " * (dmarc.MAX_XML + 10)), "unpacks to too much"),
        (BILLION, "document type"),
        (OUTSIDE, "document type"),
        (b"<feedback>" + b"<a>" * 5_000, "too deep"),
        (gzip.compress(xml(*[record()] * (dmarc.MAX_RECORDS + 1))), "too many records"),
        (b"<html></html>", "another kind"),
        (b"<feedback></feedback>", "does not say"),
        (WHOLE[:-20], "broken"),
        (gzip.compress(WHOLE)[:-30], "cut off"),
        (b"\x1f\x8b" + b"x" * 50, "broken"),
        (b"PK\x03\x04" + b"x" * 50, "broken"),
        (zipped(WHOLE)[:-30], "broken"),
        (WHOLE.replace(b"1795132800", b"soon"), "which time"),
        (WHOLE.replace(b"UTF-8", b"no-such-code"), "broken"),
        (b"hello", "no XML"),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(mail(body, "application/octet-stream"))


def test_a_bomb_takes_little_memory() -> None:
    bomb = gzip.compress(b" " * 200_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            dmarc.unpacked(bomb)
        assert tracemalloc.get_traced_memory()[1] < 3 * dmarc.MAX_XML
    finally:
        tracemalloc.stop()


def test_rows_that_make_no_sense_are_left_out() -> None:
    report = read(
        mail(xml(record(count="-5"), record(ip="somewhere"), record(count="9" * 40), record(disposition="x")))
    )
    assert report.sources == ((Source("192.0.2.1", "none", True, False, "kettle.example"), 12),)


def test_only_the_largest_sources_are_kept() -> None:
    rows = [record(ip=f"10.{n // 256}.{n % 256}.1", count=n + 1) for n in range(dmarc.MAX_SOURCES + 500)]
    report = read(mail(gzip.compress(xml(*rows))))
    assert len(report.sources) == dmarc.MAX_SOURCES
    assert report.sources[0][1] == dmarc.MAX_SOURCES + 500


@settings(max_examples=150, deadline=2000)
@given(st.sampled_from([WHOLE, gzip.compress(WHOLE), zipped(WHOLE)]), st.data())
def test_any_damage_is_survived(body: bytes, data: st.DataObject) -> None:
    raw = bytearray(body)
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        report = dmarc.parse(dmarc.unpacked(bytes(raw)))
    except Unreadable:
        return
    assert len(report.domain) <= 253 and len(report.reporter) <= 200


@given(st.binary(max_size=2000))
def test_any_octets_are_survived(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)
