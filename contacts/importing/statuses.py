"""How a person stands in the service that a file comes from: the words that services use, in one list.

The numbers are those of contacts.enums.RowStatus, repeated because engines know no Django; a test holds them equal.
Policy: a word that we do not know refuses its row. Nobody is subscribed on a word that we did not understand.
"""

from collections.abc import Iterable, Mapping

NONE, SUBSCRIBED, UNSUBSCRIBED, PENDING, BOUNCED, COMPLAINED, BLOCKED, INVALID = range(8)

# What we write ourselves into a column that we add; `of` reads it back.
NAMES: Mapping[int, str] = {
    NONE: "",
    SUBSCRIBED: "subscribed",
    UNSUBSCRIBED: "unsubscribed",
    PENDING: "pending",
    BOUNCED: "bounced",
    COMPLAINED: "complained",
    BLOCKED: "blocked",
    INVALID: "invalid",
}
_WORDS: Mapping[int, str] = {
    SUBSCRIBED: """subscribed subscriber active enabled confirmed optedin optin member subscribedmember valid abonniert aktiv
        abonne inscrit actif suscrito activo inscrito ativo subscrito""",
    UNSUBSCRIBED: """unsubscribed unsubscribe optedout optout inactive disabled left removed nonsubscribed notsubscribed archived
        transactional donotemail abgemeldet inaktiv desabonne desinscrit inactif baja inactivo inativo descadastrado cancelled
        canceled globalunsubscribe groupunsubscribe""",
    PENDING: "pending unconfirmed notconfirmed unverified waiting ausstehend unbestatigt enattente pendiente pendente",
    BOUNCED: "bounced bounce hardbounce hardbounced cleaned clean undeliverable unreachable bounces",
    COMPLAINED: "complained complaint spam spamreport spamreported reported abuse markedasspam junk",
    BLOCKED: "blocked blocklisted blacklisted blacklist blocklist suppressed suppression banned gesperrt bloque bloqueado",
    INVALID: "invalid invalidemail invalidaddress bad ungultig invalide invalido",
}
WORDS: Mapping[str, int] = {word: status for status, words in _WORDS.items() for word in words.split()}

# Of two rows of one person in several files, the later counts: the graver one comes last.
GRAVITY = (NONE, SUBSCRIBED, PENDING, UNSUBSCRIBED, BLOCKED, BOUNCED, INVALID, COMPLAINED)


def gravity(status: int) -> int:
    return GRAVITY.index(status)


def mostly(plain_words: Iterable[str]) -> bool:
    """Whether a column's cells (already plain, empty ones left out) say how people stand; all of them must."""
    words = set(plain_words)
    return bool(words) and words <= WORDS.keys()
