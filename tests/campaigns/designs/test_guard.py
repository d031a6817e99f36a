"""A design may crash, hang or fill the compiler: it is an error with words, and the next design compiles."""

import os
import signal
import threading
from pathlib import Path

import pytest

from campaigns.designs import guard
from campaigns.designs.findings import DesignError

FINE = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"


def message_of(mjml: str) -> str:
    with pytest.raises(DesignError) as caught:
        guard.compile_design(mjml)
    return caught.value.findings[0].message


def test_compiles() -> None:
    compiled = guard.compile_design(FINE)
    assert "Hello" in compiled.html and compiled.text == "Hello\n"
    assert compiled.size == len(compiled.html.encode())


@pytest.mark.parametrize(
    "hostile",
    [
        "<mj-text>" + "<div>" * 20_000 + "</mj-text>",
        "<mj-text>" + "<b><i>" * 30_000,
        "<mj-section>" * 20_000,
        "<!--" * 50_000,
        "<a " * 80_000,
        "&" * 400_000,
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><mjml>&b;</mjml>',
        "\ud800",
        "\x00",
        "{{" * 200_000,
    ],
)
def test_hostile_designs_are_errors(hostile: str) -> None:
    assert message_of(f"<mjml><mj-body><mj-section><mj-column>{hostile}</mj-column></mj-section></mj-body></mjml>")
    assert message_of(hostile)
    assert guard.compile_design(FINE).text == "Hello\n"


def test_a_huge_design_never_reaches_the_child() -> None:
    assert "larger than 512 kB" in message_of("x" * 600_000)
    assert "larger than 512 kB" in message_of("é" * 300_000)


def test_a_child_that_dies_is_the_designs_error_and_is_replaced() -> None:
    pool = guard._Pool()
    assert "compiled" in pool.ask({"mjml": FINE})
    (child,) = pool.idle
    os.kill(child.process.pid, signal.SIGSTOP)
    try:
        assert pool.ask({"mjml": FINE}, seconds=0.3)["findings"][0][1] == guard.TOO_SLOW
    finally:
        assert child.process.poll() is not None
    assert "compiled" in pool.ask({"mjml": FINE})
    (child,) = pool.idle
    os.kill(child.process.pid, signal.SIGSTOP)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(pool.ask({"mjml": FINE}, seconds=20)))
    asking.start()
    while not pool.free._value < guard.CHILDREN:
        pass
    child.process.kill()
    asking.join(20)
    assert "compiled" in answers[0] or answers[0]["findings"][0][1] == guard.CRASHED
    assert "compiled" in pool.ask({"mjml": FINE})
    for left in pool.idle:
        left.kill()


def test_a_child_that_died_while_idle_is_nobodys_fault() -> None:
    pool = guard._Pool()
    pool.ask({"mjml": FINE})
    pool.idle[0].process.kill()
    pool.idle[0].process.wait()
    assert "compiled" in pool.ask({"mjml": FINE})
    for left in pool.idle:
        left.kill()


def test_a_child_has_no_way_to_files_and_network_and_no_secrets() -> None:
    child = guard._Child()
    try:
        limits = Path(f"/proc/{child.process.pid}/limits").read_text()
        environ = Path(f"/proc/{child.process.pid}/environ").read_text()
    finally:
        child.kill()
    (files,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
    assert files.split()[3:5] == ["0", "0"]
    assert "SECRET_KEY" not in environ and "DATABASE_URL" not in environ


def test_many_threads_share_the_children() -> None:
    texts: list[str] = []
    threads = [
        threading.Thread(
            target=lambda n=n: texts.append(guard.compile_design(FINE.replace("Hello", f"Hello {n}")).text)
        )
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(texts) == sorted(f"Hello {n}\n" for n in range(12))
    assert len(guard._pool.idle) <= guard.CHILDREN
