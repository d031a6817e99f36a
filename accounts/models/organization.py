"""A tenant."""

from django.db import models

from accounts import public_ids


class Organization(models.Model):
    """Row-level security lets a person see the organizations that they are a member of (see migration 0002)."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    name = models.CharField(max_length=200)
    postal_address = models.TextField(
        blank=True, help_text="Street, city and country; the law wants it in every marketing mail."
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    locale = models.CharField(
        max_length=20, default="en", help_text="How mail writes dates and numbers for people whose language is unknown."
    )
    needs_approval = models.BooleanField(
        default=False, help_text="A second person approves each campaign before it leaves."
    )
    tls_only = models.BooleanField(
        default=False, help_text="No mail of it leaves in clear text: where there is no TLS, it waits and expires."
    )
    is_house = models.BooleanField(default=False, help_text="Posthouse's own: sends confirmations and resets.")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.F("is_house"), condition=models.Q(is_house=True), name="organization_one_house"
            )
        ]

    def __str__(self) -> str:
        return self.name
