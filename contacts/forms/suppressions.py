"""Forms of the do-not-send list: a pasted list of addresses with a reason, and the lifting of one."""

import re

from django import forms
from django.core.exceptions import ValidationError

from contacts import addresses
from contacts.forms.people import BY_HAND

MOST = 5_000


class SuppressManyForm(forms.Form):
    """`keys` are the clean address keys."""

    addresses = forms.CharField(
        max_length=MOST * 100,
        label="Addresses",
        help_text=f"One a line, up to {MOST:,}.",
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
            raise ValidationError(f"These are {len(lines):,}. Add {MOST:,} at a time.")
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


class LiftForm(forms.Form):
    why = forms.CharField(
        max_length=300,
        label="Why may this address get mail again?",
        error_messages={"required": "Say why. It is kept in the audit log."},
    )
