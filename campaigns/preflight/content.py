"""The content compiles, and every merge field in it exists."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "content", "Content"


def check(facts: Facts) -> Result:
    if not facts.has_design:
        return Result(NAME, TITLE, "fail", "There is no content yet.", "Pick a template.", "content")
    if facts.errors:
        first = facts.errors[0]
        where = f"Line {first.line}: " if first.line else ""
        more = f" (and {len(facts.errors) - 1} more)" if len(facts.errors) > 1 else ""
        return Result(NAME, TITLE, "fail", f"{where}{first.message}{more}", "Mend the content.", "content")
    if facts.compiled is None:
        return Result(
            NAME, TITLE, "unknown", "The content could not be compiled just now.", "Reload this page.", "content"
        )
    if facts.compiled.warnings:
        first = facts.compiled.warnings[0]
        where = f"Line {first.line}: " if first.line else ""
        return Result(
            NAME, TITLE, "warn", f"{where}{first.message}", "Look at the notes beside the content.", "content"
        )
    if not facts.compiled.text.strip():
        return Result(
            NAME,
            TITLE,
            "fail",
            "The content has no words.",
            "Write something; a mail of pictures alone is taken for spam.",
            "content",
        )
    return Result(NAME, TITLE, "pass", "It compiles, and its merge fields exist.", place="content")
