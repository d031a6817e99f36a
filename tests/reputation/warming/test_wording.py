"""What was decided, in words."""

import pytest

from reputation.warming import wording

SEEN = {"delivered": 90, "deferred": 6, "bounced": 3, "blocked": 1, "complained": 1}


@pytest.mark.parametrize(
    ("move", "cause", "seen", "words"),
    [
        ("started", "", {}, "The first day."),
        ("advanced", "", {"delivered": 68}, "The day before went well: 68 of 68 were taken."),
        ("held", "unused", {}, "Nothing left the day before. It stays as it is."),
        ("held", "unused", {"delivered": 3}, "Only 3 left the day before, which is too few to tell. It stays as it is."),
        ("held", "deferred", SEEN, "6 of 100 were put off the day before (6.0%). It stays as it is."),
        ("held", "blocked", SEEN, "1 was refused the day before because of who we are or what was written. It stays as it is."),
        ("halved", "complained", SEEN, "1 person complained the day before. Half of it now."),
        ("halved", "bounced", {"bounced": 20, "delivered": 80}, "20 of 100 bounced the day before (20%). Half of it now."),
        ("graduated", "", SEEN, "The whole volume went well: no limit any more."),
        ("free", "", SEEN, "No limit."),
    ],
)  # fmt: skip
def test_words(move: str, cause: str, seen: dict[str, int], words: str) -> None:
    assert wording.why(move, cause, seen) == words
