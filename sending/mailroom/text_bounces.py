"""Reading bounces that are written for people: qmail, Exim, Postfix' first part, Exchange, Domino, Gmail, Yahoo and the rest.

Policy: addresses and reasons are taken from the words, but never trusted for more than explaining: whom a bounce is about is
told by our token alone. Nothing behind the beginning of the copied message is read, or our own text would be judged.
"""

# ruff: noqa: E501  (what stands in a pattern is easier to read on one line)

import html
import re

from sending.judging.replies import CODE, STATUS, quoted
from sending.mailroom.dsn import MAX_RECIPIENTS, Action, Notice, one_line
from sending.mailroom.parts import Part

MAX_TEXT = 24_576
MAX_LINES = 400

ADDRESS = r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}"
_FIND = re.compile(ADDRESS)
# An address that begins a line, as bounces list them: `<a@x>:`, `  a@x`, `To: a@x`, `a@x (expanded from <b@x>): reason`.
_LEAD = re.compile(
    r"[ \t>*]{0,20}(?:(?:to|recipient|recipients|final recipient|original recipient|e-?mail address|user)[ \t]*:[ \t]*)?"
    rf"(?:rfc822;|smtp:|mailto:|[<\"'\[(])*({ADDRESS})[>\"'\])]*"
    r"(?:[ \t]*\([^()\n]{0,200}\))*[ \t]*(?:[:,-]|on \d|$|\.\.\.)(.*)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^(?:[-=_*. ]{0,20}(?:below (?:this line )?is (?:a|the) copy|this is a copy of|copy of (?:the|your) message|original message"
    r"|included is a copy|unsent message|message header|headers? of the (?:original )?message|returned message"
    r"|the following is a copy|original message headers?|your original message|message text follows|the body of your message)"
    r"|(?:received|return-path|dkim-signature|message-id|mime-version|content-type|x-[a-z-]{2,40}): |(?:from|to|subject): .*\n(?:date|from|to|sent|subject): )",
    re.IGNORECASE | re.MULTILINE,
)
_DELAYED = re.compile(
    r"warning message only|do not need to (?:resend|re-send)|not yet been delivered|will (?:keep|continue) (?:on )?(?:trying|to try)"
    r"|will (?:be )?re-?tr(?:y|ied)|still (?:being retried|trying)|delivery (?:is|has been|was) delayed|message (?:is|has been) delayed|delivery incomplete"
    r"|has not been delivered yet|no action is required on your part|temporarily undeliverable|gmail will retry",
    re.IGNORECASE,
)
_DELAYED_SUBJECT = re.compile(r"\bdelay(?:ed)?\b|verz[oö]ger|\bwarning\b.{0,40}(?:could not|still|not)", re.IGNORECASE)
_FOR_GOOD = re.compile(
    r"permanent|giv(?:en|ing) up|returned to (?:the )?sender|could not be delivered|has failed|not be delivered to one or more",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|returned mail|return(?:ed)? to sender|(?:delivery|mail|message|sending) .{0,20}(?:fail|problem|error|status|notif|incomplete)|failure notice"
    r"|mail system error|failed delivery|could not (?:be )?(?:send|sent|deliver)|non ?(?:-| )?(?:remis|deliver)|unzustellbar|nicht zugestellt"
    r"|no (?:se )?(?:ha podido|se pudo) entreg|delivery report|rejected mail|bounce|\bdelayed\b|unknown (?:user|address)|mail could not|nondeliverable|impossible de remettre",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"this is (?:the|a) (?:qmail|mail|postfix|automatically|delivery|courier)|could not be delivered|wasn.t delivered|was not delivered|unable to deliver"
    r"|permanent (?:fatal )?error|did not reach|delivery has failed|delivery to the following|address(?:es)? (?:had|failed)|undeliverable|could not deliver"
    r"|couldn.t be delivered|failed to deliver|your message to .{1,200} (?:could|was|has)|delivery failure|host .{1,100} said:|konnte nicht zugestellt|not yet been delivered"
    r"|n.a pas pu [eê]tre|no se pudo entregar",
    re.IGNORECASE,
)
_SENDERS = (
    "mailer-daemon",
    "postmaster",
    "mail delivery",
    "mdaemon",
    "mail-daemon",
    "maildelivery",
    "microsoftexchange",
)
_TAGS = re.compile(r"<[a-zA-Z/!][^<>]{0,500}>")
_BREAKS = re.compile(r"<br|</(?:p|div|tr|li|h\d|td)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\xa0]+")


def is_bounce(message: Part, words: str) -> bool:
    """Whether a message says of itself that it is a bounce: by who wrote it, what it is called, and how it begins.

    `words`: see `words_of`.
    """
    if message.header("x-failed-recipients"):
        return True
    sender = message.header("from").lower()
    by_daemon = any(name in sender for name in _SENDERS) or message.header("return-path") == "<>"
    by_subject = _SUBJECT.search(message.words("subject")) is not None
    if by_daemon and by_subject:
        return True
    return (by_daemon or by_subject) and _BODY.search(words) is not None


def read(message: Part, words: str) -> tuple[Notice, ...]:
    """The notices in a bounce's words (see `words_of`); empty when they hold no reason. To be asked of messages that
    `is_bounce`, or that came from nobody to a return path.
    """
    subject = message.words("subject")
    action = Action.DELAYED if _is_delay(subject, words) else Action.FAILED
    whole = quoted(_reason_line(words))
    found = _listed(words)
    for address in _FIND.findall(message.header("x-failed-recipients"))[:MAX_RECIPIENTS]:
        found.setdefault(address.lower(), "")
    if not found:
        own = message.header("from").lower()
        loose = (a.rstrip(".") for a in _FIND.findall(words[:4096]))
        address = next((a for a in loose if a.lower() not in own and not a.lower().startswith(_SENDERS)), "")
        found = {address: ""}
    if len(found) == 1 and not whole.code and not whole.status:
        ((address, reason),) = found.items()
        at = words.lower().find(address) + len(address)
        if address and at >= len(address):  # no codes anywhere: the reason is whatever stands behind the address
            found = {address: words[at : at + 1500].replace("\n", " ").strip(" :>)\"'")}
    notices = []
    for address, reason in list(found.items())[:MAX_RECIPIENTS]:
        own_reply = quoted(reason)
        use_whole = not own_reply.code and not own_reply.status
        reply = whole if use_whole else own_reply
        text = one_line(reason) if reason.strip() and not (use_whole and reply.code) else one_line(_reason_line(words))
        if reply.code or reply.status or (address and text and _BODY.search(words + subject)):
            notices.append(
                Notice(
                    action=action,
                    status=reply.status,
                    code=reply.code,
                    text=text or one_line(subject),
                    recipient=address,
                )
            )
    return tuple(notices)


def words_of(message: Part) -> str:
    """The text of the first part that has any, up to where the copied message begins."""
    own = [message, *(c for c in message.children if message.kind.startswith("multipart/"))]
    own += [g for c in own[1:] if c.kind.startswith("multipart/") for g in c.children]
    for kind in ("text/plain", "text/html"):
        for part in own:
            if part.kind == kind and part.body.strip():
                text = part.text()[:MAX_TEXT]
                if kind == "text/html":
                    text = _seen(text)
                text = text.replace("\r\n", "\n").replace("\r", "\n")
                text = _BLANKS.sub(" ", text)
                copy = _COPY.search(text, 1)
                return text[: copy.start()] if copy and copy.start() > 20 else text
    return ""


def _seen(markup: str) -> str:
    """What a reader sees of HTML, roughly: without styles and tags, a line for each block."""
    for opens, closes in (("<style", "</style>"), ("<script", "</script>"), ("<!--", "-->")):
        low = markup.lower()
        pieces, at = [], 0
        while (start := low.find(opens, at)) >= 0:
            pieces.append(markup[at:start])
            end = low.find(closes, start)
            at = end + len(closes) if end >= 0 else len(markup)
        markup = "".join(pieces) + markup[at:]
    return html.unescape(_TAGS.sub(lambda m: "\n" if _BREAKS.match(m.group()) else " ", markup))


def _is_delay(subject: str, words: str) -> bool:
    if _DELAYED_SUBJECT.search(subject):
        return not re.search(r"fail|undeliver", subject, re.IGNORECASE)
    return _DELAYED.search(words) is not None and not _FOR_GOOD.search(subject)


def _listed(words: str) -> dict[str, str]:
    """Addresses that begin a line, each with the reason that stands behind and below it."""
    found: dict[str, str] = {}
    current = ""
    for line in words.split("\n", MAX_LINES)[:MAX_LINES]:
        lead = _LEAD.match(line[:1000]) if "@" in line else None
        if lead is not None:
            current = lead.group(1).rstrip(".").lower()
            found.setdefault(current, "")
            found[current] = (found[current] + " " + lead.group(2).strip()).strip()[:2000]
            if len(found) > MAX_RECIPIENTS:
                break
        elif not line.strip():
            if current and found[current]:
                current = ""
        elif current and len(found[current]) < 1500:
            found[current] = (found[current] + " " + line.strip())[:2000].strip()
    return found


def _reason_line(words: str) -> str:
    """The line that carries the first reply or status code, with what follows it; else the line that reads like a reason."""
    places = [m.start() for m in (CODE.search(words), STATUS.search(words)) if m is not None]
    if places:
        at = min(places)
        start = words.rfind("\n", 0, at) + 1
        paragraph = words[start : start + 1500].split("\n\n", 1)[0]
        return paragraph.replace("\n", " ").strip()
    match = _BODY.search(words)
    if match is None:
        return ""
    start = words.rfind("\n\n", 0, match.start()) + 1
    return words[start : start + 1000].replace("\n", " ").strip()
