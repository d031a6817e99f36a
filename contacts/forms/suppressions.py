"""Forms of the do-not-send list: a few addresses with a reason, a whole list, and the lifting of one."""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from accounts.models import Organization
from contacts import addresses
from contacts.actions import suppression_lists
from contacts.enums import SuppressionReason
from contacts.forms.people import BY_HAND
from contacts.models import Topic

MOST = 5_000
OF_A_LIST = (
    SuppressionReason.IMPORTED,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.INVALID,
    SuppressionReason.BOUNCED,
    SuppressionReason.MANUAL,
)


class ScopeForm(forms.Form):
    """Base: whether it is about all mail or about one topic."""

    topic = forms.ModelChoiceField(
        queryset=Topic.objects.none(),
        required=False,
        empty_label="All mail",
        label="What they get no more",
        to_field_name="public_id",
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = Topic.objects.filter(organization=organization, archived_at=None).order_by("name")
        if topics:
            self.fields["topic"].queryset = topics  # type: ignore[attr-defined]
        else:
            del self.fields["topic"]


class SuppressManyForm(ScopeForm):
    """`addresses` gives the clean address keys."""

    field_order = ("addresses", "reason", "topic", "evidence")
    addresses = forms.CharField(
        max_length=MOST * 100,
        label="Addresses",
        help_text=f"One a line, up to {MOST:,}. For more, or with a reason each, upload a list.",
        widget=forms.Textarea(attrs={"rows": 6, "autofocus": True, "spellcheck": "false"}),
    )
    reason = forms.ChoiceField(choices=[(reason.value, reason.label) for reason in BY_HAND], label="Reason")
    evidence = forms.CharField(
        max_length=2000,
        label="What happened?",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For whoever looks at this in a year.",
        error_messages={"required": "Write what happened, for whoever looks at this in a year."},
    )

    def clean_addresses(self) -> list[str]:
        lines = [line for line in re.split(r"[\n,;]+", self.cleaned_data["addresses"]) if line.strip()]
        if len(lines) > MOST:
            raise ValidationError(f"These are {len(lines):,}. Add {MOST:,} at a time, or upload a list.")
        keys, bad = [], []
        for line in lines:
            key = addresses.key_of(line)
            if key is None:
                bad.append(line.strip()[:80])
            else:
                keys.append(key)
        if bad:
            shown = ", ".join(f"“{one}”" for one in bad[:5])
            more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
            raise ValidationError(f"Not an address: {shown}{more}. Mend or remove them; nothing was added yet.")
        return list(dict.fromkeys(keys))


class ListForm(ScopeForm):
    """A file or a pasted list; `chunks()` gives its bytes."""

    field_order = ("file", "pasted", "reason", "topic", "evidence")
    file = forms.FileField(
        required=False,
        label="File",
        help_text="CSV, up to 250,000 rows. Columns called reason, evidence and topic are understood, also in the words of "
        "other services.",
    )
    pasted = forms.CharField(
        required=False,
        max_length=suppression_lists.MAX_BYTES,
        label="Or paste the list",
        help_text="One a line; behind a semicolon the reason, if you have it: “ann@example.org; complained”.",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    reason = forms.ChoiceField(
        choices=[(reason.value, reason.label) for reason in OF_A_LIST], label="Reason, where the list gives none"
    )
    evidence = forms.CharField(
        max_length=300,
        label="Where does this list come from?",
        help_text="For whoever looks at this in a year: “Suppressions of our Mailchimp account, exported 22 November”.",
        error_messages={"required": "Say where the list comes from, for whoever looks at this in a year."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("file")) == bool((cleaned.get("pasted") or "").strip()):
            raise ValidationError("Choose a file or paste a list, one of the two.")
        return cleaned

    def chunks(self) -> Iterator[bytes]:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is not None:
            yield from file.chunks()
        else:
            yield self.cleaned_data["pasted"].encode("utf-8", "replace")


class LiftForm(forms.Form):
    """A complaint is lifted only by somebody who says that they know what it was."""

    why = forms.CharField(
        max_length=300,
        label="Why may this address get mail again?",
        error_messages={"required": "Say why. It is kept in the audit log."},
    )
    sure = forms.BooleanField(
        label="They asked for our mail again after they had reported it as spam",
        error_messages={"required": "Without their own wish, leave the entry where it is."},
    )

    def __init__(self, *args: Any, is_complaint: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_complaint:
            del self.fields["sure"]
