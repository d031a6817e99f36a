"""`manage.py bounces_to_review`: the operator's look at waves of identical bounces, by site, and the decision for everybody."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.actions import held_bounces
from sending.enums import BounceDecision
from sending.models import BounceWave, HeldBounce
from sending.queries import held_bounces as held


class Command(BaseCommand):
    help = "Shows which sites refuse nearly everybody with the same words, and decides about the addresses that wait for it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        decisions = parser.add_mutually_exclusive_group()
        decisions.add_argument(
            "--suppress", metavar="WAVE", default="", help="They are gone: on the do-not-send lists."
        )
        decisions.add_argument(
            "--leave", metavar="WAVE", default="", help="It was their mistake: leave all as they are."
        )

    def handle(self, *args: Any, suppress: str = "", leave: str = "", **options: Any) -> None:
        if suppress or leave:
            self._decide(suppress or leave, BounceDecision.SUPPRESS if suppress else BounceDecision.LEAVE)
            return
        with cross_tenant("an operator looks at the bounces of all organizations that wait for review"):
            rows = held.waiting_everywhere()
        if not rows:
            self.stdout.write("No bounces wait for review.")
        for wave, organizations, addresses in rows:
            self.stdout.write(
                f"{wave.public_id}  {wave.place}: {addresses} addresses of {organizations} organizations, last "
                f"{wave.seen_at:%Y-%m-%d %H:%M} UTC\n    {wave.code} {wave.text[:300]}"
            )

    def _decide(self, public_id: str, decision: BounceDecision) -> None:
        with cross_tenant("an operator decides about a wave of bounces for all organizations"):
            wave = BounceWave.objects.filter(public_id=public_id).first()
            if wave is None:
                raise CommandError(f"There is no wave {public_id}. Without options this command lists them.")
            ids = (
                HeldBounce.objects.filter(wave=wave, decision=BounceDecision.WAITING)
                .order_by()
                .values_list("organization_id", flat=True)
                .distinct()
            )
            organizations = list(Organization.objects.filter(pk__in=list(ids)).order_by("pk"))
        for organization in organizations:
            with tenant_scope(organization):
                n = held_bounces.decide(organization=organization, wave=wave, decision=decision, actor=None)
            self.stdout.write(f"{organization}: {n} addresses, {decision.label.lower()}.")
