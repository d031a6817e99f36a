"""Forms of imports: the upload, and the matching of columns with the statement of consent."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone

from contacts.actions import imports
from contacts.enums import FieldKind
from contacts.importing import guessing
from contacts.models import Import, Topic
from contacts.values import DATE_ORDERS
from contacts.values import FieldKind as Known


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="From Excel, another service or anywhere else. Any separator, any encoding.",
        allow_empty_file=True,  # imports.receive says it better
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )


class ConsentForm(forms.Form):
    """Whom to subscribe to what, and on whose word. `consent()` and `cleaned_data["topics"]` go to match_columns."""

    topics = forms.ModelMultipleChoiceField(
        queryset=Topic.objects.none(),
        required=False,
        label="Subscribe them to",
        widget=forms.CheckboxSelectMultiple,
        to_field_name="public_id",
        help_text="Without a topic they are kept, and get no campaigns. With one, answer the four questions below.",
    )
    basis = forms.ChoiceField(
        choices=[("", "Choose…"), *imports.BASES.items()], required=False, label="Why may you write to them?"
    )
    source = forms.CharField(
        max_length=imports.MAX_WORDING,
        required=False,
        label="Where did they agree?",
        help_text="For example: sign-up form on coppercoffee.example, or the till in Bristol.",
    )
    wording = forms.CharField(
        max_length=imports.MAX_WORDING,
        required=False,
        label="What words did they see?",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with every person, as the proof that the law asks for.",
    )
    given_on = forms.DateField(required=False, label="When?", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, topics: list[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topics"].queryset = Topic.objects.filter(pk__in=[topic.pk for topic in topics]).order_by("name")  # type: ignore[attr-defined]

    def mark_wanted(self) -> None:
        """Before it is shown: what subscribing needs is not called optional, though keeping people does not need it."""
        self.use_required_attribute = False
        for name in ("basis", "source", "wording", "given_on"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("topics"):
            needed = {
                "basis": "Choose why you may write to them.",
                "source": "Say where they agreed.",
                "wording": "Write the words that they saw.",
                "given_on": "Say when. If it was over a time, take the last day.",
            }
            for name, words in needed.items():
                if name not in self.errors and not cleaned.get(name):
                    self.add_error(name, words)
            if cleaned.get("given_on") and cleaned["given_on"] > timezone.now().date():
                self.add_error("given_on", "That day lies in the future.")
        return cleaned

    def consent(self) -> imports.Consent | None:
        cleaned = self.cleaned_data
        if not cleaned["topics"]:
            return None
        return imports.Consent(cleaned["basis"], cleaned["wording"], cleaned["source"], cleaned["given_on"])


def matches_from(post: Mapping[str, str], import_: Import) -> list[imports.Match]:
    """The matching of every column, from controls named to-0, kind-0, label-0, order-0."""
    return [
        imports.Match(
            column=index,
            to=str(post.get(f"to-{index}", guessing.SKIP))[:80],
            date_order=str(post.get(f"order-{index}", "ymd"))[:3],
            label=str(post.get(f"label-{index}", ""))[:120].replace("\x00", ""),
            kind=str(post.get(f"kind-{index}", "text"))[:10],
        )
        for index in range(len(import_.dialect["columns"]))
    ]


def columns(
    import_: Import, rows: list[tuple[str, ...]], known: list[Known], posted: list[imports.Match] | None
) -> list[dict[str, Any]]:
    """What the matching screen draws, a row a column of the file."""
    choices = [
        (guessing.EMAIL, "E-mail address"),
        *((f"field:{field.key}", field.label) for field in known),
        (guessing.LANGUAGE, "Language"),
        (guessing.NEW, "A new field…"),
        (guessing.SKIP, "Skip this column"),
    ]
    date_fields = {f"field:{field.key}" for field in known if field.kind in ("date", "datetime")}
    drawn = []
    for index, name in enumerate(import_.dialect["columns"]):
        if posted is not None:
            one: Mapping[str, Any] = {
                "to": posted[index].to,
                "kind": posted[index].kind,
                "date_order": posted[index].date_order,
                "label": posted[index].label,
            }
        else:
            one = import_.mapping[index]
        drawn.append(
            {
                "index": index,
                "name": name,
                "samples": [row[index] for row in rows if index < len(row) and row[index].strip()][:3],
                "to": one["to"],
                "kind": one.get("kind", "text"),
                "label": one.get("label") or name,
                "date_order": one.get("date_order", "ymd"),
                "is_date": one["to"] in date_fields or (one["to"] == guessing.NEW and one.get("kind") == "date"),
                "choices": choices,
                "kinds": [
                    (kind.value, kind.label) for kind in FieldKind if kind not in (FieldKind.CHOICE, FieldKind.DATETIME)
                ],
                "orders": list(DATE_ORDERS.items()),
            }
        )
    return drawn
