"""The sandbox's people: the same seed, the same deeds; shares as their characters say."""

from typing import Any

from posthouse.sandbox import characters, letters
from posthouse.sandbox.people import People
from tests.posthouse.sandbox.test_letters import RAW

CAST = characters.load()


class Diary:
    """Errands that are only written down."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Any]] = []

    def get(self, **entry: Any) -> None:
        self.entries.append((entry["path"][:3], entry))

    def post_leave(self, **entry: Any) -> None:
        self.entries.append(("leave", entry))

    def mail(self, **entry: Any) -> None:
        kind = (
            "away"
            if b"Automatic reply" in entry["message"]
            else "complaint"
            if b"Feedback-Type" in entry["message"]
            else "bounce"
        )
        self.entries.append((kind, entry))

    def count(self, kind: str) -> int:
        return sum(1 for what, _ in self.entries if what == kind)


def live(seed: str, provider: str, people: int) -> Diary:
    diary = Diary()
    crowd = People(cast=CAST, errands=diary, seed=seed, house_domain="posthouse.example")  # type: ignore[arg-type]
    headers = letters.headers_of(RAW)
    chosen = next(p for p in CAST.providers if p.name == provider)
    for n in range(people):
        crowd.got(
            provider=chosen, rcpt=f"p{n}@x.example", sender=f"b1-{n}@bounces.acme.example", headers=headers, raw=RAW
        )
    return diary


def test_the_same_seed_gives_the_same_people() -> None:
    one, two, other = live("a", "Plainfield", 300), live("a", "Plainfield", 300), live("b", "Plainfield", 300)
    assert one.entries == two.entries
    assert [e["path"] for _, e in one.entries if "path" in e and e["path"].startswith("/i/")]
    assert one.entries != other.entries


def test_they_do_what_their_character_says() -> None:
    diary = live("a", "Grumbleton", 3000)
    assert 0.28 < diary.count("/i/") / 3000 < 0.38
    assert 0.004 < diary.count("complaint") / 3000 < 0.015
    assert diary.count("leave") > 5
    assert diary.count("/c/") > 50
    assert live("a", "Fullbrook", 3000).count("bounce") > 5


def test_nobody_clicks_before_opening() -> None:
    diary = live("a", "Plainfield", 500)
    opened = sorted(e["after"] for kind, e in diary.entries if kind == "/i/")
    clicked = sorted(e["after"] for kind, e in diary.entries if kind == "/c/")
    assert opened[0] >= CAST.delays["open"][0]
    assert clicked[0] >= CAST.delays["open"][0] + CAST.delays["click"][0]
