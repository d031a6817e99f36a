"""The form of a campaign's tags, notes and place in the public archive."""

from django import forms

from campaigns.actions.labels import MOST_NOTES, MOST_TAG, MOST_TAGS


class LabelForm(forms.Form):
    tags = forms.CharField(
        max_length=MOST_TAGS * (MOST_TAG + 2),
        required=False,
        label="Tags",
        help_text="Words to find it by, with commas between: newsletter, spring, members.",
    )
    notes = forms.CharField(
        max_length=MOST_NOTES,
        required=False,
        label="Notes",
        help_text="For your colleagues. Nobody is sent them.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    is_public = forms.BooleanField(
        required=False,
        label="Show it in the public archive once it is sent",
        help_text="Anybody can then read it on the web, with fallbacks in the place of people's own values.",
    )

    def tag_list(self) -> list[str]:
        """The tags, as they were typed."""
        return str(self.cleaned_data["tags"]).split(",")
