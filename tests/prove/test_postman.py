"""The postman tells a report until it is answered with 250, and says what was refused for good."""

import smtplib
from pathlib import Path

import pytest

from posthouse.sandbox.store import Accepted, Store
from prove import postman
from prove.postman import Postman


class Mailroom:
    """Answers with these, one after the other; 250 afterwards. 0: hangs up."""

    def __init__(self, answers: list[int]) -> None:
        self.answers = answers
        self.taken: list[tuple[str, list[str]]] = []

    def __call__(self, *_: object, **__: object) -> "Mailroom":
        return self

    def __enter__(self) -> "Mailroom":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def sendmail(self, sender: str, to: list[str], report: bytes) -> None:
        answer = self.answers.pop(0) if self.answers else 250
        if answer == 0:
            raise smtplib.SMTPServerDisconnected("gone")
        if answer >= 400:
            raise smtplib.SMTPDataError(answer, b"no")
        assert b"Action: failed" in report
        self.taken.append((sender, to))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with Store(tmp_path / "log.sqlite3") as store:
        store.write(
            [
                Accepted(message_id=f"{n}@x", rcpt=f"{prefix}{n}@x.test", sender=f"b.{n}@us.test", provider="P", at=9e9)
                for n in range(4)
                for prefix in ("ours-", "others-")
            ],
            [],
        )
    return tmp_path / "log.sqlite3"


@pytest.mark.parametrize(
    ("answers", "again", "refused"), [([], 0, 0), ([451, 0, 421], 3, 0), ([0, 550], 1, 1)], ids=["well", "later", "no"]
)
def test_what_is_not_taken_comes_again(
    log: Path, monkeypatch: pytest.MonkeyPatch, answers: list[int], again: int, refused: int
) -> None:
    mailroom = Mailroom(answers)
    monkeypatch.setattr(smtplib, "SMTP", mailroom)
    monkeypatch.setattr(postman, "PAUSE", 0.02)
    with Postman(log, prefix="ours-", mailroom=("127.0.0.1", 1), one_in=1) as postman_:
        postman_.finish(within=20)
    assert (postman_.told.again, postman_.told.refused) == (again, refused)
    assert postman_.told.reports == len(postman_.returned) == 4 - refused
    assert sorted(to for _, to in mailroom.taken) == sorted(
        [f"b.{rcpt[5]}@us.test"] for rcpt in postman_.returned if rcpt.startswith("ours-")
    )
    assert {sender for sender, _ in mailroom.taken} == {""}
