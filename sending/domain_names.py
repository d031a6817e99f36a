"""Domain names that people type: one spelling (A-labels, lower case), or the reason in plain words why not.

Policy: nobody sends from a mailbox provider's domain (receivers refuse it under DMARC) nor from a public suffix.
"""

import re

import idna
from publicsuffixlist import PublicSuffixList

MAX_CHARS = 253  # RFC 1035, 2.3.4
MAX_TYPED = 1000

FREEMAIL = frozenset(
    """
    gmail.com googlemail.com google.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.fr yahoo.de yahoo.it yahoo.es yahoo.com.br
    yahoo.co.in ymail.com rocketmail.com myyahoo.com aol.com aim.com verizon.net outlook.com outlook.fr outlook.de
    hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es live.com live.co.uk live.fr live.nl msn.com
    passport.com icloud.com me.com mac.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tuta.com tuta.io
    fastmail.com fastmail.fm hey.com zoho.com zohomail.com mail.com email.com gmx.com gmx.de gmx.net gmx.at gmx.ch web.de
    t-online.de freenet.de mail.ru bk.ru list.ru inbox.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net qq.com 163.com
    126.com sina.com naver.com daum.net hanmail.net orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it
    tiscali.it alice.it tim.it wp.pl o2.pl interia.pl onet.pl seznam.cz centrum.cz bol.com.br uol.com.br terra.com.br
    comcast.net att.net sbcglobal.net bellsouth.net cox.net charter.net btinternet.com sky.com virginmedia.com ziggo.nl
    kpnmail.nl telenet.be skynet.be bluewin.ch abv.bg rediffmail.com mailinator.com
    """.split()
)

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_SUFFIXES = PublicSuffixList()


class BadName(ValueError):
    """str() is a sentence that says what to type instead."""


def parse(text: str) -> str:
    """The domain that `text` spells: "https://Bücher.example/" -> "xn--bcher-kva.example". Raises BadName, nothing else."""
    if len(text) > MAX_TYPED:
        raise BadName("This is too long for a domain.")
    name = text.strip().lower()
    name = name.partition("://")[2] or name
    name = re.split(r"[/?#\s]", name, maxsplit=1)[0].rpartition("@")[2].rstrip(".")
    if not name:
        raise BadName("Write the domain that stands after the @ of your addresses, like example.com.")
    try:
        name = idna.encode(name, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as error:
        raise BadName("This is not a domain. Write it like example.com.") from error
    labels = name.split(".")
    if len(name) > MAX_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadName("This is not a domain. Write it like example.com.")
    if len(labels) < 2 or labels[-1].isdigit():
        raise BadName("A domain has a name and an ending, like example.com.")
    if name in FREEMAIL or _SUFFIXES.privatesuffix(name) in FREEMAIL:
        raise BadName(
            f"{name} belongs to a mailbox provider, and receivers refuse mass mail from it. Use a domain of your own."
        )
    if _SUFFIXES.privatesuffix(name) is None:
        raise BadName(f"{name} is an ending that many people share. Write the whole domain, like example.{name}.")
    return name


def shown(name: str) -> str:
    """The name as people read it (U-labels); as it is when that is not possible."""
    try:
        return idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return name
