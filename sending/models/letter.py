"""Content as sent: frozen at the launch, so that what was sent can always be shown."""

from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Letter(TenantModel):
    """`plan` is the merge plan as JSON (sending/merging/): for subject, html and text the static strings and holes.

    `links` are the tracked links in their order: ["https://example.com/a", ...]; a click token names the index.
    """

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    brand = models.ForeignKey("accounts.Brand", on_delete=models.PROTECT, related_name="+")
    domain = models.ForeignKey("sending.SendingDomain", on_delete=models.PROTECT, related_name="+")
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField(max_length=64)
    reply_to = models.EmailField(max_length=254, blank=True)
    subject = models.CharField(max_length=998)
    preheader = models.CharField(max_length=300, blank=True)
    html = models.TextField(help_text="Compiled, sanitised and inlined, before the merge.")
    text = models.TextField()
    plan = models.JSONField()
    links = models.JSONField(default=list)
    facts = models.JSONField(
        default=dict, help_text='Frozen values of the merge: {"organization": {"name": …}, "brand": {…}}.'
    )
    frozen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.subject
