"""What a column means, guessed from its name and from what stands in it. A person looks at the guess before it counts."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contacts import addresses, values
from contacts.importing import moments, names, peers, statuses
from contacts.importing.meanings import (
    CONFIRMED_AT,
    CONFIRMED_IP,
    EMAIL,
    EVIDENCE,
    FIRST,
    LANGUAGE,
    LAST,
    LEFT_AT,
    NAME,
    NEW,
    OPTED_IN_AT,
    OPTED_IN_IP,
    SKIP,
    STATUS,
    TAGS,
    WHY,
)

NAMES: Mapping[str, tuple[str, ...]] = {
    EMAIL: (
        "email", "emailaddress", "mail", "mailaddress", "address", "emailadresse", "adresseemail", "correo", "correoelectronico",
        "courriel", "epost", "subscriber", "emailid", "electronicmail", "почта", "邮箱", "メールアドレス", "電子メール",
        "电子邮件", "이메일", "البريدالإلكتروني", "דואראלקטרוני",
    ),
    FIRST: (
        "firstname", "first", "givenname", "forename", "fname", "vorname", "prenom", "nombre", "nome",
        "imie", "voornaam", "имя", "名",
    ),
    LAST: (
        "lastname", "last", "surname", "familyname", "lname", "nachname", "familienname", "nom", "apellido", "apellidos", "cognome",
        "nazwisko", "achternaam", "фамилия", "姓",
    ),
    LANGUAGE: ("language", "lang", "locale", "sprache", "langue", "idioma", "lingua", "jezyk", "taal", "preferredlanguage", "язык",
        "言語", "语言"),
}  # fmt: skip
# What stands beside the person's own facts. An organization's own field of that name goes before these.
MORE_NAMES: Mapping[str, tuple[str, ...]] = {
    NAME: (
        "name", "fullname", "completename", "displayname", "contactname", "subscribername", "nameinfull", "ganzername",
        "nomcomplet", "nombrecompleto", "nomecompleto", "氏名", "名前", "お名前", "姓名",
    ),
    STATUS: (
        "subscriptionstatus", "status", "emailstatus", "subscriberstatus", "contactstatus", "optinstatus", "state", "statut",
        "estado", "stato",
    ),
    TAGS: ("tags", "tag", "labels", "schlagworte", "etiquettes", "etiquetas"),
    OPTED_IN_AT: (
        "optintime", "optindate", "optinat", "optedinat", "optedin", "subscribedat", "subscribedon", "subscribed", "datesubscribed",
        "subscriptiondate", "signupdate", "signupat", "signuptime", "signedupat", "consentdate", "consentat", "dateofconsent",
        "dateregistered", "registeredat", "anmeldedatum", "einwilligungam", "dateinscription", "joinedlistat",
    ),
    OPTED_IN_IP: ("optinip", "signupip", "ipaddress", "ip", "consentip", "registrationip", "ipsignup"),
    CONFIRMED_AT: (
        "confirmtime", "confirmedat", "confirmationtime", "confirmationdate", "confirmed", "dateconfirmed", "doubleoptinat",
        "doubleoptindate", "confirmat", "bestatigtam",
    ),
    CONFIRMED_IP: ("confirmip", "confirmationip", "confirmedip", "doubleoptinip"),
    LEFT_AT: (
        "unsubtime", "cleantime", "unsubscribedat", "unsubscribedon", "unsubscribed", "dateunsubscribed", "unsubscribedate",
        "optoutdate", "optouttime", "bouncedat", "leftat", "abmeldedatum",
    ),
    WHY: ("unsubreason", "unsubscribereason", "reason", "bouncereason", "suppressionreason"),
}  # fmt: skip
# Columns of other services' exports that say nothing about the person.
NOISE = frozenset(
    """memberrating gmtoff dstoff leid euid lastchanged uuid cid createdat updatedat listids segmentids lastemailed lastclicked
    lastopened unsubcampaigntitle unsubcampaignid unsubreasonother cleancampaigntitle cleancampaignid id""".split()
)
# Never numbers or yes and no, whatever they look like: NO is Norway, and 0049 a telephone.
TEXTS = frozenset(
    """country countrycode countryname land pays pais paese kraj nation nationality zip zipcode postalcode postcode plz cp
    codigopostal codepostal cap phone phonenumber telephone telefon telefono tel mobile mobilephone mobilenumber handy sms fax
    state region
    province stateprovinceregion externalid customerid customernumber membernumber kundennummer vat vatid iban currency""".split()
)
LANGUAGES = frozenset(
    """ar bg ca cs da de el en es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka ko lt lv mk ms mt nb nl nn no pl pt ro ru sk sl
    sq sr sv sw th tr uk ur vi zh""".split()
)
_LANGUAGE_CELL = re.compile(r"[A-Za-z]{2}(?:[-_][A-Za-z]{2})?")
_INVENTED = re.compile(r"column\d+")
_SEVERAL = re.compile(r"\s*[|;]\s*")
_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+")
_MANY = 0.8  # of the filled cells
MAX_CHOICES = 30


@dataclass(frozen=True, slots=True)
class Known:
    """A field that the organization has."""

    key: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Guess:
    """`to`: one of meanings, or "field:<key>". NAME is split into first and last; NEW is a field to be made, of `kind`, with
    `choices` if it is of a list."""

    to: str
    kind: str = "text"
    date_order: str = "ymd"
    choices: tuple[str, ...] = ()


def guess(
    header: Sequence[str], rows: Sequence[Sequence[str]], known: Sequence[Known], *, origin: str = ""
) -> list[Guess]:
    """One guess a column; no meaning is given twice. `origin` is a key of peers.ORIGINS, if it is known by now."""
    columns = [[row[i].strip() for row in rows if i < len(row)] for i in range(len(header))]
    plain = [names.plain(name) for name in header]
    by_name = {names.plain(field.key): field for field in known} | {names.plain(field.label): field for field in known}
    if not origin:
        export = peers.recognise(header)
        origin = export.origin if export is not None else ""
    there = peers.meanings(origin)
    has_parts = any(there.get(name) in (FIRST, LAST) or name in NAMES[FIRST] or name in NAMES[LAST] for name in plain)
    guesses: list[Guess] = []
    used: set[str] = set()
    for name, cells in zip(plain, columns, strict=True):
        found = _of_peer(name, there, cells) or _by_name(name, by_name, cells)
        if found.to == NAME and has_parts:
            found = Guess(NEW)
        if found.to in used:
            found = Guess(SKIP)
        if found.to not in (SKIP, NEW):
            used.add(found.to)
        guesses.append(found)
    if EMAIL not in used:
        _find_email(guesses, columns)
    if not any(name and not _INVENTED.fullmatch(name) for name in plain):
        _find_names(guesses, columns)
    return guesses


def _of_peer(name: str, there: Mapping[str, str], cells: Sequence[str]) -> Guess | None:
    """What the column means by the tables of the service that the file comes from."""
    to = there.get(name)
    if to is None and there and name.startswith("merge"):  # Mailtrain's own fields
        to = there.get(name[5:])
    if to is None:
        return None
    return Guess(to, date_order=values.date_order_of(cells) if to in EVIDENCE else "ymd")


def kind_of(cells: Sequence[str]) -> str:
    """The kind of field that holds nearly all of these cells: boolean, number, date, datetime, url, multi or text."""
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
            if kind == "date" and sum(":" in cell for cell in filled) >= len(filled) * _MANY:
                return "text" if any(not _reads(_A_MOMENT, cell) for cell in filled) else "datetime"
            return kind
    return "multi" if choices_of(filled) else "text"


def choices_of(cells: Sequence[str]) -> tuple[str, ...]:
    """The words of cells like "Wine; Bread | Cheese", if there are few and each stands there more than once; else none."""
    filled = [cell for cell in cells if cell]
    split = [_SEVERAL.split(cell.strip("|; ")) for cell in filled]
    words = Counter(word for one in split for word in one)
    if sum(len(one) > 1 for one in split) * 5 < len(filled) or len(filled) < 3:
        return ()
    if not 2 <= len(words) <= MAX_CHOICES or min(words.values()) < 2 or any(not 0 < len(word) <= 60 for word in words):
        return ()
    return tuple(sorted(words, key=str.casefold))


_A_MOMENT = values.FieldKind("", "", "datetime")


def _by_name(name: str, by_name: Mapping[str, Known], cells: Sequence[str]) -> Guess:
    for to, spellings in NAMES.items():
        if name in spellings:
            if to == EMAIL and not _mostly(cells, addresses.is_address):
                continue  # "address" may well be a street
            return Guess(to)
    if name in by_name:
        field = by_name[name]
        return Guess(f"field:{field.key}", field.kind, values.date_order_of(cells))
    for to, spellings in MORE_NAMES.items():
        if name in spellings and _fits(to, cells):
            return Guess(to, date_order=values.date_order_of(cells))
    if name in NOISE or not any(cells):
        return Guess(SKIP)
    if _INVENTED.fullmatch(name):
        kind = kind_of(cells)
        if kind == "text" and all(map(_is_language, filter(None, cells))):
            return Guess(LANGUAGE)
        return Guess(SKIP) if kind == "text" else _new(kind, cells)
    if _mostly(cells, addresses.is_address):
        return Guess(SKIP)
    return Guess(NEW) if name in TEXTS else _new(kind_of(cells), cells)


def _new(kind: str, cells: Sequence[str]) -> Guess:
    return Guess(NEW, kind, values.date_order_of(cells), choices_of(cells) if kind == "multi" else ())


def _fits(to: str, cells: Sequence[str]) -> bool:
    """Whether what stands in the column bears out its name; "Status" may well be Gold, and "IP" the Isle of Portland."""
    filled = [cell for cell in cells if cell]
    if to == STATUS:
        return statuses.mostly(map(names.plain, filled))
    if to in (OPTED_IN_AT, CONFIRMED_AT, LEFT_AT):
        order = values.date_order_of(filled)
        return bool(filled) and all(moments.reads(cell, order) for cell in filled)
    if to in (OPTED_IN_IP, CONFIRMED_IP):
        return bool(filled) and all(_IP.fullmatch(cell) for cell in filled)
    if to == NAME:
        return _mostly(filled, lambda cell: not cell.isdigit() and "@" not in cell)
    return bool(filled)


def _find_email(guesses: list[Guess], columns: Sequence[Sequence[str]]) -> None:
    shares = [sum(map(addresses.is_address, cells)) for cells in columns]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    if best is not None and shares[best]:
        guesses[best] = Guess(EMAIL)


def _is_language(cell: str) -> bool:
    return _LANGUAGE_CELL.fullmatch(cell) is not None and cell[:2].lower() in LANGUAGES


def _find_names(guesses: list[Guess], columns: Sequence[Sequence[str]]) -> None:
    """Without a header: a column of two or three words each, hardly one of them twice, is people's names."""
    for index, cells in enumerate(columns):
        filled = [cell for cell in cells if cell]
        if guesses[index].to == SKIP and len(filled) > 1 and _all_names(filled):
            guesses[index] = Guess(NAME)
            return


def _all_names(cells: Sequence[str]) -> bool:
    fitting = sum(
        2 <= len(cell.split()) <= 4 and len(cell) <= 60 and not any(map(str.isdigit, cell)) and not cell[0].islower()
        for cell in cells
    )
    return min(fitting, len(set(cells))) >= len(cells) * _MANY


def _mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(fits, filled)) >= len(filled) * _MANY / 2


def _reads(field: values.FieldKind, cell: str) -> bool:
    try:
        values.read(field, cell)
    except values.BadValue:
        return False
    return True
