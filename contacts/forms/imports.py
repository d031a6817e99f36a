"""Forms of imports: the upload, and the matching of columns with tags and the statement of consent."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from contacts.actions import imports
from contacts.actions.import_files import Upload
from contacts.enums import FieldKind
from contacts.importing import meanings
from contacts.models import Import, Topic
from contacts.values import DATE_ORDERS
from contacts.values import FieldKind as Known

MAX_FILES = 20
MAX_PASTED = 2_000_000  # characters
PIECE = 1 << 20  # bytes
MEANINGS = (  # of columns, beside fields
    (meanings.EMAIL, "E-mail address"),
    (meanings.NAME, "Name, first and last in one"),
    (meanings.LANGUAGE, "Language"),
)
STANDING = (
    (meanings.STATUS, "Subscribed or not (status)"),
    (meanings.TAGS, "Tags"),
    (meanings.OPTED_IN_AT, "When they agreed"),
    (meanings.OPTED_IN_IP, "IP address they agreed from"),
    (meanings.CONFIRMED_AT, "When they confirmed by mail"),
    (meanings.CONFIRMED_IP, "IP address they confirmed from"),
    (meanings.LEFT_AT, "When they left"),
    (meanings.WHY, "Why they left"),
)
_DATED = (meanings.OPTED_IN_AT, meanings.CONFIRMED_AT, meanings.LEFT_AT)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; cleaned_data is a list of them."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return [
            super(FilesField, self).clean(one, initial) for one in (data if isinstance(data, list) else [data]) if one
        ]


class UploadForm(forms.Form):
    file = FilesField(
        label="File",
        required=False,
        help_text="CSV, TSV, Excel, JSON or a ZIP of those, from anywhere: Mailchimp, SendGrid, Brevo, listmonk, Mautic, "
        "Mailtrain, Keila and Postal are known by their exports. Up to 2 GB; several files that belong together at once.",
        allow_empty_file=True,  # imports.receive says it better
        widget=FilesInput(
            attrs={
                "accept": ".csv,.txt,.tsv,.xlsx,.json,.jsonl,.ndjson,.zip,text/csv,text/plain",
                "multiple": True,
            }
        ),
    )
    pasted = forms.CharField(
        label="Or paste rows",
        required=False,
        max_length=MAX_PASTED,
        strip=False,
        help_text="From a spreadsheet or a list of addresses, one row a line.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        files, pasted = cleaned.get("file") or [], cleaned.get("pasted", "")
        if not files and not pasted.strip() and not self.errors:
            self.add_error("file", "Choose a file, or paste rows below.")
        if files and pasted.strip():
            self.add_error("pasted", "Bring a file or paste rows, not both at once.")
        if len(files) > MAX_FILES:
            self.add_error("file", f"Bring at most {MAX_FILES} files at once, or a ZIP of them.")
        return cleaned

    def uploads(self) -> list[Upload]:
        """Names and pieces of what was brought."""
        if files := self.cleaned_data["file"]:
            return [(file.name or "", file.chunks(PIECE)) for file in files]
        return [("pasted.csv", io.BytesIO(self.cleaned_data["pasted"].encode("utf-8", "replace")))]


class ConsentForm(forms.Form):
    """Whom to subscribe to what, on whose word, and tags. `consent()`, `tag_names()` and topics go to match_columns."""

    topics = forms.ModelMultipleChoiceField(
        queryset=Topic.objects.none(),
        required=False,
        label="Subscribe them to",
        widget=forms.CheckboxSelectMultiple,
        to_field_name="public_id",
        help_text="Without a topic they are kept, and get no campaigns. With one, answer the four questions below. Whoever "
        "the file says has left, bounced or never confirmed is not subscribed.",
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
    given_on = forms.DateField(
        required=False,
        label="When?",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Where the file has a column of its own for it, that counts.",
    )
    tags = forms.CharField(
        max_length=1_000,
        required=False,
        label="Tags for everybody in it",
        help_text="Separated by commas. Beside the tags that a column brings.",
    )

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

    def tag_names(self) -> list[str]:
        return [name for name in self.cleaned_data["tags"].split(",") if name.strip()]


def matches_from(post: Mapping[str, str], import_: Import) -> list[imports.Match]:
    """The matching of every column, from controls named to-0, kind-0, label-0, order-0."""
    return [
        imports.Match(
            column=index,
            to=str(post.get(f"to-{index}", meanings.SKIP))[:80],
            date_order=str(post.get(f"order-{index}", "ymd"))[:3],
            label=str(post.get(f"label-{index}", ""))[:120].replace("\x00", ""),
            kind=str(post.get(f"kind-{index}", "text"))[:10],
        )
        for index in range(len(import_.dialect["columns"]))
    ]


def columns(
    import_: Import, rows: list[tuple[str, ...]], known: Iterable[Known], posted: list[imports.Match] | None
) -> list[dict[str, Any]]:
    """What the matching screen draws, a row a column of the file."""
    known = list(known)
    choices = [
        (
            "Who they are",
            [*MEANINGS, *((f"field:{field.key}", field.label) for field in known), (meanings.NEW, "A new field…")],
        ),
        ("How they stand", STANDING),
        ("Nothing", [(meanings.SKIP, "Skip this column")]),
    ]
    dated = {f"field:{field.key}" for field in known if field.kind in ("date", "datetime")} | set(_DATED)
    drawn = []
    for index, name in enumerate(import_.dialect["columns"]):
        guessed: Mapping[str, Any] = import_.mapping[index]
        one = guessed
        if posted is not None:
            mine = posted[index]
            one = {"to": mine.to, "kind": mine.kind, "date_order": mine.date_order, "label": mine.label}
        kinds = [kind for kind in FieldKind if kind != FieldKind.MULTI or guessed.get("choices")]
        drawn.append(
            {
                "index": index,
                "name": name,
                "samples": [row[index] for row in rows if index < len(row) and row[index].strip()][:3],
                "to": one["to"],
                "kind": one.get("kind", "text"),
                "label": one.get("label") or name,
                "date_order": one.get("date_order", "ymd"),
                "is_date": one["to"] in dated
                or (one["to"] == meanings.NEW and one.get("kind") in ("date", "datetime")),
                "choices": choices,
                "kinds": [(kind.value, kind.label) for kind in kinds if kind != FieldKind.CHOICE],
                "orders": list(DATE_ORDERS.items()),
                "dated": " ".join(sorted(dated)),
            }
        )
    return drawn
