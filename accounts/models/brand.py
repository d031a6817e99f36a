"""A name under which an organization writes: campaigns and topics belong to one. With a single brand nobody sees it."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Brand(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    name = models.CharField(max_length=200)
    is_default = models.BooleanField(default=False)
    colour = models.CharField(max_length=7, default="#0B6A62", help_text="As #RRGGBB.")
    logo = models.FileField(upload_to="brands/", blank=True)
    postal_address = models.TextField(blank=True, help_text="Empty: the organization's.")
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField(max_length=64, default="news", help_text="What stands before the @ of the sender.")
    reply_to = models.EmailField(max_length=254, blank=True)
    link_host = models.CharField(max_length=253, blank=True, help_text="Own host for links; empty: the house's.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(is_default=True), name="brand_one_default"
            )
        ]

    @property
    def link_base(self) -> str:
        """Scheme and host of the links that its recipients get, without a slash at the end."""
        return f"https://{self.link_host}" if self.link_host else str(settings.LINK_URL)

    def __str__(self) -> str:
        return self.name
