"""Strangers' text: the record that announces a policy, and the policy."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sending.relay.sts import LONGEST_AGE, MOST_HOSTS, Invalid, Mode, Policy, read_policy, read_record


@pytest.mark.parametrize(
    ("records", "name"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"v=STSv1;id=1"], "1"),
        ([b"v=STSv1 ; other=thing; id=a1 ;"], "a1"),
        ([b"v=spf1 -all", b"v=STSv1; id=1;"], "1"),
        ([], None),
        ([b"v=STSv1; id=1;", b"v=STSv1; id=2;"], None),  # several: as if there were none
        ([b"v=STSv1; id=;"], None),
        ([b"v=STSv1; id=a-b;"], None),
        ([b"v=STSv1; id=" + b"x" * 33], None),
        ([b"v=STSv1"], None),
        ([b"v=STSv10; id=1"], None),
        ([b" v=STSv1; id=1"], None),
        ([b"v=STSv1; nonsense"], None),
        ([b"v=STSv1; id=\xff"], None),
    ],
)
def test_records(records: list[bytes], name: str | None) -> None:
    assert read_record(tuple(records)) == name


def test_a_policy() -> None:
    text = (
        b"version: STSv1\r\nmode: enforce\r\nmx: Mail.example.com\r\nmx: *.example.net\r\n"
        b"mx: backupmx.example.com\r\nnew_field: whatever\r\nmax_age: 604800\r\n"
    )
    policy = read_policy(text)
    assert policy == Policy(Mode.ENFORCE, ("mail.example.com", "*.example.net", "backupmx.example.com"), 604_800)
    for host, allowed in {
        "mail.example.com": True,
        "MAIL.example.com.": True,
        "a.example.net": True,
        "a.b.example.net": False,
        "example.net": False,
        "xexample.net": False,
        "mail.example.com.evil.test": False,
        "": False,
    }.items():
        assert policy.allows(host) is allowed, host


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "version"),
        (b"version: STSv2\nmode: none\nmax_age: 1\n", "version"),
        (b"version: STSv1\nmode: strict\nmax_age: 1\n", "mode"),
        (b"version: STSv1\nmax_age: 1\n", "mode"),
        (b"version: STSv1\nmode: none\n", "max_age"),
        (b"version: STSv1\nmode: none\nmax_age: -1\n", "max_age"),
        (b"version: STSv1\nmode: none\nmax_age: 99999999999\n", "max_age"),
        ("version: STSv1\nmode: none\nmax_age: ٣\n".encode(), "max_age"),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\n", "no host"),
        (b"version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n", "what is no host"),
        (b"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", "what is no host"),
        (b"version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n", "what is no host"),
        (b"<html>\n", "without a field"),
        (b"version: STSv1\nmode: none\nmax_age: 1\nx: \x00\n", "control"),
        (b"\xff\xfe", "UTF-8"),
        (b"x: y\n" * 2_000, "lines"),
        (b"x" * 70_000, "octets"),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\n" + b"mx: a\n" * (MOST_HOSTS + 1), "hosts"),
    ],
)
def test_what_is_no_policy_says_why(text: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read_policy(text)


def test_a_policy_for_ever_holds_a_year() -> None:
    assert read_policy(b"version: STSv1\nmode: none\nmax_age: 9999999999").max_age == LONGEST_AGE


@given(st.binary(max_size=500))
@example(b"v=STSv1; id=1" + b";" * 400)
def test_no_record_breaks_the_reader(record: bytes) -> None:
    name = read_record((record,))
    assert name is None or (name.isalnum() and len(name) <= 32 and record.startswith(b"v=STSv1"))


LINES = st.sampled_from(
    [
        b"version: STSv1",
        b"mode: enforce",
        b"mode:none",
        b"mx: *.a.example",
        b"mx: b",
        b"max_age: 86400",
        b"max_age:",
        b":",
        b"x:y",
    ]
)


@given(
    st.one_of(
        st.binary(max_size=2_000), st.lists(st.one_of(LINES, st.binary(max_size=20)), max_size=12).map(b"\n".join)
    )
)
def test_no_policy_breaks_the_reader_and_what_is_read_says_the_same_again(text: bytes) -> None:
    try:
        policy = read_policy(text)
    except Invalid:
        return
    assert policy.mode is Mode.NONE or policy.hosts
    assert 0 <= policy.max_age <= LONGEST_AGE
    assert read_policy("\n".join(policy.lines).encode()) == policy
