"""The form for a privacy request that came by letter, phone or mail."""

from datetime import UTC, date, datetime, time

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from contacts.enums import RequestChannel, RequestKind

CHANNELS = [(value, label) for value, label in RequestChannel.choices if value != RequestChannel.PAGE]
OLDEST_DAYS = 3_650


class NewRequestForm(forms.Form):
    """`received_at` is noon of the day, so that no time zone moves the due date."""

    kind = forms.ChoiceField(label="What they want", choices=RequestKind.choices)
    address = forms.CharField(label="Their address", max_length=400, help_text="The one that you write to.")
    channel = forms.ChoiceField(label="How it came", choices=CHANNELS, initial=RequestChannel.LETTER)
    received = forms.DateField(
        label="When it came",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The month to answer counts from here, also when you enter it later.",
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Erased with the person: name nobody else in it.",
    )

    def clean_received(self) -> date:
        day: date = self.cleaned_data["received"]
        today = timezone.now().date()
        if day > today:
            raise ValidationError("This day has not come yet. Write the day on which the request came in.")
        if (today - day).days > OLDEST_DAYS:
            raise ValidationError("This is more than ten years ago. Look at the year.")
        return day

    @property
    def received_at(self) -> datetime:
        return min(datetime.combine(self.cleaned_data["received"], time(12), tzinfo=UTC), timezone.now())
