"""The form of a topic."""

from typing import Any

from django import forms

from accounts.models import Brand, Organization


class TopicForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name", help_text="As people see it: “Monthly news”.")
    description = forms.CharField(
        max_length=500,
        required=False,
        label="What people get, and how often",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_public = forms.BooleanField(
        required=False,
        initial=True,
        label="Show it on the preference page",
        help_text="Everybody may then choose it there. Otherwise only those who are subscribed see it.",
    )
    double_opt_in = forms.BooleanField(
        required=False,
        initial=True,
        label="Whoever signs up confirms by mail",
        help_text="A mail with a link goes to the address first; nobody is subscribed by somebody else, and you can "
        "prove it. The law of some countries takes no less.",
    )
    brand = forms.ModelChoiceField(queryset=Brand.objects.none(), empty_label=None, label="Brand")

    def __init__(self, *args: Any, organization: Organization, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        brands = Brand.objects.filter(organization=organization).order_by("-is_default", "name")
        if is_new and len(brands) > 1:
            self.fields["brand"].queryset = brands  # type: ignore[attr-defined]
        else:
            del self.fields["brand"]  # with a single brand nobody sees the word

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())
