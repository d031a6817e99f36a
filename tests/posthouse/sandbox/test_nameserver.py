"""Records that people publish are answered with whole names, with or without the closing dot."""

import dns.message
import pytest

from posthouse.sandbox import nameserver
from posthouse.sandbox.zone import Answer, Record


class OneRecord:
    def __init__(self, kind: str, value: str) -> None:
        self.record = Record("shop.example", kind, value)

    def look_up(self, name: str, kind: str) -> Answer:
        return Answer("NOERROR", (self.record,))


@pytest.mark.parametrize(("kind", "value"), [("MX", "10 mail.posthouse.example"), ("CNAME", "links.posthouse.example")])
@pytest.mark.parametrize("dot", ["", "."])
def test_a_missing_closing_dot_is_no_trouble(kind: str, value: str, dot: str) -> None:
    question = dns.message.make_query("shop.example.", kind)
    wire = nameserver.answer(OneRecord(kind, value + dot), question.to_wire(), udp=True)  # type: ignore[arg-type]
    assert wire is not None
    assert value + "." in dns.message.from_wire(wire).answer[0].to_text()
