"""The demo's invented people: four languages, accents, right-to-left names, emoji; all of them at the sandbox's domains."""

# ruff: noqa: E501  (columns of names)

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

SEED = "copper kettle"
TODAY = datetime.date(2026, 11, 22)

# domain -> share of people, in per mille
DOMAINS = {
    "granite.example": 330,
    "northquay.example": 25,
    "teahouse.example": 20,
    "plainfield.example": 240,
    "harbourbooks.example": 30,
    "greylake.example": 170,
    "fullbrook.example": 110,
    "grumbleton.example": 75,
}


@dataclass(frozen=True)
class Tongue:
    """A language's names as people write them, each with what stands in an address; cities; its share in per mille."""

    locale: str
    share: int
    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    cities: tuple[str, ...]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`Zoë:zoe Ann` to (("Zoë", "zoe"), ("Ann", "ann")); `_` stands for a space."""
    found = []
    for word in text.split():
        name, _, plain = word.partition(":")
        found.append((name.replace("_", " "), plain or name.lower()))
    return tuple(found)


TONGUES = (
    Tongue(
        "en",
        460,
        _pairs(
            "Ada Amelia Ann Arthur Beatrix Charlie Chloé:chloe Clara Daisy Edith Elliot Emma Ezra Finn Freya George Grace Harriet "
            "Hugo Imogen Iris Jack Jasper Kit Leo Lily Mabel Martha Maya Miles Nora Oliver Olive Oscar Penelope Ralph Rosa Ruby "
            "Sam Siobhán:siobhan Sophie Theo Tess Una Violet Wilf Zadie Zoë:zoe Beth_☕:beth Max_🎉:max"
        ),
        _pairs(
            "Abbott Ashdown Barker Blythe Carver Chandler Cole Dawson Ellery Fairchild Finch Fletcher Garrick Hale Harding Holloway "
            "Jessop Kemp Lark Marlowe Mercer Nash O’Brien:obrien Osborne Page Penhaligon Quill Rowan Sawyer Thorne Underhill Vane "
            "Wainwright Whitlock Yardley"
        ),
        ("Bristol", "Cork", "Edinburgh", "Leeds", "London", "Portland", "Toronto", "Wellington"),
    ),
    Tongue(
        "de",
        240,
        _pairs(
            "Anja Annika Björn:bjoern Clemens Dörte:doerte Emil Fiete Greta Hannes Ida Jörg:joerg Jule Karla Käthe:kaethe Lars Lotte "
            "Luise Mats Mia Nele Oskar Paula Rüdiger:ruediger Sören:soeren Tilda Ulrike Uwe Wiebke Yannick Zita"
        ),
        _pairs(
            "Bäcker:baecker Brandt Claußen:claussen Dreyer Engel Förster:foerster Groß:gross Hansen Jäger:jaeger Kühn:kuehn Lindner "
            "Möller:moeller Nowak Petersen Quast Richter Schäfer:schaefer Thöne:thoene Vogt Weiß:weiss Zöllner:zoellner"
        ),
        ("Berlin", "Bremen", "Hamburg", "Köln", "München", "Wien", "Zürich"),
    ),
    Tongue(
        "fr",
        190,
        _pairs(
            "Adèle:adele Agnès:agnes Amélie:amelie Benoît:benoit Céline:celine Clément:clement Élise:elise Émile:emile François:francois "
            "Gaëlle:gaelle Hélène:helene Inès:ines Jérôme:jerome Joëlle:joelle Léa:lea Loïc:loic Maëlys:maelys Noémie:noemie Océane:oceane "
            "René:rene Solène:solene Théo:theo Yaël:yael Zélie:zelie Jean-Noël:jean.noel"
        ),
        _pairs(
            "Aubert Béranger:beranger Chevalier D’Hérouville:dherouville Dubois Évrard:evrard Fournier Girard Hébert:hebert Lefèvre:lefevre "
            "L’Écuyer:lecuyer Marchand Noël:noel Pâquet:paquet Rousseau Sénéchal:senechal Thévenet:thevenet Vallée:vallee"
        ),
        ("Bruxelles", "Genève", "Lille", "Lyon", "Montréal", "Nantes", "Paris"),
    ),
    Tongue(
        "ar",
        110,
        _pairs(
            "أمل:amal بشرى:bushra جمال:jamal حنان:hanan خالد:khaled رانيا:rania زينب:zeinab سامي:sami طارق:tarek عمر:omar فاطمة:fatima "
            "كريم:karim ليلى:leila مريم:mariam نور:nour هدى:huda ياسمين:yasmin يوسف:youssef"
        ),
        _pairs(
            "الأحمد:alahmad البغدادي:albaghdadi الحداد:alhaddad الخطيب:alkhatib السيد:alsayed الشامي:alshami القاسم:alqasim المصري:almasri "
            "النجار:alnajjar حمدان:hamdan سليمان:suleiman عباس:abbas منصور:mansour"
        ),
        ("الدار البيضاء", "القاهرة", "بيروت", "تونس", "عمّان"),
    ),
)
DRINKS = ("espresso", "filter", "cold brew", "tea", "cocoa")


@dataclass(frozen=True)
class Person:
    """One invented person."""

    address: str
    domain: str
    locale: str
    values: dict[str, object]
    joined: datetime.date


def invent(count: int) -> Iterator[Person]:
    """The first `count` people; nobody comes twice. About one in forty has no first name, as in life."""
    chance = random.Random(SEED)
    domains, tongues = list(DOMAINS), list(TONGUES)
    domain_weights = list(accumulate(DOMAINS.values()))
    tongue_weights = list(accumulate(tongue.share for tongue in tongues))
    taken: dict[str, int] = {}
    for _ in range(count):
        tongue = chance.choices(tongues, cum_weights=tongue_weights)[0]
        (first, plain_first), (last, plain_last) = chance.choice(tongue.first), chance.choice(tongue.last)
        domain = chance.choices(domains, cum_weights=domain_weights)[0]
        address = f"{plain_first}.{plain_last}@{domain}"
        times = taken[address] = taken.get(address, 0) + 1
        if times > 1:
            address = f"{plain_first}.{plain_last}{times}@{domain}"
        # Most came lately: the list grew.
        joined = TODAY - datetime.timedelta(days=int(1100 * chance.random() ** 2))
        values: dict[str, object] = {
            "last_name": last,
            "city": chance.choice(tongue.cities),
            "favourite": chance.choice(DRINKS),
            "visits": int(chance.paretovariate(1.2)),
            "member_since": joined.isoformat(),
            "loyalty_card": chance.random() < 0.3,
        }
        if chance.random() > 0.025:
            values["first_name"] = first
        yield Person(address, domain, tongue.locale, values, joined)
