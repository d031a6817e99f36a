"""The relay's Composer over tables: letters are loaded and made into stencils once, then filled for each recipient.

What a letter needs (key, brand, topic) is read again after a minute, so that a new DKIM key or link host is used soon.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import sha256
from typing import Any, Generic, TypeVar

from accounts import derived_keys
from contacts import tokens as contact_tokens
from sending import dkim, keys, merging
from sending.adapters.ledger import Load
from sending.adapters.lines import Line
from sending.adapters.signing import SigningThreads
from sending.enums import Reason
from sending.mime import lines
from sending.mime.letterhead import Letterhead, Sender, assemble
from sending.mime.stencils import Stencil
from sending.relay import verp
from sending.relay.ports import Letter, Parcel, Unmakeable
from sending.tracking import tokens as tracking_tokens
from sending.tracking.about import of_delivery

log = logging.getLogger(__name__)

KEEP_SECONDS = 60.0
KEEP_LETTERS = 500
MAX_SUBJECT = 900
MAX_BODY = 5 * 1024 * 1024  # bytes; receivers take more, readers do not
TOLL_LETTERS = 20  # of a mailing, before it is judged what they take
TOLL_SECONDS = 0.02  # of the processor, for a message on the average: three times what may be compiled ever needs
Thing = TypeVar("Thing")

SENDER_ID = "posthouse"  # Feedback-ID: 5 to 15 characters, always the same

LETTER = """
SELECT t.plan, t.facts, t.from_name, t.from_local, t.reply_to, d.name, d.selector, d.private_key,
       CASE WHEN d.second_works THEN d.second_selector ELSE '' END, d.second_private_key, d.return_path_label,
       b.link_host, b.name, m.public_id, o.public_id, o.time_zone, o.locale, p.public_id, p.name
FROM sending_letter t
JOIN sending_sendingdomain d ON d.id = t.domain_id
JOIN accounts_brand b ON b.id = t.brand_id
JOIN accounts_organization o ON o.id = t.organization_id
JOIN sending_mailing m ON m.id = %(mailing)s
LEFT JOIN contacts_topic p ON p.id = m.topic_id
WHERE t.id = %(letter)s
"""

# Mail of an organization that has no domain yet comes from the house's: then it is the house's to sign.
STORED = """
SELECT s.raw, coalesce(s.domain_id, (
    SELECT h.id FROM sending_sendingdomain h JOIN accounts_organization o ON o.id = h.organization_id
    WHERE o.is_house AND h.name = %(house)s AND split_part(s.from_address, '@', 2) = h.name))
FROM sending_storedmessage s WHERE s.delivery_id = %(delivery)s
"""

DOMAIN = """
SELECT name, selector, private_key, CASE WHEN second_works THEN second_selector ELSE '' END, second_private_key,
       return_path_label
FROM sending_sendingdomain WHERE id = %(domain)s
"""


@dataclass(slots=True)
class Toll:
    """What merging one mailing's messages took of the processor.

    The mail of all organizations goes through one loop: who takes far more of it than any letter needs, gets no more of it.
    """

    letters: int = 0
    seconds: float = 0.0

    def ask(self) -> None:
        """Raises Unmakeable for the mailing that took too much."""
        if self.letters >= TOLL_LETTERS and self.seconds > TOLL_SECONDS * self.letters:
            raise Unmakeable(
                Reason.MERGE,
                f"Merging takes {self.seconds / self.letters * 1000:.0f} ms of the processor for each message; "
                f"{TOLL_SECONDS * 1000:.0f} are allowed. Use fewer filters and loops on long values.",
            )

    def pay(self, seconds: float) -> None:
        self.letters += 1
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class Mould:
    """A letter of one mailing, ready to be filled."""

    plan: merging.Plan
    stencil: Stencil
    letterhead: Letterhead
    signer: dkim.Signer
    second: dkim.Signer | None
    same_for_all: dict[str, str]
    link_base: str
    toll: Toll = field(default_factory=Toll)


@dataclass(frozen=True, slots=True)
class Seal:
    """A sending domain, as stored mail needs it."""

    signer: dkim.Signer
    second: dkim.Signer | None
    return_path: str


class LetterComposer:
    """A Composer (sending/relay/ports.py). `link_url`: where links lead when a brand has no host of its own."""

    def __init__(self, dsn: str, *, signing: SigningThreads, link_url: str, house_domain: str) -> None:
        self._line = Line(dsn, name="relay letters")
        self._signing = signing
        self._link_url = link_url
        self._house_domain = house_domain or "localhost"
        self._verp_key = derived_keys.keys_for(verp.PURPOSE)[0]
        self._tracking_key = derived_keys.keys_for(tracking_tokens.PURPOSE)[0]
        self._moulds: Kept[Mould] = Kept()
        self._seals: Kept[Seal] = Kept()
        self._date = (0, b"")

    async def compose(self, parcel: Parcel) -> Letter:
        load: Load = parcel.load
        if load.letter_id is None:
            return await self._stored(parcel)
        mould = self._moulds.peek((load.letter_id, load.mailing_id))
        if mould is None:
            mould = await self._moulds.get(
                (load.letter_id, load.mailing_id), lambda: self._mould(load.letter_id, load.mailing_id)
            )
        unsigned, second, head, body, return_path = self._fill(mould, parcel, load)
        # RSA on top: some receivers look at the first signature only.
        signed = dkim.finish(unsigned, await self._signing.sign(unsigned)) + second
        return Letter(return_path, assemble(signed, head, body), utf8=not parcel.address.isascii(), is_stuffed=True)

    async def close(self) -> None:
        self._signing.close()
        await self._line.close()

    # --- letters ------------------------------------------------------------------------------------------------------

    def _fill(self, mould: Mould, parcel: Parcel, load: Load) -> tuple[dkim.Unsigned, bytes, bytes, bytes, str]:
        at = int(time.time())
        head, canonical, body, return_path = self.write(mould, parcel, load, at)
        body_hash = sha256(body).digest()
        unsigned = dkim.prepare(mould.signer, canonical, body_hash=body_hash, at=at)
        second = dkim.signature(mould.second, canonical, body_hash=body_hash, at=at) if mould.second else b""
        return unsigned, second, head, body, return_path

    def write(
        self, mould: Mould, parcel: Parcel, load: Load, at: int
    ) -> tuple[bytes, list[tuple[bytes, bytes]], bytes, str]:
        """One message before it is signed: header, its canonical fields, body, return path. Raises Unmakeable."""
        about, about_in_address = contact_tokens.mint_both(
            organization_id=load.organization_id, contact_id=load.contact_id or 0, about=of_delivery(parcel.id)
        )
        marks = tracking_tokens.MessageTokens(delivery_id=parcel.id, mailing_id=load.mailing_id, key=self._tracking_key)
        base = mould.link_base
        unsubscribe_url = f"{base}/u/{about}"
        values: dict[str, Any] = {f"contact.{name}": value for name, value in (load.values or {}).items()}
        values.update(mould.same_for_all)
        values["contact.email"] = parcel.address
        values["reader.locale"] = load.locale
        values["unsubscribe_url"] = unsubscribe_url
        values["preferences_url"] = f"{base}/p/{about}"
        if "web_version_url" in mould.plan.names:
            values["web_version_url"] = f"{base}/v/{marks.view()}"
        click = f"{base}/c/"
        computes, began = mould.plan.computes, 0.0
        if computes:
            mould.toll.ask()
            began = time.thread_time()  # asks the kernel, which takes as long as ten links
        try:
            filled = merging.fill(
                mould.plan,
                values,
                links=[click + token for token in marks.clicks(len(mould.plan.links))],
                pixel=f"{base}/i/{marks.pixel()}.gif",
            )
        except merging.Unmergeable as error:
            raise Unmakeable(Reason.MERGE, str(error)) from error
        finally:
            if computes:
                mould.toll.pay(time.thread_time() - began)
        subject = mould.plan.subject.join(filled)
        if len(subject) > MAX_SUBJECT:
            raise Unmakeable(
                Reason.MERGE, f"The subject has {len(subject)} characters after the merge; {MAX_SUBJECT} are allowed."
            )
        localpart = verp.mint(parcel.id, secret=self._verp_key)
        return_path = f"{localpart}@{mould.letterhead.return_path}"
        try:
            head, canonical = mould.letterhead.write(
                to=parcel.address,
                subject=subject,
                date=self._rfc5322_date(at),
                message_id=return_path,
                unsubscribe_url=unsubscribe_url,
                unsubscribe_box="u+" + about_in_address,
                mark=localpart,
            )
        except ValueError as error:
            raise Unmakeable(Reason.MERGE, str(error)) from error
        body = mould.stencil.fill(filled)
        if len(body) > MAX_BODY:
            raise Unmakeable(
                Reason.MERGE, f"The mail has {len(body):,} bytes after the merge; {MAX_BODY:,} are allowed."
            )
        return head, canonical, body, return_path

    async def _mould(self, letter_id: int | None, mailing_id: int) -> Mould:
        rows = await self._line.rows(LETTER, {"letter": letter_id, "mailing": mailing_id})
        if not rows:
            raise Unmakeable(Reason.CONTENT_LOST, "The content of this send is not there any more.")
        (
            plan_json,
            facts,
            *sender,
            link_host,
            brand_name,
            mailing,
            organization,
            time_zone,
            locale,
            topic,
            topic_name,
        ) = rows[0]
        from_name, from_local, reply_to, domain, selector, private_key, second_selector, second_key, label = sender
        try:
            plan = merging.Plan.from_json(plan_json)
            merging.prepare(plan)
        except merging.MergeError as error:
            raise Unmakeable(Reason.MERGE, f"The content of this send cannot be read: {error}") from error
        return Mould(
            plan=plan,
            stencil=Stencil(
                text=(plan.text.chunks, plan.text.slots),
                html=(plan.html.chunks, plan.html.slots),
                choices=plan.choices,
            ),
            letterhead=Letterhead(
                Sender(
                    from_name=from_name or brand_name,
                    from_address=f"{from_local}@{domain}",
                    reply_to=reply_to,
                    return_path=f"{label}.{domain}",
                    list_name=topic_name or brand_name,
                    list_label=f"{topic or 'all'}.{organization}.lists".lower(),
                    feedback_id=f"{mailing}:{organization}:mkt:{SENDER_ID}",
                )
            ),
            signer=self._signer(domain, selector, private_key),
            second=self._second(domain, second_selector, second_key),
            same_for_all={
                "topic.name": topic_name or "",
                "organization.time_zone": time_zone,
                "organization.locale": locale,
                **{f"{group}.{name}": str(value) for group, values in facts.items() for name, value in values.items()},
            },
            link_base=f"https://{link_host}" if link_host else self._link_url,
        )

    def _signer(self, domain: str, selector: str, sealed: bytes) -> dkim.Signer:
        try:
            return dkim.Signer(domain, selector, dkim.load_key(keys.decrypt(bytes(sealed), purpose=keys.DKIM)))
        except (keys.Unreadable, dkim.KeyUnusable) as error:
            raise Unmakeable(Reason.CONTENT_LOST, f"The DKIM key of {domain} cannot be used. {error}") from error

    def _second(self, domain: str, selector: str, sealed: bytes) -> dkim.Signer | None:
        """The second signer, where there is one; mail never waits for it."""
        if not selector:
            return None
        try:
            return self._signer(domain, selector, sealed)
        except Unmakeable as error:
            log.error("Mail is signed once only. %s", error.text)
            return None

    def _rfc5322_date(self, at: int) -> bytes:
        if self._date[0] != at:
            self._date = (at, formatdate(at).replace("-0000", "+0000").encode("ascii"))
        return self._date[1]

    # --- stored mail ----------------------------------------------------------------------------------------------------

    async def _stored(self, parcel: Parcel) -> Letter:
        rows = await self._line.rows(STORED, {"delivery": parcel.id, "house": self._house_domain})
        if not rows:
            raise Unmakeable(Reason.CONTENT_LOST, "The content of this message is not there any more.")
        raw, domain_id = rows[0]
        content = lines.normalise(bytes(raw))
        utf8 = not parcel.address.isascii() or not content.partition(b"\r\n\r\n")[0].isascii()
        localpart = verp.mint(parcel.id, secret=self._verp_key)
        if domain_id is None:
            return Letter(f"{localpart}@{self._house_domain}", content, lines.is_eight_bit(content), utf8)
        seal = await self._seals.get((domain_id,), lambda: self._seal(domain_id))
        fields, body = dkim.split(content)
        canonical = [(dkim.name_of(field), dkim.relaxed_field(field)) for field in fields]
        body_hash, at = sha256(dkim.relaxed_body(body)).digest(), int(time.time())
        unsigned = dkim.prepare(seal.signer, canonical, body_hash=body_hash, at=at)
        signature = dkim.finish(unsigned, await self._signing.sign(unsigned))
        if seal.second is not None:
            signature += dkim.signature(seal.second, canonical, body_hash=body_hash, at=at)
        return Letter(f"{localpart}@{seal.return_path}", signature + content, lines.is_eight_bit(content), utf8)

    async def _seal(self, domain_id: int) -> Seal:
        ((name, selector, private_key, second_selector, second_key, label),) = await self._line.rows(
            DOMAIN, {"domain": domain_id}
        )
        return Seal(
            self._signer(name, selector, private_key),
            self._second(name, second_selector, second_key),
            f"{label}.{name}",
        )


class Kept(Generic[Thing]):
    """Things that are costly to make, for a minute; made once at a time."""

    def __init__(self) -> None:
        self._things: OrderedDict[tuple[Any, ...], tuple[float, Thing]] = OrderedDict()
        self._making: dict[tuple[Any, ...], asyncio.Task[Thing]] = {}

    def peek(self, name: tuple[Any, ...]) -> Thing | None:
        kept = self._things.get(name)
        return kept[1] if kept is not None and time.monotonic() < kept[0] else None

    async def get(self, name: tuple[Any, ...], make: Callable[[], Coroutine[Any, Any, Thing]]) -> Thing:
        thing = self.peek(name)
        if thing is not None:
            return thing
        task = self._making.get(name)
        if task is None:
            task = self._making[name] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._made(name, done))
        return await asyncio.shield(task)

    def _made(self, name: tuple[Any, ...], task: "asyncio.Task[Thing]") -> None:
        del self._making[name]
        if task.cancelled() or task.exception() is not None:
            return
        self._things[name] = (time.monotonic() + KEEP_SECONDS, task.result())
        self._things.move_to_end(name)
        if len(self._things) > KEEP_LETTERS:
            self._things.popitem(last=False)
