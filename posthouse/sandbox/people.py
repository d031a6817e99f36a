"""The sandbox's people: who opens, clicks, leaves, complains or is away. The same seed gives the same people every time."""

from posthouse.sandbox import letters, reports
from posthouse.sandbox.chance import between, chance
from posthouse.sandbox.characters import Cast, Provider
from posthouse.sandbox.errands import AGENTS, Errands

LATE_BOUNCES = (
    ("5.1.1", "550 5.1.1 <{rcpt}>: this person has left"),
    ("5.2.2", "552 5.2.2 <{rcpt}>: mailbox is full"),
    ("5.7.1", "550 5.7.1 <{rcpt}>: a filter behind the front door refused this message"),
)


class People:
    """Reacts to each piece of marketing mail that a provider took."""

    def __init__(self, *, cast: Cast, errands: Errands, seed: str, house_domain: str) -> None:
        self._cast = cast
        self._errands = errands
        self._seed = seed
        self._complaints_to = f"fbl@{house_domain}"

    def got(self, *, provider: Provider, rcpt: str, sender: str, headers: dict[str, str], raw: bytes) -> None:
        """A message was put into a mailbox: decide at once, do it later."""
        about = headers.get("feedback-id") or headers.get("subject", "")

        def happens(what: str, share: float) -> bool:
            return share > 0 and chance(self._seed, what, rcpt, about) < share

        def after(what: str) -> float:
            low, high = self._cast.delays[what]
            return between(self._seed, low, high, "after", what, rcpt, about)

        host = provider.mx[0]
        if happens("late_bounce", provider.late_bounce):
            if sender:
                which = int(chance(self._seed, "late", rcpt, about) * len(LATE_BOUNCES))
                status, reply = LATE_BOUNCES[which]
                reply = reply.format(rcpt=rcpt)
                message = reports.bounce(host=host, to=sender, rcpt=rcpt, status=status, reply=reply, original=raw)
                self._errands.mail(after=after("late_bounce"), sender="", to=sender, message=message)
            return  # it never reached the person
        habits = provider.habits
        if sender and happens("away", habits.get("away", 0.0)):
            message = reports.away(rcpt=rcpt, to=sender, subject=headers.get("subject", ""))
            self._errands.mail(after=after("away"), sender=rcpt, to=sender, message=message)
        if happens("complain", habits.get("complain", 0.0)):
            to = letters.address_in(headers.get("cfbl-address", "")) or self._complaints_to
            message = reports.complaint(host=host, to=to, original=raw)
            self._errands.mail(after=after("complain"), sender=f"feedback@{host}", to=to, message=message)
        if not happens("open", habits.get("open", 0.0)):
            return
        links = letters.links_in(raw)
        agent = AGENTS[int(chance(self._seed, "agent", rcpt) * len(AGENTS))]
        opened = after("open")
        if links.pixel:
            self._errands.get(after=opened, host=links.host, path=links.pixel, agent=agent)
        # `click` is a share of all messages, and only who opened can click.
        if links.clicks and happens("click", habits.get("click", 0.0) / max(habits.get("open", 0.0), 0.001)):
            wanted = 1 + int(chance(self._seed, "clicks", rcpt, about) * 1.4)
            for n in range(min(wanted, len(links.clicks))):
                which = int(chance(self._seed, "link", str(n), rcpt, about) ** 1.5 * len(links.clicks))
                moment = opened + (n + 1) * after("click")
                self._errands.get(after=moment, host=links.host, path=links.clicks[which], agent=agent)
        if happens("unsubscribe", habits.get("unsubscribe", 0.0) / max(habits.get("open", 0.0), 0.001)):
            host_of_link, path = letters.leave_url(headers)
            if path:
                self._errands.post_leave(after=opened + after("unsubscribe"), host=host_of_link, path=path)
