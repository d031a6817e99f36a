"""What is worth a second look about a good address: a domain that is nearly a famous one, and functions that are no persons.

Policy: a note, never a refusal. A domain that exists is never called a mistake, however near it is (gmx.de, ymail.com);
so the list of neighbours is long, and beyond the list of known slips only one letter may differ.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPO, ROLE = 1, 2  # contacts.enums.RowNote

# Where most people have their mailboxes; a slip is measured against these.
FAMOUS = (
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.es", "yahoo.com.br", "hotmail.com",
    "hotmail.co.uk", "hotmail.fr", "hotmail.de", "hotmail.es", "hotmail.it", "outlook.com", "outlook.fr", "outlook.de",
    "outlook.es", "live.com", "icloud.com", "comcast.net", "verizon.net", "sbcglobal.net", "bellsouth.net", "btinternet.com",
    "protonmail.com", "t-online.de", "freenet.de", "orange.fr", "wanadoo.fr", "laposte.net", "libero.it", "virgilio.it",
    "terra.com.br", "uol.com.br", "yandex.ru", "rambler.ru", "rediffmail.com", "bigpond.com", "telefonica.net", "fastmail.com",
)  # fmt: skip

# Real domains within a letter of a famous one or of its ending.
REAL = frozenset(
    """gmx.de gmx.at gmx.ch gmx.net gmx.com gmx.fr mail.com mail.ru mail.de email.com ymail.com rocketmail.com fmail.com hmail.com
    dmail.com umail.com omail.com jmail.com tmail.com zmail.com kmail.com emails.com email.it email.de gmail.co yahoo.ca yahoo.in
    yahoo.it yahoo.se yahoo.dk yahoo.no yahoo.gr yahoo.ie yahoo.at yahoo.be yahoo.nl yahoo.pl yahoo.ro yahoo.com.ar yahoo.com.au
    yahoo.com.mx yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.hk yahoo.com.vn yahoo.com.co yahoo.com.pe
    yahoo.co.in yahoo.co.jp yahoo.co.id yahoo.co.nz yahoo.co.za yahoo.co.kr yahoo.co.th hotmail.ca hotmail.se hotmail.dk
    hotmail.no hotmail.nl hotmail.be hotmail.ch hotmail.gr hotmail.fi hotmail.at hotmail.com.br hotmail.com.ar hotmail.com.tr
    hotmail.com.au hotmail.co.jp hotmail.co.za hotmail.co.nz hotmail.cl hotmail.my outlook.it outlook.pt outlook.at outlook.be
    outlook.dk outlook.cl outlook.jp outlook.kr outlook.in outlook.ie outlook.com.br outlook.com.ar outlook.com.au live.fr live.de
    live.it live.nl live.be live.se live.dk live.no live.ca live.cn live.in live.jp live.pt live.at live.co.uk live.co.za
    live.com.au live.com.mx live.com.ar live.com.pt live.com.br msn.com aol.com aol.de aol.fr aol.co.uk me.com mac.com line.com
    love.com like.com life.com lime.com give.com line.me olive.com alive.com five.com dive.com hive.com jive.com lives.com
    liveo.com iclouds.com cloud.com protonmail.ch proton.me pm.me yandex.com yandex.by yandex.kz yandex.ua ya.ru orange.com
    orange.es orange.net orange.pl free.fr sfr.fr neuf.fr laposte.fr terra.com terra.es terra.br uol.com ubol.com yandex.eu
    fastmail.fm fastmail.net fastmail.org fastmail.co.uk fastmail.de t-online.com t-online.hu t-online.at wanadoo.es
    wanadoo.com wanadoo.nl libero.com virgilio.com freenet.com freenet.at freemail.de verizon.com comcast.com bigpond.net
    bigpond.net.au bigpond.au telefonica.com telefonica.es rediff.com yahoo.co hotmail.co outlook.co icloud.co live.co gmail.fr
    gmail.de gmail.ru gmail.it gmail.cz gmail.pl gmail.nl googlemail.de btopenworld.com sbcglobal.com bellsouth.com""".split()
)

# Slips that are more than a letter away, or whose neighbour alone would not tell.
SLIPS: Mapping[str, str] = {
    slip: meant
    for meant, slips in {
        "gmail.com": """gmial.com gmali.com gamil.com gmaill.com gmal.com gmil.com gnail.com gmail.con gmail.cm gmail.om
            gmail.comm gmail.vom gmail.cpm gmail.xom gmail.ocm gmail.cmo gmaul.com gimail.com gmailcom.com ggmail.com gmeil.com
            gemail.com gmail.com.com gmail.net gmail.org gmai.com gmaio.com gmaik.com gmsil.com gmqil.com hgmail.com gmall.com
            gmailc.om gmaol.com gmaile.com gmail.coml gmail.conm""",
        "hotmail.com": """hotmial.com hotmal.com hotmil.com hotmai.com hotnail.com hotamil.com hotmali.com hotmail.con hotmail.cm
            hotmail.om hormail.com homail.com hoymail.com htomail.com hitmail.com hotmaill.com hotmail.comm hotmail.vom
            htmail.com hotmaul.com hotmeil.com otmail.com hotmail.cmo hotmall.com hotmaio.com hotmail.net hotmail.org""",
        "yahoo.com": """yaho.com yahooo.com yhaoo.com yhoo.com yahho.com yahoo.con yahoo.cm yahoo.om yahoo.comm yaoo.com
            yahoo.cmo yahoo.vom uahoo.com tahoo.com yajoo.com yahoi.com yahop.com yahhoo.com yahou.com yaahoo.com yahoocom.com
            ayhoo.com yahoo.net yahoo.org""",
        "outlook.com": """outlok.com outloo.com outlool.com outllok.com outlook.con outlook.cm outlook.om oulook.com
            outook.com outlooks.com outlock.com outlookk.com otlook.com putlook.com outlook.comm outloook.com outlook.net""",
        "icloud.com": "iclod.com icoud.com icloud.con icloud.cm icould.com iclould.com icluod.com icloud.om iclud.com icloude.com",
        "live.com": "live.con live.cm live.om live.comm",
        "aol.com": "aol.con aol.cm aol.om aoll.com aol.comm",
        "msn.com": "msn.con msn.cm msn.om",
        "me.com": "me.con",
        "gmx.de": "gmx.ed gnx.de",
        "gmx.net": "gmx.ner gnx.net",
        "web.de": "web.ed wbe.de",
        "t-online.de": "tonline.de t-onlin.de t-online.ed t-onlien.de",
        "protonmail.com": "protonmail.con protonmial.com",
    }.items()
    for slip in slips.split()
}  # fmt: skip
_ENDINGS = {
    "con": "com",
    "cmo": "com",
    "ocm": "com",
    "comm": "com",
    "vom": "com",
    "xom": "com",
    "ckm": "com",
    "nte": "net",
    "ogr": "org",
}
# Two-letter endings of countries (.cm, .om, .co) are real, so they are no slips by themselves.

# What stands before the @ where a function, or a machine, reads and not a person.
ROLES = frozenset(
    """abuse accounting accounts admin administrator all billing board careers compliance contact contacts customerservice
    datenschutz devnull do-not-reply donotreply dpo editor empfang enquiries events everyone feedback finance ftp gdpr hello help
    helpdesk hostmaster hr info information inquiries inquiry invoices it jobs kontakt legal list list-request mail
    mailer-daemon mailerdaemon mailing maintenance marketing media news newsletter nobody noc no-reply no_reply no.reply noreply
    office orders phish phishing post postmaster press privacy reception registrar remove reply returns root sales secretary
    security service services shop spam staff subscribe support sysadmin team tech undisclosed-recipients unsubscribe usenet
    uucp vertrieb webmaster www contacto contato info1 verwaltung buchhaltung rechnung""".split()
)

_FAMOUS_BY_LENGTH: dict[int, list[str]] = {}
for _name in FAMOUS:
    for _length in (len(_name) - 1, len(_name), len(_name) + 1):
        _FAMOUS_BY_LENGTH.setdefault(_length, []).append(_name)
_KNOWN = frozenset(FAMOUS) | REAL


def meant(domain: str) -> str:
    """The domain that was probably meant, "gmail.com" for gmial.com; "" if there is no doubt. `domain` in lower case."""
    if domain in _KNOWN:
        return ""
    if domain in SLIPS:
        return SLIPS[domain]
    for famous in _FAMOUS_BY_LENGTH.get(len(domain), ()):
        if _one_slip(domain, famous):
            return famous
    name, _, ending = domain.rpartition(".")
    if name and ending in _ENDINGS:
        return f"{name}.{_ENDINGS[ending]}"
    return ""


def _one_slip(typed: str, meant: str) -> bool:
    """One letter wrong, missing, too many, or two changed places (Damerau-Levenshtein distance 1); the first must fit,
    since people do not mistype how their own mailbox begins, and other companies begin otherwise (hmail, dmail)."""
    if typed[0] != meant[0]:
        return False
    start = 0
    shortest = min(len(typed), len(meant))
    while start < shortest and typed[start] == meant[start]:
        start += 1
    if len(typed) == len(meant):
        rest = typed[start + 1 :] == meant[start + 1 :]
        swapped = (
            typed[start : start + 2] == meant[start : start + 2][::-1] and typed[start + 2 :] == meant[start + 2 :]
        )
        return rest or swapped
    if len(typed) < len(meant):
        return typed[start:] == meant[start + 1 :]
    return typed[start + 1 :] == meant[start:]
