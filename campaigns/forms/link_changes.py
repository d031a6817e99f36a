"""The form that leads a link of a sent campaign elsewhere."""

from typing import Any

from django import forms

from sending.actions.link_changes import MOST_REASON
from sending.tracking import destinations


class LinkChangeForm(forms.Form):
    url = forms.CharField(
        max_length=2_000,
        label="New address",
        widget=forms.URLInput(attrs={"placeholder": "https://…", "inputmode": "url", "autocomplete": "off"}),
        help_text="The same for everybody: no merge fields.",
    )
    keep_tags = forms.BooleanField(required=False)
    reason = forms.CharField(
        max_length=MOST_REASON,
        label="Why",
        help_text="For your colleagues: it stands in the history and in the audit log.",
    )

    def __init__(self, data: Any = None, *, was: str) -> None:
        super().__init__(data, initial={"keep_tags": True})
        tags = destinations.tags_of(was)
        if tags:
            said = ", ".join(f"{name}={value}" for name, value in tags)
            self.fields["keep_tags"].label = "Keep its tags for statistics"
            self.fields["keep_tags"].help_text = f"{said[:300]}; what the new address has itself stays as you write it."
        else:
            del self.fields["keep_tags"]
