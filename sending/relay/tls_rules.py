"""What a session with a mail exchanger has to prove before it may carry mail: the first of four rules that says something.

1. DANE (RFC 7672): the DNS vouches for the route, the host's addresses and its TLSA records. One that can be used must fit.
   Records of which none can be used ask for TLS with anybody. Records that cannot be asked for: nothing is sent.
2. MTA-STS (RFC 8461): a policy that is enforced wants a certificate that a public authority signed for the host. One that is
   tested is only reported on.
3. The provider's rule (data/providers.toml), or the organization's wish: TLS, with anybody.
4. Nothing: TLS if it works, else clear text.
"""

from dataclasses import dataclass

from sending.relay import dane
from sending.relay.dns import Tlsa
from sending.relay.routes import Route, Routes
from sending.relay.sts import Mode, Policy
from sending.relay.tls_counts import PolicyType


@dataclass(frozen=True, slots=True)
class Rule:
    """`required`: never in clear text. `tlsa`: one of these must fit. `verified`: the certificate must be good for the host's
    name. `tried`: the same, but only to report it; `unnamed`: and the policy does not even name the host. `policy` and
    `lines`: what reports say that it was measured by.
    """

    required: bool = False
    tlsa: tuple[Tlsa, ...] = ()
    verified: bool = False
    tried: bool = False
    unnamed: bool = False
    policy: PolicyType = PolicyType.NONE
    lines: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether only we ask for TLS, not the domain's owner."""
        return not self.tlsa and not self.verified and self.policy is not PolicyType.DANE


async def rule_at(host: str, route: Route, routes: Routes, *, domain: str, tls_required: bool) -> Rule:
    """The rule for a session with `host`. `tls_required`: by the provider's rule or the organization's wish.

    Raises Unknown when DANE may hold and its records cannot be had.
    """
    records = await routes.tlsa(host) if route.secure else ()
    policy = routes.policy_of(domain) if domain else None
    if records:
        lines = tuple(map(str, records))
        if usable := dane.usable(records):
            return Rule(required=True, tlsa=usable, policy=PolicyType.DANE, lines=lines)
        return Rule(required=True, verified=_enforces(route, policy, host), policy=PolicyType.DANE, lines=lines)
    lines = policy.lines if policy is not None else ()
    if route.enforced:
        return Rule(required=True, verified=True, policy=PolicyType.STS, lines=lines)
    if policy is not None and policy.mode is Mode.TESTING:
        unnamed = not policy.allows(host)
        return Rule(required=tls_required, tried=True, unnamed=unnamed, policy=PolicyType.STS, lines=lines)
    return Rule(required=tls_required)


def _enforces(route: Route, policy: Policy | None, host: str) -> bool:
    """Whether a policy adds to DANE that has nothing usable."""
    return route.enforced and (policy is None or policy.allows(host))
