"""The name under which an organization writes."""

import re

from django import forms

from accounts.face import colour
from accounts.models import Brand

LOCAL_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9])?\Z")  # of RFC 5321's, what every mailbox takes
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Brand
        fields = ("name", "from_name", "from_local", "reply_to", "colour", "postal_address")
        labels = {
            "name": "Brand name",
            "from_name": "From name",
            "from_local": "Sender, before the @",
            "reply_to": "Replies go to",
            "colour": "Colour",
            "postal_address": "Postal address",
        }
        help_texts = {
            "name": "Recipients see it on their pages.",
            "from_name": "What stands in the inbox. Empty: the brand name.",
            "from_local": "news gives news@your-domain.",
            "reply_to": "An address that somebody reads. Empty: replies go to the sender.",
            "colour": "For recipients' pages. We darken or lighten it where it could not be read.",
            "postal_address": "Empty: the organization's.",
        }
        widgets = {
            "colour": forms.TextInput(attrs={"type": "color"}),
            "postal_address": forms.Textarea(attrs={"rows": 3}),
        }
        error_messages = {"reply_to": {"invalid": "Write an address like hello@example.org."}}

    def _one_line(self, name: str) -> str:
        value = str(self.cleaned_data[name])
        if CONTROL.search(value):
            raise forms.ValidationError("Write it on one line.")
        return " ".join(value.split())

    def clean_name(self) -> str:
        return self._one_line("name")

    def clean_from_name(self) -> str:
        return self._one_line("from_name")

    def clean_from_local(self) -> str:
        value = str(self.cleaned_data["from_local"]).strip()
        if not LOCAL_PART.match(value) or ".." in value:
            raise forms.ValidationError("Use letters, digits, dots and dashes, like news or hello.")
        return value.lower()

    def clean_colour(self) -> str:
        try:
            red, green, blue = colour.parse(str(self.cleaned_data["colour"]))
        except ValueError as error:
            raise forms.ValidationError("Write a colour like #0B6A62.") from error
        return f"#{red:02X}{green:02X}{blue:02X}"
