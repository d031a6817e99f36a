"""Forms about fields: a new one, its name, its choices, another kind, merging."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from contacts import values
from contacts.actions.field_batches import OTHER, THIS
from contacts.actions.fields import LISTED
from contacts.enums import FieldKind
from contacts.models import Field

CHOICES_LONG = values.MAX_CHOICES * (values.MAX_CHOICE + 2)
LEAVE_EMPTY, KEEP = "", "keep"


class Choices(forms.CharField):
    """One a line."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
        super().__init__(max_length=CHOICES_LONG, required=False, widget=widget, strip=False, **kwargs)

    def clean(self, value: Any) -> list[str]:
        try:
            return values.clean_choices((super().clean(value) or "").splitlines())
        except values.BadValue as bad:
            raise ValidationError(bad.sentence) from bad


class NameForm(forms.Form):
    label = forms.CharField(
        max_length=120,
        label="Name",
        error_messages={"required": "Give it a name, as you would write it over a column."},
    )

    def clean_label(self) -> str:
        return " ".join(self.cleaned_data["label"].split())


class FieldForm(NameForm):
    kind = forms.ChoiceField(choices=FieldKind.choices, label="Kind", initial=FieldKind.TEXT)
    choices = Choices(label="Choices", help_text="One a line; only for a list.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") in LISTED and not cleaned.get("choices") and "choices" not in self.errors:
            self.add_error("choices", "Write at least one choice.")
        return cleaned


class ConvertForm(forms.Form):
    kind = forms.ChoiceField(label="New kind")
    date_order = forms.ChoiceField(
        choices=list(values.DATE_ORDERS.items()),
        label="How dates are written",
        help_text="Only for a date: how to read 03.04.2024.",
    )
    choices = Choices(
        label="Choices",
        help_text="Only for a list, one a line. Left empty, the values that there are become the choices.",
    )

    def __init__(self, *args: Any, field: Field, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (value, label) for value, label in FieldKind.choices if value != field.kind
        ]


class MergeForm(forms.Form):
    other = forms.ChoiceField(label="Merge into it")
    wins = forms.ChoiceField(widget=forms.RadioSelect, label="Where a person has both", initial=THIS)

    def __init__(self, *args: Any, field: Field, others: Sequence[Field], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"].choices = [(one.key, one.label) for one in others]  # type: ignore[attr-defined]
        self.fields["wins"].choices = [  # type: ignore[attr-defined]
            (THIS, f"Keep what stands in {field.label}"),
            (OTHER, "Take what stands in the other one"),
        ]


class ChoicesForm(forms.Form):
    """A line a choice: its name, and what becomes of it ("keep", "" or the choice that takes its place); `added` are new.

    The choices are numbered as the page showed them; `was` says which they were, should they have changed meanwhile.
    """

    added = Choices(label="New choices", help_text="One a line.")

    def __init__(self, data: QueryDict | None = None, *, field: Field) -> None:
        super().__init__(data)
        self.before = [str(one) for one in field.choices]
        self.renamed: dict[str, str] = {}
        self.removed: dict[str, str] = {}

    def lines(self) -> list[dict[str, Any]]:
        """For the page: number, was, name, fate and the choices that could take its place."""
        return [
            {
                "n": n,
                "was": one,
                "name": self.data.get(f"name_{n}", one),
                "fate": self.data.get(f"fate_{n}", KEEP),
                "others": [other for other in self.before if other != one],
            }
            for n, one in enumerate(self.before)
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        shown = self.data.getlist("was") if isinstance(self.data, QueryDict) else []
        if shown != self.before:
            raise ValidationError("Somebody changed the choices meanwhile. Look at them again; nothing was saved.")
        for line in self.lines():
            fate = line["fate"]
            if fate == KEEP:
                if line["name"] != line["was"]:
                    self.renamed[line["was"]] = line["name"][: 2 * values.MAX_CHOICE]
            elif fate == LEAVE_EMPTY or (fate.startswith("=") and fate[1:] in line["others"]):
                self.removed[line["was"]] = fate[1:]
            else:
                raise ValidationError(f"Say what becomes of “{line['was']}”.")
        return cleaned
