"""What one cell spells: a field's value, a person's name, how they stand, their tags, when and where they agreed.

Each reader takes a stripped cell and gives JSON text (`"key": value`, "" for nothing). They raise values.BadValue.
"""

import csv
import json
import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from contacts import values
from contacts.importing import json_tables, meanings, moments, names, statuses

MAX_TAGS = 50  # of one person
MAX_TAG = 100  # characters
MAX_WHY = 300  # characters
quoted: Callable[[str], str] = json.encoder.encode_basestring
_JSON_NUMBER = re.compile(r"-?(?:[1-9][0-9]{0,14}|(?:0|[1-9][0-9]{0,6})\.[0-9]{0,5}[1-9])|0")
_EAST_ASIAN = re.compile(r"[\u3005\u3400-\u9fff\uac00-\ud7a3\u3040-\u30ff]")
_PARTICLES = frozenset(
    "van von de da di del della der den du des dos das la le el al bin ibn ben zu zur af ter ten st.".split()
)
_KEYS = {
    meanings.TAGS: "tags",
    meanings.OPTED_IN_AT: "at",
    meanings.OPTED_IN_IP: "ip",
    meanings.CONFIRMED_AT: "confirmed_at",
    meanings.CONFIRMED_IP: "confirmed_ip",
    meanings.LEFT_AT: "left_at",
    meanings.WHY: "why",
}
LABELS = {
    meanings.TAGS: "Tags: ",
    meanings.OPTED_IN_AT: "Time of consent: ",
    meanings.OPTED_IN_IP: "Address of consent: ",
    meanings.CONFIRMED_AT: "Time of confirmation: ",
    meanings.CONFIRMED_IP: "Address of confirmation: ",
    meanings.LEFT_AT: "Time of leaving: ",
    meanings.WHY: "Reason: ",
}


def fact(field: values.FieldKind) -> Callable[[str], str]:
    """From a cell to `"key": value` in JSON, "" for no value; the common spellings take a short way to the same text."""
    name = json.dumps(field.key) + ": "

    def write(cell: str) -> str:
        value = values.read(field, cell)
        return "" if value is None else name + json.dumps(value, ensure_ascii=False)

    def write_text(cell: str) -> str:
        if len(cell) > values.MAX_TEXT or "\x00" in cell:
            return write(cell)
        return name + quoted(cell) if cell else ""

    def write_number(cell: str) -> str:
        return name + cell if _JSON_NUMBER.fullmatch(cell) else write(cell)

    match field.kind:
        case "text":
            return write_text
        case "number":
            return write_number
    return write


def fact_of_name(key: str, part: int) -> Callable[[str], str]:
    write = fact(values.FieldKind(key, "Name", "text"))
    return lambda cell: write(split_name(cell)[part])


def split_name(text: str) -> tuple[str, str]:
    """First and last name: "Ann Lee", "Lee, Ann", "Ludwig van Beethoven", "García Márquez, Gabriel", and 山田 太郎.

    Particles (van, de, von, bin …) begin the last name; a single word is the first name.
    """
    text = " ".join(text.split())
    last, comma, first = text.partition(",")
    if comma and first.strip() and "," not in first:
        return first.strip(), last.strip()
    words = text.split(" ")
    if len(words) == 1:
        return text, ""
    if not text.isascii() and _EAST_ASIAN.match(text):
        return " ".join(words[1:]), words[0]
    start = next((i for i, word in enumerate(words[1:-1], 1) if word.lower() in _PARTICLES), len(words) - 1)
    return " ".join(words[:start]), " ".join(words[start:])


def status(cell: str) -> int:
    """A contacts.enums.RowStatus. Raises values.BadValue for a word that we do not know."""
    if not cell:
        return statuses.NONE
    found = statuses.WORDS.get(names.plain(cell))
    if found is None:
        raise values.BadValue(f"“{cell[:60]}” is no word that we know: write subscribed, unsubscribed or bounced")
    return found


def evidence(to: str, date_order: str) -> Callable[[str], str]:
    """From a cell to `"key": value` in JSON for Person.extra, "" for none."""
    name = f'"{_KEYS[to]}": '

    def at(cell: str) -> str:
        return f'{name}"{moments.read(cell, date_order)}"' if cell else ""

    def ip(cell: str) -> str:
        return f'{name}"{_address_of_host(cell)}"' if cell else ""

    def why(cell: str) -> str:
        return name + quoted(" ".join(cell.replace("\x00", "").split())[:MAX_WHY]) if cell else ""

    def tags(cell: str) -> str:
        found = tags_of(cell)
        return name + json.dumps(found, ensure_ascii=False) if found else ""

    if to == meanings.TAGS:
        return tags
    if to == meanings.WHY:
        return why
    return ip if to in (meanings.OPTED_IN_IP, meanings.CONFIRMED_IP) else at


def tags_of(cell: str) -> list[str]:
    """The tags in a cell: `"VIP","Blog"` (Mailchimp), VIP|Blog (Mautic), VIP; Blog, VIP, Blog or a JSON list."""
    cell = cell.strip()
    found: list[Any] | None = None
    if cell.startswith("["):
        try:
            found = json_tables.loads(cell)
        except ValueError:
            found = None
    if not isinstance(found, list) or any(isinstance(one, dict | list) for one in found):
        if cell.startswith('"'):
            found = next(csv.reader([cell.replace("\n", " ").replace("\r", " ")], skipinitialspace=True), [])
        else:
            separator = next((one for one in "|;," if one in cell), "\n")
            found = cell.split(separator)
    clean: dict[str, str] = {}
    for one in found:
        tag = " ".join(str(one).replace("\x00", "").split())
        if len(tag) > MAX_TAG:
            raise values.BadValue(f"the tag “{tag[:40]}…” is longer than {MAX_TAG} characters")
        if tag:
            clean.setdefault(tag.casefold(), tag)
    if len(clean) > MAX_TAGS:
        raise values.BadValue(f"there are {len(clean)} tags; a person can get up to {MAX_TAGS} at once")
    return list(clean.values())


def _address_of_host(cell: str) -> str:
    try:
        return str(ip_address(cell[:60]))
    except ValueError as refused:
        raise values.BadValue(f"“{cell[:60]}” is no IP address") from refused
