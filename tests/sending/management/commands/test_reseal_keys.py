"""`manage.py reseal_keys` seals the keys of every organization anew, and says what else still needs the old key."""

from django.core.management import call_command

from accounts.tenancy import cross_tenant, tenant_scope
from sending import keys
from sending.actions import domains, egress
from sending.adapters.sources import PROXY
from sending.models import EgressIP, SendingDomain
from sending.queries import domains as reading


def test_keys_of_every_organization_are_sealed_anew(organization, other_organization, settings, capsys):
    for one in (organization, other_organization):
        with tenant_scope(one):
            domains.add(organization=one, name=f"d{one.pk}.example", actor=None)
    address = egress.add(address="192.0.2.1", name="mail1.example.com", proxy="socks5://sam:open@192.0.2.9:1080")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    call_command("reseal_keys")
    assert capsys.readouterr().out.startswith("5 keys were sealed anew.")
    settings.SECRET_KEY_FALLBACKS = []
    for one in (organization, other_organization):
        with tenant_scope(one):
            domain = SendingDomain.objects.get()
            for key in (reading.private_key(domain), reading.second_private_key(domain)):
                assert key.startswith(b"-----BEGIN PRIVATE KEY-----")
    with cross_tenant("the test looks"):
        assert keys.decrypt(EgressIP.objects.get(pk=address.pk).proxy_secret, purpose=PROXY) == b"open"
