"""Our own addresses that mail leaves from, and what the world answered each of them.

Pools are the operator's: a pool is shared by all (organization NULL) or dedicated to one organization, and an address is in
pools of one owner only. Members see the addresses that are dedicated to them, and nothing of a proxy.
"""

from django.db import models
from django.db.models import Q

from sending.enums import AddressState, NameFinding


class Pool(models.Model):
    """A set of source addresses. organization NULL: of the house, shared by all."""

    organization = models.ForeignKey("accounts.Organization", null=True, on_delete=models.PROTECT, related_name="+")
    name = models.SlugField(max_length=60)
    is_default = models.BooleanField(
        default=False, db_default=False, help_text="Carries the mail of every stream of its owner that names no pool."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="pool_unique_name"),
            models.UniqueConstraint(fields=["name"], condition=Q(organization=None), name="pool_unique_shared_name"),
            models.UniqueConstraint(fields=["organization"], condition=Q(is_default=True), name="pool_one_default"),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True, organization=None), name="pool_one_shared_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EgressIP(models.Model):
    """One address to send from. `relay_id`: whose it is now or was last; the lock on it is an advisory one, of that relay."""

    address = models.GenericIPAddressField(unique=True)
    name = models.CharField(max_length=253, help_text="Said in EHLO; its reverse DNS must say the same.")
    state = models.CharField(max_length=10, choices=AddressState.choices, default=AddressState.ACTIVE)
    why = models.CharField(max_length=300, blank=True, help_text="Why it is in this state, in the operator's words.")
    proxy = models.CharField(
        max_length=300, blank=True, help_text="socks5://user@host:port or haproxy://host:port; the password is apart."
    )
    proxy_secret = models.BinaryField(null=True, help_text="The password, sealed (sending.keys).")
    pools = models.ManyToManyField("sending.Pool", through="sending.PoolAddress", related_name="addresses")
    relay_id = models.BigIntegerField(null=True)
    finding = models.CharField(max_length=15, choices=NameFinding.choices, default=NameFinding.UNCHECKED)
    found_names = models.CharField(max_length=500, blank=True, help_text="What the reverse DNS said.")
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, help_text="The hour in which a server last answered it.")

    def __str__(self) -> str:
        return self.address


class PoolAddress(models.Model):
    """An address in a pool. Of the pool's mail that may go to several of them now, each gets its weight's part."""

    pool = models.ForeignKey("sending.Pool", on_delete=models.CASCADE, related_name="members")
    address = models.ForeignKey("sending.EgressIP", on_delete=models.CASCADE, related_name="places")
    weight = models.PositiveSmallIntegerField(default=100, help_text="1 to 1000.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pool", "address"], name="pool_address_unique"),
            models.CheckConstraint(condition=Q(weight__gte=1, weight__lte=1000), name="pool_address_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.address_id} in {self.pool_id}"


class SourceCount(models.Model):
    """What became of tries from one address at one provider in one hour (UTC). Sum rows: they are inserted with the results, and
    folded to one an hour a little later. Every try is in exactly one of the first four columns.
    """

    source_id = models.BigIntegerField()
    provider = models.CharField(max_length=40, blank=True)
    hour = models.DateTimeField()
    delivered = models.IntegerField(default=0, db_default=0)
    deferred = models.IntegerField(default=0, db_default=0, help_text="To be tried again, or tried the last time.")
    bounced = models.IntegerField(default=0, db_default=0)
    blocked = models.IntegerField(default=0, db_default=0, help_text="Refused for what we are or what we say.")
    complained = models.IntegerField(default=0, db_default=0)
    folded = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "hour", "provider"], condition=Q(folded=True), name="source_count_unique"
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(folded=False), name="source_count_unfolded"),
            models.Index(fields=["hour"], condition=Q(folded=True), name="source_count_age"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.provider} {self.hour}"
