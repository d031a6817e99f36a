"""`manage.py reseal_keys` seals the keys of every organization anew, and says what else still needs the old key."""

from django.core.management import call_command

from accounts.tenancy import tenant_scope
from sending.actions import domains
from sending.models import SendingDomain
from sending.queries import domains as reading


def test_keys_of_every_organization_are_sealed_anew(organization, other_organization, settings, capsys):
    for one in (organization, other_organization):
        with tenant_scope(one):
            domains.add(organization=one, name=f"d{one.pk}.example", actor=None)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    call_command("reseal_keys")
    assert capsys.readouterr().out.startswith("4 keys were sealed anew.")
    settings.SECRET_KEY_FALLBACKS = []
    for one in (organization, other_organization):
        with tenant_scope(one):
            domain = SendingDomain.objects.get()
            for key in (reading.private_key(domain), reading.second_private_key(domain)):
                assert key.startswith(b"-----BEGIN PRIVATE KEY-----")
