"""To whom a test goes, and as whom it is merged."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Organization
from campaigns.models import Tester
from campaigns.queries.variants import Version
from contacts import addresses

MOST = 20  # addresses at once
_BETWEEN = re.compile(r"[\s,;]+")


class TestForm(forms.Form):
    """Gives `to` (addresses, each once), `keep`, `person`, and `version` of a campaign that tests some (1 or more)."""

    to = forms.CharField(
        max_length=4_000,
        required=False,
        label="Send the test to",
        help_text="Several addresses: by commas or on lines of their own.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    testers = forms.ModelMultipleChoiceField(
        queryset=Tester.objects.none(), required=False, label="Testers", widget=forms.CheckboxSelectMultiple
    )
    keep = forms.BooleanField(required=False, label="Keep these addresses as testers")
    person = forms.CharField(
        max_length=320,
        required=False,
        label="As it would be for",
        help_text="The address of one of your people. Empty: with the fallbacks.",
    )

    version = forms.TypedChoiceField(required=False, label="Version", coerce=int, empty_value=1)

    def __init__(self, *args: Any, organization: Organization, versions: Sequence[Version] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [(each.number, each.name) for each in versions]  # type: ignore[attr-defined]
        known = Tester.objects.filter(organization=organization).order_by("name", "address")
        self.fields["testers"].queryset = known  # type: ignore[attr-defined]

    def clean_to(self) -> list[str]:
        """The addresses that were typed, normalised."""
        typed = [each for each in _BETWEEN.split(self.cleaned_data["to"]) if each]
        if len(typed) > MOST:
            raise ValidationError(f"Send a test to at most {MOST} addresses at once.")
        found = []
        for each in typed:
            key = addresses.key_of(each)
            if not key:
                raise ValidationError(f"{each[:80]} is not an address that mail can be sent to.")
            found.append(key)
        return list(dict.fromkeys(found))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "to" in given and "testers" in given:
            given["typed"] = given["to"]
            given["to"] = list(dict.fromkeys([*given["to"], *(tester.address for tester in given["testers"])]))
            if not given["to"]:
                self.add_error("to", "Write an address, or choose a tester.")
            elif len(given["to"]) > MOST:
                self.add_error("to", f"Send a test to at most {MOST} addresses at once.")
        return given
