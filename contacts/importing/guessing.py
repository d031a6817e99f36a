"""What a column means, guessed from its name and from what stands in it. A person looks at the guess before it counts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contacts import addresses, values

EMAIL, LANGUAGE, SKIP, NEW = "email", "language", "skip", "new"

NAMES: Mapping[str, tuple[str, ...]] = {
    EMAIL: (
        "email", "emailaddress", "mail", "mailaddress", "address", "emailadresse", "adresseemail", "correo", "correoelectronico",
        "courriel", "epost", "subscriber", "emailid", "electronicmail", "почта", "邮箱", "メールアドレス",
    ),
    "field:first_name": (
        "firstname", "first", "givenname", "forename", "fname", "vorname", "prenom", "nombre", "nome",
        "imie", "voornaam", "имя", "名",
    ),
    "field:last_name": (
        "lastname", "last", "surname", "familyname", "lname", "nachname", "familienname", "nom", "apellido", "apellidos", "cognome",
        "nazwisko", "achternaam", "фамилия", "姓",
    ),
    LANGUAGE: ("language", "lang", "locale", "sprache", "langue", "idioma", "lingua", "jezyk", "taal", "preferredlanguage", "язык"),
}  # fmt: skip
# Columns of other services' exports that say nothing about the person, or what a topic and the consent statement say.
NOISE = frozenset(
    """memberrating optintime optinip confirmtime confirmip gmtoff dstoff leid euid lastchanged uuid cid createdat updatedat
    listids segmentids lastemailed lastclicked lastopened unsubtime unsubcampaigntitle unsubcampaignid unsubreason
    unsubreasonother cleantime cleancampaigntitle cleancampaignid id""".split()
)
_LANGUAGE_CELL = re.compile(r"[A-Za-z]{2}(?:[-_][A-Za-z]{2})?")
_MANY = 0.8  # of the filled cells


@dataclass(frozen=True, slots=True)
class Known:
    """A field that the organization has."""

    key: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Guess:
    """`to` is "email", "language", "field:<key>", "new" (a field to be made, of `kind`) or "skip"."""

    to: str
    kind: str = "text"
    date_order: str = "ymd"


def guess(header: Sequence[str], rows: Sequence[Sequence[str]], known: Sequence[Known]) -> list[Guess]:
    """One guess a column; no meaning is given twice."""
    columns = [[row[i].strip() for row in rows if i < len(row)] for i in range(len(header))]
    by_name = {_plain(field.key): field for field in known} | {_plain(field.label): field for field in known}
    guesses: list[Guess] = []
    used: set[str] = set()
    for name, cells in zip(header, columns, strict=True):
        found = _by_name(_plain(name), by_name, cells)
        if found.to in used:
            found = Guess(SKIP)
        if found.to not in (SKIP, NEW):
            used.add(found.to)
        guesses.append(found)
    if EMAIL not in used:
        _find_email(guesses, columns)
    return guesses


def kind_of(cells: Sequence[str]) -> str:
    """The kind of field that holds nearly all of these cells: boolean, number, date, url or text."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return "text"
    words = {cell.lower() for cell in filled}
    if len(words) <= 2 and words <= values.YES | values.NO and not words <= {"1", "0"}:
        return "boolean"
    if any(cell.startswith("0") and cell.isdigit() and len(cell) > 1 for cell in filled):
        return "text"  # a postal code or a telephone number would lose its zero
    for kind in ("number", "date", "url"):
        order = values.date_order_of(filled[:50]) if kind == "date" else "ymd"
        field = values.FieldKind("", "", kind, date_order=order)
        if sum(_reads(field, cell) for cell in filled) >= len(filled) * (1 if kind == "number" else _MANY):
            return kind
    return "text"


def _by_name(name: str, by_name: Mapping[str, Known], cells: Sequence[str]) -> Guess:
    for to, names in NAMES.items():
        if name in names:
            if to == EMAIL and not _mostly(cells, addresses.is_address):
                continue  # "address" may well be a street
            return Guess(to)
    if name in by_name:
        field = by_name[name]
        return Guess(f"field:{field.key}", field.kind, values.date_order_of(cells))
    if name in NOISE or not any(cells):
        return Guess(SKIP)
    if re.fullmatch(r"column\d+", name):
        if _mostly(cells, lambda cell: _LANGUAGE_CELL.fullmatch(cell) is not None):
            return Guess(LANGUAGE)
        return Guess(SKIP)
    if _mostly(cells, addresses.is_address):
        return Guess(SKIP)
    return Guess(NEW, kind_of(cells), values.date_order_of(cells))


def _find_email(guesses: list[Guess], columns: Sequence[Sequence[str]]) -> None:
    shares = [sum(map(addresses.is_address, cells)) for cells in columns]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    if best is not None and shares[best]:
        guesses[best] = Guess(EMAIL)


def _mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(fits, filled)) >= len(filled) * _MANY / 2


def _reads(field: values.FieldKind, cell: str) -> bool:
    try:
        values.read(field, cell)
    except values.BadValue:
        return False
    return True


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", values.folded(name))
