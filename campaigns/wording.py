"""What became of a message, in plain words: what happened, what it means, what to do. No Django in here.

Keys are the ledger's words: states, suppression reasons, and the relay's classes of trouble.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Words:
    """`what` happened (a sentence), and what to do ("" when nothing)."""

    what: str
    do: str = ""


# Why somebody was skipped.
SKIPPED: Final[dict[str, Words]] = {
    "unsubscribed": Words(
        "They had unsubscribed from all marketing mail.", "Only they can change that, on their preference page."
    ),
    "unsubscribed_topic": Words(
        "They unsubscribed from this topic before it was their turn.", "Only they can change that."
    ),
    "unconfirmed": Words(
        "They have not confirmed yet that they want this mail.", "They can still use the link in the confirmation mail."
    ),
    "complained": Words("They had reported earlier mail as spam.", "Do not write to them again."),
    "invalid": Words("Their server had said that this address does not exist.", "Ask them for another address."),
    "bounced": Words("Mail to this address came back again and again.", "Ask them for another address."),
    "manual": Words(
        "Somebody of your organization put the address on the do-not-send list.", "Lift it there, with a reason."
    ),
    "imported": Words(
        "The address came with the do-not-send list of an earlier service.", "Lift it there if you know better."
    ),
    "erased": Words("They asked to be forgotten.", "That stays."),
    "house": Words("Nobody may write to this address from this Posthouse.", "Ask its operator, who keeps that list."),
    "paused": Words(
        "They paused their mail, and it had not ended yet when it was their turn.",
        "Nothing to do: they get mail again when their pause ends, or when they say so.",
    ),
    "less_often": Words(
        "They want mail less often, and had one of yours not long ago.",
        "Nothing to do: only they can change that, on their preference page.",
    ),
    "archived": Words(
        "They were archived before it was their turn.", "Bring them back if they should get the next one."
    ),
    "cancelled": Words("The send was cancelled before it was their turn."),
    "taken_back": Words("The launch was taken back before anything left."),
}

# What a server's refusal or delay is about.
TROUBLE: Final[dict[str, Words]] = {
    "invalid_recipient": Words(
        "Their server says that this address does not exist.",
        "Ask them for another address. We send nothing more to this one.",
    ),
    "invalid_domain": Words("The domain of this address takes no mail.", "Look for a slip of the pen in the address."),
    "no_such_domain": Words(
        "The domain of this address does not exist at this moment.", "Look for a slip of the pen in the address."
    ),
    "inactive": Words("Their server says that this mailbox is closed.", "Ask them for another address."),
    "user_unknown_temporary": Words(
        "Their server does not know this address at this moment.", "If it goes on, ask them for another address."
    ),
    "policy_recipient": Words(
        "They, or their server on their behalf, do not take mail from you.",
        "Ask them another way whether they want it.",
    ),
    "expired": Words("Their server could not be brought to take it in days."),
    "mailbox_full": Words("Their mailbox is full.", "Nothing to do: we try again. It helps to tell them another way."),
    "greylisted": Words("Their server asks every new sender to come back later.", "Nothing to do: we come back."),
    "rate_limit": Words("Their server asked us to slow down. We did."),
    "rate_quota": Words("Their server takes no more from us for a while. We wait."),
    "recipient_busy": Words("This mailbox gets too much mail at this moment. We come back."),
    "too_many_connections": Words("Their server asked for fewer connections. We use fewer."),
    "connection_used_up": Words("Their server closed the connection. We come back."),
    "ip_reputation": Words(
        "Their server does not trust our sending address at this moment.", "Look at your sender health."
    ),
    "authentication": Words("Their server could not verify that the mail is yours.", "Look at your domain's records."),
    "domain_reputation": Words(
        "Their server does not trust your domain.", "Write less and to people who want it; look at your sender health."
    ),
    "content": Words("Their server took the content for spam or harmful.", "Look at the words and links of this mail."),
    "policy": Words("Their server refuses by a rule of its own.", "Ask their postmaster, with the reply below."),
    "too_large": Words("The mail is too large for their server.", "Make it smaller."),
    "routing": Words("Their domain's mail servers could not be found or reached."),
    "network": Words("Their server could not be reached."),
    "dns": Words("The DNS did not say where their server is."),
    "protocol": Words("Their server and ours did not understand each other."),
    "out_of_step": Words("Their server's answers came out of order. We start again."),
    "server_trouble": Words("Their server has trouble of its own. We come back."),
    "tls": Words("A safe connection to their server could not be made."),
    "relay_lost": Words("Our relay was stopped between the last byte and the answer."),
    "esp_account": Words("Your ESP refuses your account.", "Look at its page in Settings, Routes."),
    "esp_refused": Words("Your ESP refused the message.", "Mend what it says below, then send it again."),
    "esp_suppressed": Words("Your ESP does not send to this address: it is on its own list.", "Look at its list."),
    "no_report": Words(
        "Your ESP took it and has not said for days what became of it.", "Look whether its reports reach us."
    ),
    "unclassified": Words("Their server gave the reply below."),
    "operator": Words("An operator of this Posthouse held it back."),
    "merge": Words(
        "The content could not be made for this person: our fault.", "Look at their fields, then send it again."
    ),
    "content_lost": Words("The content is missing: our fault.", "Tell an operator."),
}

STATES: Final[dict[str, Words]] = {
    "queued": Words("It waits for its turn."),
    "sending": Words("It is being sent at this moment."),
    "deferred": Words("Their server asked us to come back later. We will."),
    "handed_over": Words("Your ESP took it and carries it on. It has not said yet what became of it."),
    "delivered": Words("Their server accepted it.", "If they do not see it, ask them to look in the spam folder."),
    "bounced": Words("Their server refused it."),
    "expired": Words("Their server kept asking us to come back later, until we gave up."),
    "suppressed": Words("It was skipped on purpose."),
    "cancelled": Words("The send was cancelled before it was their turn."),
    "failed": Words("It could not be made: our fault.", "Send it again once the cause is mended."),
    "in_doubt": Words(
        "Unconfirmed: the line was cut after the last byte and before the answer.",
        "Ask them, or send it again: they might then get it twice.",
    ),
}


def words(state: str, reason: str = "") -> Words:
    """The words for a message in a state, for a reason (a class of trouble, or why it was skipped)."""
    general = STATES.get(state, Words("We do not know."))
    special = (SKIPPED if state in ("suppressed", "cancelled") else TROUBLE).get(reason)
    if special is None:
        return general
    if state == "expired" and reason == "operator":
        return Words("An operator of this Posthouse held it back until it was too old to be sent.")
    if state == "expired":
        return Words(f"{special.what} We tried again and again, then gave up.", special.do)
    if state == "in_doubt":
        return Words(f"{general.what} {special.what}", general.do)
    return special


# Why a relay sends nothing to a place for a while: what the place did.
_HELD: Final[dict[str, str]] = {
    "rate_limit": "{who} asked us to slow down",
    "rate_quota": "{who} takes no more from us for a while",
    "too_many_connections": "{who} asked for fewer connections",
    "ip_reputation": "{who} does not trust our sending address at this moment",
    "domain_reputation": "{who} does not trust the domain at this moment",
    "greylisted": "{who} asks every new sender to come back later",
    "server_trouble": "{who} has trouble of its own",
    "network": "{who} could not be reached",
    "dns": "the DNS did not say where {who} is",
    "tls": "a safe connection to {who} could not be made",
    "protocol": "{who} and we did not understand each other",
    "content": "{who} took the content for spam or harmful",
    "authentication": "{who} could not verify who the mail is from",
    "policy": "{who} refused by a rule of its own",
    "connection_used_up": "{who} takes few messages at once",
    "unclassified": "{who} put off much of what was sent",
    "operator": "an operator of this Posthouse held it back",
}

# Why a send stands still, as the ledger calls it.
HOLDS: Final[dict[str, str]] = {
    "undo": "The launch can still be taken back: nothing leaves before that time is over.",
    "rest": "They wait for what becomes of the first people.",
    "paused": "The send is paused.",
    "cancelled": "The send was cancelled.",
    "posthouse": "Posthouse has paused the send: it waits for you.",
}


def who(provider: str) -> str:
    """A provider, inside of a sentence."""
    return provider if provider not in ("", "Other") else "their server"


def held(cause: str, provider: str) -> str:
    """Why nothing is sent to a place for a while, from the class of trouble: a part of a sentence."""
    return _HELD.get(cause, "{who} refused to talk to us").format(who=who(provider))


def ruled(*, is_hold: bool, cause: str, provider: str, whose: str, limits: str, told: str) -> str:
    """What was decreed about mail, for the people whose mail it is. `whose`: "your", "this campaign's" or "all". `limits`: as
    sending.queries.rulings says them; `told`: what the operator tells them.
    """
    mail = (
        f"{whose} mail{f' to {provider}' if provider not in ('', 'Other') else ' to other servers' if provider else ''}"
    )
    if cause and is_hold:
        because = held(cause, provider)
        return (
            f"{because[:1].upper()}{because[1:]}. We send nothing there of {whose} mail for a while, from any address."
        )
    deed = f"holds {mail}" if is_hold else f"lets {mail} go slower{limits}"
    return f"An operator of this Posthouse {deed}.{f' {told}' if told else ''}"


def waited(facts: Mapping[str, Any], provider: str) -> str:
    """How long it had waited before it was tried, and for what, from the facts of its event; "" for nothing worth telling."""
    seconds, still = (_number(facts.get(name)) for name in ("waited", "held"))
    if not seconds:
        return ""
    if still < 1:
        return f"Before that it waited {span(seconds)} for its turn."
    because = f"because {held(str(facts.get('held_for') or ''), provider)}"
    if still >= 0.8 * seconds:
        return f"Before that we waited {span(seconds)} {because}."
    return f"Before that it waited {span(seconds)}, {span(still)} of it {because}."


def tried(facts: Mapping[str, Any]) -> str:
    """Where it was tried, from which address of ours and how long that took; "" when that is not known."""
    host, address, took = str(facts.get("host") or ""), str(facts.get("address") or ""), facts.get("took")
    place = f"{host} ({address})" if host and address else host or address
    source, name = str(facts.get("source") or ""), str(facts.get("source_name") or "")
    if place and source:
        place += f", from {source} ({name})" if name else f", from {source}"
    length = f"in {_seconds(_number(took))}" if isinstance(took, int | float) else ""
    return " ".join(filter(None, (f"At {place}" if place else "", length))).strip() + "." if place or length else ""


def span(seconds: float) -> str:
    """A length of time, in the unit that fits: "40 seconds", "4 minutes", "2 hours", "3 days"."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * size or (unit == "minute" and seconds >= size):
            n = round(seconds / size)
            return f"{n} {unit}{'' if n == 1 else 's'}"
    n = round(seconds)
    return f"{n} second{'' if n == 1 else 's'}"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 60 else span(seconds)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def trouble(reason: str) -> str:
    """What the last try came to, from its class of trouble."""
    return (TROUBLE.get(reason) or STATES["deferred"]).what


def delay(code: str, reason: str) -> str:
    """Why messages wait, in a few words, for a list."""
    known = TROUBLE.get(reason)
    return known.what if known else f"Their server answered {code}." if code else "Their server could not be reached."


_PROOFS: Final[dict[str, str]] = {
    "dane": "Encrypted, and the server proved by DANE that it is theirs",
    "sts": "Encrypted, and the server proved by its certificate that it is theirs (MTA-STS)",
    "opportunistic": "Encrypted; who the server was has not been proved",
}


def protection(tls: str) -> str:
    """What a conversation was protected by, from the words of its event: `TLSv1.3 TLS_AES_256_GCM_SHA384 dane`, or `none`."""
    if not tls:
        return ""
    if tls == "none":
        return "In clear text: their server offered no encryption that works."
    *how, proof = tls.split()
    if proof not in _PROOFS:
        how.append(proof)
    return f"{_PROOFS.get(proof, 'Encrypted')} ({', '.join(how)})."
