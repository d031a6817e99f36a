"""Forms of sending services: what an ESP's account is spoken to with, and which way a stream goes."""

from collections.abc import Sequence
from typing import Any

from django import forms

from sending.actions.esp_accounts import RELAY, Way
from sending.esps import Esp
from sending.models import EspAccount, SendingDomain

OURS, WAITS = "relay", "waits"
MAX_KEY = 500


class AccountForm(forms.Form):
    """What one kind of ESP asks for. With `account`: keys may be left out, and then stay. `taken`: other accounts' names."""

    name = forms.CharField(max_length=60, label="What you call it", help_text="Shown to your team.")

    def __init__(
        self, esp: Esp, *args: Any, account: EspAccount | None = None, taken: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.esp = esp
        self._taken = {name.casefold() for name in taken}
        self.fields["name"].initial = account.name if account is not None else esp.label
        if len(esp.regions) > 1 and account is None:
            self.fields["region"] = forms.ChoiceField(
                label="Where the account is", choices=[(region.name, region.label) for region in esp.regions]
            )
        for each in esp.fields:
            kept = "Leave it empty to keep the one that is stored." if account is not None else ""
            quiet = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
            self.fields[each.name] = forms.CharField(
                label=each.label,
                help_text=" ".join(filter(None, (each.help, kept))),
                max_length=MAX_KEY,
                required=each.required and account is None,
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
                if each.is_secret
                else forms.TextInput(attrs=quiet),
            )

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name.casefold() in self._taken:
            raise forms.ValidationError("Another account is called so. Choose a name that tells them apart.")
        return name

    def given(self) -> dict[str, str]:
        """What it is spoken to with."""
        return {each.name: self.cleaned_data.get(each.name, "") for each in self.esp.fields}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for each in self.esp.fields:
            value = str(cleaned.get(each.name, ""))
            if not value.isascii() or any(character.isspace() for character in value):
                self.add_error(each.name, "This has a space or a letter in it that no key has. Copy it once more.")
        return cleaned


class RouteForm(forms.Form):
    """Which way a stream goes, and which while that one is out of order."""

    first = forms.ChoiceField(label="Goes by")
    failover = forms.ChoiceField(label="If that fails")

    def __init__(self, accounts: Sequence[EspAccount], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accounts = {account.public_id: account for account in accounts}
        ways = [(OURS, "Posthouse's own relay"), *((a.public_id, a.name) for a in accounts)]
        self.fields["first"].choices = ways  # type: ignore[attr-defined]
        self.fields["failover"].choices = [(WAITS, "It waits"), *ways]  # type: ignore[attr-defined]

    def first_way(self) -> Way:
        return self._way(self.cleaned_data["first"])

    def other_way(self) -> Way | None:
        chosen = self.cleaned_data["failover"]
        return None if chosen == WAITS else self._way(chosen)

    def _way(self, chosen: str) -> Way:
        return RELAY if chosen == OURS else Way(self._accounts[chosen])


class TestForm(forms.Form):
    """A test through the account: from which of our domains."""

    domain = forms.ModelChoiceField(SendingDomain.objects.none(), label="From", empty_label=None)

    def __init__(self, domains: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["domain"].queryset = domains  # type: ignore[attr-defined]
