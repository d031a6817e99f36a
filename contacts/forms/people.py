"""Forms about one person: their values, why they are subscribed or unsubscribed, why nothing is sent to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from contacts import addresses, values
from contacts.enums import SuppressionReason
from contacts.models import Topic

BY_HAND = (SuppressionReason.MANUAL, SuppressionReason.COMPLAINED, SuppressionReason.INVALID)


class PersonForm(forms.Form):
    """The language and every field of the organization; `typed()` gives the values, None for emptied ones."""

    locale = forms.CharField(max_length=20, required=False, label="Language", help_text="For example en, de or pt-BR.")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        fields: Sequence[values.FieldKind],
        kept: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.kinds = fields
        kept = kept or {}
        self.kept = kept
        initial = kwargs.pop("initial", {}) | {f"v_{field.key}": _first(field, kept.get(field.key)) for field in fields}
        super().__init__(data, initial=initial, **kwargs)
        locale = self.fields.pop("locale")
        for field in fields:
            self.fields[f"v_{field.key}"] = _control(field, kept.get(field.key))
        self.fields["locale"] = locale

    def clean_locale(self) -> str:
        try:
            return values.language(self.cleaned_data["locale"])
        except values.BadValue as bad:
            raise ValidationError(str(bad)) from bad

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for field in self.kinds:
            name, kept = f"v_{field.key}", self.kept.get(field.key)
            written = cleaned.get(name) or ""
            text = "; ".join(written) if isinstance(written, list) else written
            if kept is not None and text == values.shown(field, kept):
                cleaned[name] = kept  # nobody touched it: it may be of the kind that the field had before
                continue
            try:
                cleaned[name] = values.read(field, text)
            except values.BadValue as bad:
                self.add_error(name, bad.sentence)
        return cleaned

    def typed(self) -> dict[str, Any]:
        return {field.key: self.cleaned_data[f"v_{field.key}"] for field in self.kinds}


class NewPersonForm(PersonForm):
    """A person added by hand, with how we know that they want it."""

    address = forms.CharField(
        max_length=1000, label="E-mail address", widget=forms.EmailInput(attrs={"autofocus": True})
    )
    topics = forms.ModelMultipleChoiceField(
        queryset=Topic.objects.none(), required=False, label="Subscribe to", widget=forms.CheckboxSelectMultiple
    )
    proof = forms.CharField(
        max_length=500,
        required=False,
        label="How did they agree?",
        help_text="Needed to subscribe them, and kept as proof: “Asked at the counter on 12 May”.",
    )

    def __init__(self, *args: Any, topics: Sequence[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topics"].queryset = Topic.objects.filter(pk__in=[topic.pk for topic in topics]).order_by("name")  # type: ignore[attr-defined]
        self.order_fields(["address", *[name for name in self.fields if name.startswith("v_")], "locale", "topics"])
        if not topics:
            del self.fields["topics"], self.fields["proof"]

    def clean_address(self) -> str:
        try:
            return addresses.parse(self.cleaned_data["address"]).address
        except addresses.InvalidAddress as bad:
            raise ValidationError(str(bad)) from bad

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("topics") and not (cleaned.get("proof") or "").strip():
            self.add_error("proof", "Say how this person agreed, or leave the topics empty.")
        return cleaned


class ConsentForm(forms.Form):
    """Changing a subscription for somebody: which topic, and how we know."""

    topic = forms.ModelChoiceField(queryset=Topic.objects.none(), required=False, empty_label="Every topic")
    why = forms.CharField(
        max_length=500, label="How do you know?", error_messages={"required": "Say how you know. It is kept as proof."}
    )

    def __init__(self, *args: Any, organization: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset = Topic.objects.filter(organization=organization)  # type: ignore[attr-defined]
        self.fields["topic"].to_field_name = "public_id"  # type: ignore[attr-defined]


class SuppressForm(forms.Form):
    """Stop all mail to somebody."""

    reason = forms.ChoiceField(choices=[(reason.value, reason.label) for reason in BY_HAND], label="Reason")
    evidence = forms.CharField(
        max_length=2000,
        label="What happened?",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write what happened, for whoever looks at this in a year."},
    )


def _first(field: values.FieldKind, kept: Any) -> str | list[str]:
    """What the control shows before anybody types."""
    if field.kind == "multi":
        return [str(one) for one in kept] if isinstance(kept, list) else [values.shown(field, kept)]
    return values.shown(field, kept)


def _control(field: values.FieldKind, kept: Any = None) -> forms.Field:
    """The control of a field. What is kept and is no choice (any more) can still be chosen, so that saving loses nothing."""
    label = field.label
    stale: list[str] = []
    if kept not in (None, "", []) and not values.fits(field, kept):
        stale = [str(one) for one in kept] if isinstance(kept, list) else [values.shown(field, kept)]
    match field.kind:
        case "boolean":
            choices = [("", "—"), ("yes", "Yes"), ("no", "No"), *((one, one) for one in stale)]
            return forms.ChoiceField(choices=choices, required=False, label=label)
        case "choice":
            listed = [("", "—"), *((one, one) for one in dict.fromkeys([*field.choices, *stale]))]
            return forms.ChoiceField(choices=listed, required=False, label=label)
        case "multi":
            several = [(one, one) for one in dict.fromkeys([*field.choices, *stale])]
            return forms.MultipleChoiceField(
                choices=several, required=False, label=label, widget=forms.CheckboxSelectMultiple()
            )
        case "number":
            widget = forms.TextInput(attrs={"inputmode": "decimal"})
            return forms.CharField(max_length=60, required=False, label=label, widget=widget)
        case "date":
            return forms.CharField(
                max_length=40, required=False, label=label, widget=forms.DateInput(attrs={"type": "date"})
            )
        case "url":
            return forms.CharField(max_length=values.MAX_TEXT, required=False, label=label, widget=forms.URLInput())
        case "datetime":
            return forms.CharField(
                max_length=40, required=False, label=label, help_text="As 2026-11-22 09:30, in your time zone."
            )
    return forms.CharField(max_length=values.MAX_TEXT, required=False, label=label)
