"""Pictures: light enough for a phone on the road, and with words for those who do not see them."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "pictures", "Pictures"

ONE = 500 * 1024  # bytes
ALL = 1_500 * 1024
FEW_WORDS = 20


def check(facts: Facts) -> Result:
    if facts.markup is None or facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    pictures = [each for each in facts.markup.pictures if not each.is_dot]
    if not pictures:
        return Result(NAME, TITLE, "pass", "There are none.", place="content")
    if mute := [each for each in pictures if each.alt is None or (each.is_link and not each.alt.strip())]:
        name = mute[0].address.rsplit("/", 1)[-1][:80] or "a picture"
        what = "1 picture has" if len(mute) == 1 else f"{len(mute)} pictures have"
        return Result(
            NAME,
            TITLE,
            "warn",
            f"{what} no words for those who do not see them: {name}.",
            'Write what it shows: alt="…". Leave alt="" for mere decoration that is no link.',
            "content",
        )
    if broken := _broken(facts):
        return Result(NAME, TITLE, "warn", broken, "Upload it to your pictures, or mend its address.", "content")
    sizes = {each.address: _size(facts, each.address) for each in pictures}
    known = {address: size for address, size in sizes.items() if size is not None}
    total = sum(known.values())
    for address, size in known.items():
        if size > ONE:
            return Result(
                NAME,
                TITLE,
                "warn",
                f"{address.rsplit('/', 1)[-1][:80]} weighs {_kb(size)}; people on the road wait for it.",
                "Upload it to your pictures, which makes it smaller.",
                "content",
            )
    if total > ALL:
        return Result(
            NAME, TITLE, "warn", f"The pictures weigh {_kb(total)} together.", "Use fewer or smaller ones.", "content"
        )
    if len(facts.markup.text.split()) < FEW_WORDS:
        return Result(
            NAME,
            TITLE,
            "warn",
            "There are hardly any words beside the pictures: filters distrust that, and many people see no pictures.",
            "Say it in words too.",
            "content",
        )
    count = "1 picture" if len(sizes) == 1 else f"{len(sizes)} pictures"
    weight = f", {_kb(total)} together" if len(known) == len(sizes) else f", {_kb(total)} as far as is known"
    return Result(NAME, TITLE, "pass", f"{count}{weight if known else ''}, all with words.", place="content")


def _size(facts: Facts, address: str) -> int | None:
    if address in facts.picture_sizes:
        return facts.picture_sizes[address]
    asked = (facts.asked or {}).get(address)
    return asked.size if asked else None


def _broken(facts: Facts) -> str:
    for picture in facts.markup.pictures if facts.markup else ():
        asked = (facts.asked or {}).get(picture.address)
        if asked is not None and asked.is_known and asked.status in ("fail", "warn"):
            return f"The picture {picture.address[:200]}: {asked.detail}"
    return ""


def _kb(size: int) -> str:
    return f"{size / 1024:,.0f} kB"
