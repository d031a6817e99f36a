"""What must be said before something is done to many people: which topic and how they agreed, which tag, why."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Organization
from contacts.actions import imports, tags
from contacts.forms.people import SuppressForm
from contacts.models import Tag, Topic


class Work(forms.Form):
    """Base: nothing needs saying."""

    def __init__(self, *args: Any, organization: Organization, count: int | None, **kwargs: Any) -> None:
        self.organization, self.count = organization, count
        super().__init__(*args, **kwargs)


class SubscribeWork(Work):
    """Adding to a topic, with the consent that these people gave."""

    topic = forms.ModelChoiceField(queryset=Topic.objects.none(), to_field_name="public_id", empty_label=None)
    basis = forms.ChoiceField(
        choices=list(imports.BASES.items()), label="Why may you write to them?", widget=forms.RadioSelect
    )
    source = forms.CharField(
        max_length=imports.MAX_WORDING, label="Where did they agree?", help_text="“Card at the counter, Teatown shop”"
    )
    wording = forms.CharField(
        max_length=imports.MAX_WORDING,
        label="What did they agree to?",
        help_text="The words that they saw or signed. Kept as proof for each of them.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    given_on = forms.DateField(label="When?", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        topics = Topic.objects.filter(organization=organization, archived_at=None).order_by("name")
        self.fields["topic"].queryset = topics  # type: ignore[attr-defined]

    def clean_given_on(self) -> date:
        given: date = self.cleaned_data["given_on"]
        if given > timezone.now().date():
            raise ValidationError("This day lies in the future.")
        if given.year < 1990:
            raise ValidationError("That is too long ago.")
        return given


class TagWork(Work):
    """A tag, known or new."""

    tag = forms.CharField(
        max_length=tags.MAX_NAME, label="Tag", help_text="A new one is made if there is none of that name."
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        self.fields["tag"].widget.attrs |= {"list": "tags", "autocomplete": "off", "autofocus": True}

    def clean_tag(self) -> str:
        name = tags.clean(self.cleaned_data["tag"])
        if not name:
            raise ValidationError("A tag needs a name.")
        return name


class UntagWork(Work):
    """A tag that there is."""

    tag = forms.ModelChoiceField(queryset=Tag.objects.none(), label="Tag", empty_label=None)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        self.fields["tag"].queryset = Tag.objects.filter(organization=organization).order_by("name")  # type: ignore[attr-defined]


class SuppressWork(Work, SuppressForm):
    """Why nothing may be sent to them any more."""


class DeleteWork(Work):
    """The number of people, typed: this cannot be taken back."""

    typed = forms.CharField(max_length=20, label="Type the number of people to confirm")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].label = f"Type {self.wanted} to confirm"
        self.fields["typed"].widget.attrs |= {"data-must-equal": self.wanted, "autocomplete": "off"}

    @property
    def wanted(self) -> str:
        return "delete" if self.count is None else str(self.count)

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip().replace(",", "")
        if typed != self.wanted:
            raise ValidationError(f"Type {self.wanted}, if you mean it.")
        return typed
