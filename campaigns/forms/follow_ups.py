"""Forms of what follows a send: a resend to those who did not open, a correction to those who got it."""

from typing import Any

from django import forms

from campaigns.enums import ParentPeople
from campaigns.forms.campaigns import one_line
from campaigns.queries.follow_ups import Numbers

CORRECTION = "Correction: "


class ResendForm(forms.Form):
    """`said`: the subject of the first time."""

    subject = forms.CharField(max_length=250, label="New subject")
    cannot_tell = forms.BooleanField(
        required=False,
        label="Also to those of whom we cannot tell",
        help_text="Some of them have read it and get it twice.",
    )

    def __init__(self, data: Any = None, *, said: str, names: frozenset[str], numbers: Numbers) -> None:
        super().__init__(data)
        self.names = names
        self.fields["subject"].help_text = f"They passed over “{said}”. Say it in another way."

    def clean_subject(self) -> str:
        return one_line(self.cleaned_data["subject"], self.names)

    def people(self) -> list[ParentPeople]:
        """Whom it is for; call once it is valid."""
        return [ParentPeople.NO_OPEN, *([ParentPeople.CANNOT_TELL] if self.cleaned_data["cannot_tell"] else [])]


class CorrectionForm(forms.Form):
    """`said`: the subject of the first time."""

    subject = forms.CharField(
        max_length=250,
        label="Subject",
        help_text="Say at once what this is, so that nobody wonders about a second mail.",
    )
    whom = forms.ChoiceField(label="Who gets it", widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, said: str, names: frozenset[str], numbers: Numbers) -> None:
        subject = f"{CORRECTION}{said.removeprefix(CORRECTION)}"[:250]
        super().__init__(data, initial={"subject": subject, "whom": ParentPeople.GOT_IT.value})
        self.names = names
        self.fields["whom"].choices = [  # type: ignore[attr-defined]
            (ParentPeople.GOT_IT.value, f"Everybody who got it ({numbers.got_it:,})"),
            (ParentPeople.CLICKED.value, f"Only who clicked a link in it ({numbers.clicked:,}); machines do not count"),
        ]

    def clean_subject(self) -> str:
        return one_line(self.cleaned_data["subject"], self.names)

    def people(self) -> list[ParentPeople]:
        """Whom it is for; call once it is valid."""
        return [ParentPeople(self.cleaned_data["whom"])]
