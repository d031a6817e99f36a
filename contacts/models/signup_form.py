"""A sign-up form: what it asks, what it says, and which topics it is for."""

from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class SignupForm(TenantModel):
    """`topic_ids`: topics that it subscribes to, in their order; with `lets_choose` the visitor ticks them.
    `fields`: [{"key": "first_name", "required": false}]. `origins`: sites whose pages may use the JSON endpoint.
    `wording`: the words of consent above the button; each record of consent keeps the words that its person saw.
    """

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    brand = models.ForeignKey("accounts.Brand", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, help_text="For yourselves.")
    title = models.CharField(max_length=200)
    intro = models.TextField(blank=True)
    wording = models.TextField()
    button = models.CharField(max_length=60, blank=True)
    topic_ids = models.JSONField(default=list)
    lets_choose = models.BooleanField(default=False)
    fields = models.JSONField(default=list)
    thanks = models.TextField(blank=True)
    redirect_url = models.URLField(max_length=500, blank=True)
    origins = models.JSONField(default=list)
    locale = models.CharField(max_length=20, blank=True, help_text="Of the texts above; empty: the visitor's.")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=models.Q(archived_at=None), name="signup_form_unique_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
