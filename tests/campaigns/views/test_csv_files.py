"""What is taken out as CSV: every formula is text, wide signs and control characters too; the file is for download."""

from campaigns.views import csv_files


def test_nothing_becomes_a_formula():
    answer = csv_files.response(
        "people.csv", iter([["address", "reply"], ["a@post.example", "＝cmd()"], ["-1", "\x00=1"]])
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines() == ["address,reply", "a@post.example,'＝cmd()", "'-1,'=1"]
    assert answer["Content-Disposition"] == 'attachment; filename="people.csv"'
