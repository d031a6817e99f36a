"""How a brand looks in mail: colours, fonts, logo, where else to find it. Changing it restyles every design."""

from django.db import models

from accounts.tenancy import TenantModel


class BrandKit(TenantModel):
    """`colours`: {"accent", "on_accent", "paper", "sheet", "ink", "quiet", "link"} as #RRGGBB. `fonts`: {"body", "titles"},
    names of web-safe stacks. `social`: [{"name": "instagram", "url": "https://…"}].
    """

    brand = models.OneToOneField("accounts.Brand", on_delete=models.CASCADE, related_name="+")
    colours = models.JSONField(default=dict)
    fonts = models.JSONField(default=dict)
    logo = models.ForeignKey("campaigns.Media", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    social = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.brand_id}"
