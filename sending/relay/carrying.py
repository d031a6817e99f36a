"""Carrying: hand a claimed delivery to its site, make its content, send it with leave for the final dot, settle what became of it.

Trap: a mailing that was paused must stop at once, without hanging up once for every message that waits.
"""

import logging
import random
from collections import Counter
from dataclasses import replace

from sending.judging import trouble
from sending.judging.trouble import Outcome
from sending.relay import retries
from sending.relay.accounts import Call
from sending.relay.chunking import Chunking
from sending.relay.commits import Commits, Granted
from sending.relay.lanes import Lanes
from sending.relay.obeying import Obeying
from sending.relay.open_sites import OpenSites
from sending.relay.parking import Parking
from sending.relay.ports import Clock, Composer, Leave, Letter, Parcel, Settlement, Unmakeable, Unreachable, Verdict
from sending.relay.session import Session
from sending.relay.site import Site
from sending.relay.transactions import NoLeave, carry
from sending.relay.waits import LEAST, Waits
from sending.relay.waves import Waves
from sending.relay.ways import Ways

log = logging.getLogger(__name__)

NO_ADDRESS = "No relay has an address of the pool that this mail leaves by."


class Carrying:
    """The sites' Carrier. `delivered` counts messages; `talks` are the conversations of now, by (organization, provider)."""

    def __init__(
        self,
        composer: Composer,
        clock: Clock,
        chance: random.Random,
        *,
        lanes: Lanes,
        ways: Ways,
        sites: OpenSites,
        commits: Commits,
        waves: Waves,
        parking: Parking,
        obeying: Obeying,
    ) -> None:
        self._composer = composer
        self._clock = clock
        self._chance = chance
        self._lanes = lanes
        self._ways = ways
        self._sites = sites
        self._commits = commits
        self._waves = waves
        self._parking = parking
        self._obeying = obeying
        self._chunking = Chunking(clock)
        self.delivered = 0
        self.talks: Counter[tuple[int, str]] = Counter()

    def place(self, parcel: Parcel) -> bool:
        """A claimed parcel: to its site, or settled at once when it goes nowhere. False: it went back."""
        if parcel.refusal:
            self._commits.settle(Settlement(parcel.id, "suppressed", parcel.refusal, tried=False))
            return True
        route = self._ways.route(parcel.lane.way)
        if route is None:
            return self._turn_back(parcel)
        site = self._sites.best(parcel, route, is_held=lambda site: self._obeying.is_held(site, parcel.lane))
        if site is None:
            if self._expires(parcel) <= self._clock.wall() and self._sites.is_hopeless(parcel.lane.pool_id):
                self._expire(parcel, Verdict(trouble.NETWORK, text=NO_ADDRESS), None, source_id=0)
                return True
            self.release(parcel)
            return False
        hold = self._obeying.hold(site, parcel.lane)
        if (site.is_held or hold is not None) and self._expires(parcel, site) <= self._clock.wall():
            verdict = Verdict(trouble.NETWORK, text=site.held_for, host=route.hosts[0])
            if hold is not None:
                verdict = Verdict(replace(trouble.NETWORK, category=hold.told_cause), host=route.hosts[0])
            self._expire(parcel, verdict, site, source_id=0)
            return True
        if hold is not None:
            self.release(parcel)
            return False
        self._obeying.gates.passed(parcel.id, site, parcel.lane, self._clock.monotonic())
        return site.put(parcel)

    def _turn_back(self, parcel: Parcel) -> bool:
        """No route leads to its domain. False: it went back."""
        obstacle = self._ways.obstacle(parcel.lane.way)
        if obstacle is None:
            self.release(parcel)
            return False
        self._ways.told(parcel.lane.way)
        self._settle(parcel, obstacle.verdict(attempts=parcel.attempts), None)
        return True

    # --- what sites ask for (sending/relay/site.py: Carrier) ----------------------------------------------------------

    async def deliver(self, site: Site, session: Session | Call, parcel: Parcel) -> Verdict | None:
        """Carry one parcel; None when it has been dealt with without a verdict of the site."""
        if self._obeying.hold(site, parcel.lane) is not None:
            self.release(parcel)
            return None
        letter = await self._compose(parcel)
        if letter is None:
            return None
        answer = self._commits.ask(parcel.id)
        refused: list[Leave | None] = []
        may_have_left = False

        async def ask() -> None:
            nonlocal may_have_left
            pending = answer
            while True:
                granted: Granted | None = await pending
                if granted is None or not granted.leave.granted or (granted.leave.tls_only and not session.tls):
                    refused.append(granted.leave if granted else None)
                    raise NoLeave
                if self._commits.is_fresh(granted):
                    may_have_left = True
                    return
                pending = self._commits.ask(parcel.id)

        began = self._clock.monotonic()
        talk = (parcel.lane.organization_id, site.provider.name)
        self.talks[talk] += 1
        try:
            if isinstance(session, Call):
                verdict = await session.carry(letter, parcel.address, ask=ask)
            else:
                verdict = await carry(
                    session, letter, parcel.address, provider=site.provider.name, ask=ask, chunking=self._chunking
                )
        except NoLeave:
            self._refused(parcel, refused[0])
            return None
        except Exception:
            log.exception("The conversation about delivery %d ended with an error of ours.", parcel.id)
            session.abort()
            judgement = trouble.IN_DOUBT if may_have_left else trouble.CUT
            verdict = Verdict(judgement, text="an error of ours; it is in the relay's log", host=session.host)
        finally:
            self.talks[talk] -= 1
            if not self.talks[talk]:
                del self.talks[talk]
        return replace(verdict, took=self._clock.monotonic() - began)

    def conclude(self, site: Site, parcel: Parcel, verdict: Verdict) -> None:
        """Settle what a conversation came to."""
        if site.draining and verdict.judgement is trouble.CUT:
            self.release(parcel)  # we hung up ourselves
            return
        self._parking.weigh(site, parcel.lane, verdict)
        self._settle(parcel, verdict, site)

    def release(self, parcel: Parcel) -> None:
        """Give a parcel back as if it had never been claimed."""
        self._commits.settle(Settlement(parcel.id, "released", tried=False))
        self._lanes.has_news = True

    def hungry(self) -> None:
        """A site's queue is running low."""
        if self._lanes.ready:
            self._lanes.wake()

    # --- what becomes of a parcel -------------------------------------------------------------------------------------

    async def _compose(self, parcel: Parcel) -> Letter | None:
        """Its content; None when it could not be made, which has been settled."""
        try:
            return await self._composer.compose(parcel)
        except Unmakeable as error:
            self._fail(parcel, error.reason, error.text)
        except Unreachable:
            self.release(parcel)
        except Exception:
            log.exception("The content of delivery %d could not be made.", parcel.id)
            self._fail(parcel, "merge", "An error of ours; it is in the relay's log.")
        return None

    def _fail(self, parcel: Parcel, reason: str, text: str) -> None:
        self._commits.settle(Settlement(parcel.id, "failed", reason, text=text, tried=False))

    def _refused(self, parcel: Parcel, leave: Leave | None) -> None:
        """No leave for the final dot: somebody opted out, paused, cancelled or wanted TLS in the last moment."""
        if leave is not None and (leave.hold or leave.granted):  # granted, but only with TLS: the others want it too
            mailing_id = parcel.lane.mailing_id
            for site in self._sites:
                site.drop_mailing(mailing_id)
            self._lanes.drop_mailing(mailing_id)
        if leave is not None and leave.refusal:
            self._commits.settle(Settlement(parcel.id, "suppressed", leave.refusal, tried=False))
        elif leave is not None and leave.hold == "cancelled":
            self._commits.settle(Settlement(parcel.id, "cancelled", "cancelled", tried=False))
        else:
            self.release(parcel)

    def _settle(self, parcel: Parcel, verdict: Verdict, site: Site | None) -> None:
        judgement = verdict.judgement
        provider, source_id = (_told_provider(site), site.source.id) if site is not None else ("", 0)
        due = 0.0
        if judgement.outcome is Outcome.DEFERRED:
            again = retries.next_try(
                attempts=parcel.attempts + 1,
                now=self._clock.wall(),
                expires=self._expires(parcel, site),
                chance=self._chance,
                least=retries.NO_DOMAIN_PAUSE if judgement is trouble.NO_DOMAIN_YET else 0.0,
            )
            if again is None:
                self._expire(parcel, verdict, site, source_id=source_id)
                return
            due = again
        self.delivered += judgement.outcome in (Outcome.DELIVERED, Outcome.HANDED_OVER)
        likeness = self._waves.weigh(parcel, verdict, provider)
        self._commits.settle(
            Settlement(
                parcel.id,
                str(judgement.outcome),
                judgement.category,
                verdict.code,
                verdict.text,
                verdict.host,
                provider,
                due,
                suppress=judgement.suppress,
                tls=verdict.tls,
                likeness=likeness,
                trace=self._trace(parcel, verdict, site),
                source_id=source_id,
                born=self._clock.wall() if due and self._is_fresh(parcel, site) else 0.0,
            )
        )

    def _expire(self, parcel: Parcel, verdict: Verdict, site: Site | None, *, source_id: int) -> None:
        self._commits.settle(
            Settlement(
                parcel.id,
                "expired",
                verdict.judgement.category,
                verdict.code,
                verdict.text,
                verdict.host,
                _told_provider(site) if site is not None else "",
                trace=self._trace(parcel, verdict, site),
                source_id=source_id,
            )
        )

    def _trace(self, parcel: Parcel, verdict: Verdict, site: Site | None) -> dict[str, float | str]:
        """What its event tells beside the reply: where it was tried, how long that took, how long it had waited before."""
        trace: dict[str, float | str] = {}
        if site is not None and site.source.address:
            trace["source"] = site.source.address
            if site.source.name:
                trace["source_name"] = site.source.name
        if verdict.address:
            trace["address"] = verdict.address
        if verdict.took:
            trace["took"] = round(verdict.took, 3)
        waited = self._clock.wall() - verdict.took - parcel.due
        if waited >= LEAST:
            began = self._clock.monotonic() - verdict.took
            wait = (site.waits if site is not None else Waits()).between(began - waited, began)
            tried = parcel.due + waited
            trace |= self._obeying.waited(wait, parcel, site, since=parcel.due, until=tried).facts()
        return trace

    def _expires(self, parcel: Parcel, site: Site | None = None) -> float:
        born = self._clock.wall() if self._is_fresh(parcel, site) else parcel.born
        return born + parcel.lane.give_up_after

    @staticmethod
    def _is_fresh(parcel: Parcel, site: Site | None) -> bool:
        """Whether it ages from now on: what waits for a day's budget does so from its first try."""
        return site is not None and not parcel.attempts and bool(site.footing.budget)


def _told_provider(site: Site) -> str:
    """The mailbox provider, as the ledger keeps it. Behind an ESP it is not known."""
    return "" if site.route.account else site.provider.name
