"""The form of a link to a report."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms


class ShareForm(forms.Form):
    until = forms.DateField(
        required=False,
        label="Last day",
        help_text="Leave it empty for a link that works until you take it back.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def ends_at(self, zone: str) -> datetime | None:
        """The end of that day where the organization is."""
        until = self.cleaned_data["until"]
        return datetime.combine(until + timedelta(days=1), time.min, ZoneInfo(zone)) if until else None

    def clean_until(self):  # type: ignore[no-untyped-def]
        until = self.cleaned_data["until"]
        if until is not None and not 2000 <= until.year < 9000:
            raise forms.ValidationError("Enter a date of our time.")
        return until
