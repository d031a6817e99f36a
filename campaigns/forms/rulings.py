"""The operator's form for a ruling: what is meant by the names that people know, how long, and why."""

from datetime import timedelta
from typing import Any

from django import forms

from accounts.tenancy import cross_tenant
from campaigns.queries import ruling_scopes
from campaigns.queries.ruling_scopes import Unknown
from sending.actions.rulings import MOST_CONNECTIONS, MOST_MESSAGES, MOST_PER_MINUTE, MOST_REASON, MOST_TOLD, Scope
from sending.enums import RulingKind

SPANS = (
    (15, "15 minutes"),
    (60, "1 hour"),
    (120, "2 hours"),
    (360, "6 hours"),
    (1440, "1 day"),
    (4320, "3 days"),
    (10080, "7 days"),
    (43200, "30 days"),
)
EACH_OR_ALL = "To a provider or to mail servers: from each of our addresses. Otherwise: of all relays together."
EVERYTHING = "everything"  # to be typed before all mail of everybody stops


class RulingForm(forms.Form):
    provider = forms.ChoiceField(required=False, label="To mailbox provider")
    site = forms.CharField(
        required=False,
        max_length=200,
        label="To mail servers",
        help_text="As this page’s lists and manage.py relays name them, letter for letter: mx.tiny.example.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    source = forms.ChoiceField(required=False, label="From address")
    organization = forms.CharField(
        required=False,
        max_length=40,
        label="Of organization",
        help_text="Its id in the addresses of its pages: /o/<id>/.",
    )
    campaign = forms.CharField(
        required=False,
        max_length=40,
        label="Of campaign",
        help_text="Its id in the addresses of its pages: /campaigns/<id>/.",
    )
    connections = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_CONNECTIONS,
        label="Connections at once",
        help_text=EACH_OR_ALL,
    )
    messages = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_MESSAGES, label="Messages in one connection"
    )
    per_minute = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=MOST_PER_MINUTE,
        label="Messages a minute",
        help_text=EACH_OR_ALL,
    )
    lasting = forms.TypedChoiceField(choices=SPANS, coerce=int, initial=120, label="For")
    reason = forms.CharField(
        max_length=MOST_REASON, label="Why", help_text="For operators, and for the log. Nobody else reads it."
    )
    told = forms.CharField(
        required=False,
        max_length=MOST_TOLD,
        label="What people read",
        help_text="The people whose mail it is see that it is held or slowed, and this. May stay empty.",
    )
    sure = forms.CharField(
        required=False, label=f"Type “{EVERYTHING}”", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, data: Any = None, *, kind: RulingKind, sources: list[str], initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.kind = kind
        self.scope = Scope()
        self.stops_everything = False
        self.fields["provider"].choices = [("", "Any"), *((name, name) for name in ruling_scopes.providers())]
        self.fields["source"].choices = [("", "Any"), *((address, address) for address in sources)]
        if not sources:
            del self.fields["source"]
        if kind != RulingKind.LIMIT:
            for name in ("connections", "messages", "per_minute"):
                del self.fields[name]
        if kind == RulingKind.RELEASE:
            for name in ("lasting", "told"):
                del self.fields[name]

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.cleaned_data["lasting"])

    @property
    def limits(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] or 0 for name in ("connections", "messages", "per_minute")}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        try:
            with cross_tenant("an operator names an organization or a campaign"):
                found = ruling_scopes.find(
                    source=given.get("source", ""),
                    provider=given.get("provider", ""),
                    organization=given.get("organization", "").strip(),
                    campaign=given.get("campaign", "").strip(),
                )
        except Unknown as unknown:
            raise forms.ValidationError(str(unknown)) from unknown
        self.scope = Scope(
            source_id=found.source_id,
            provider=found.provider,
            site=given.get("site", ""),
            organization=found.organization,
            mailing=found.mailing,
        )
        if self.scope.is_everything and self.kind == RulingKind.HOLD:
            self.stops_everything = True
            if given.get("sure", "").strip().casefold() != EVERYTHING:
                self.add_error(
                    "sure", "Nothing is named, so all mail of everybody would stop. Name what is meant, or type it."
                )
        return given
