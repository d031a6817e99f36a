"""Forms of the audience's health: what counts as unengaged, and what becomes of several addresses of one mailbox."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MOST_OF_A_GROUP = 20


class SilenceForm(forms.Form):
    days = forms.IntegerField(min_value=7, max_value=3650, label="No human open or click in how many days?")
    sends = forms.IntegerField(
        min_value=1, max_value=1000, label="Although how many mails came?", help_text="Fewer mails prove nothing."
    )


class GroupForm(forms.Form):
    """The people of one mailbox: `keep` stays, the others (`ids` without it) are merged into them or archived."""

    keep = forms.IntegerField(min_value=1)
    ids = forms.CharField(max_length=MOST_OF_A_GROUP * 20)
    way = forms.ChoiceField(choices=[("merge", "Merge"), ("archive", "Archive")])

    def clean_ids(self) -> list[int]:
        parts = self.cleaned_data["ids"].split(",")
        if len(parts) > MOST_OF_A_GROUP or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in parts):
            raise ValidationError("Look at the page again.")
        return list(dict.fromkeys(map(int, parts)))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and (cleaned["keep"] not in cleaned["ids"] or len(cleaned["ids"]) < 2):
            raise ValidationError("Say who stays.")
        return cleaned
