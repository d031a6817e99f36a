"""An organization's name, postal address and time zone; a person's name."""

from functools import lru_cache
from zoneinfo import available_timezones

from django import forms
from django.conf import settings

from accounts.models import Organization, User

ADDRESS_LIMIT = 500  # characters: it stands at the foot of every marketing mail


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices by region: [("Europe", [("Europe/Berlin", "Berlin"), …]), …], UTC first."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in sorted(available_timezones()):
        region, _, place = zone.partition("/")
        if place and region not in {"Etc", "SystemV", "US", "posix", "right", "Brazil", "Canada", "Chile", "Mexico"}:
            regions.setdefault(region, []).append((zone, place.replace("_", " ").replace("/", ", ")))
    return [("Universal", [("UTC", "UTC")]), *regions.items()]


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]
    postal_address = forms.CharField(
        label="Postal address",
        max_length=ADDRESS_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
        help_text="Street, city and country. The law wants it at the foot of every marketing mail.",
        error_messages={"required": "Write the postal address: marketing mail may not leave without one."},
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        help_text="Dates and schedules are shown in it.",
        error_messages={"invalid_choice": "Choose a time zone of the list."},
    )

    class Meta:
        model = Organization
        fields: tuple[str, ...] = ("name", "postal_address", "time_zone")
        labels = {"name": "Name of the organization"}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}
        error_messages = {"name": {"required": "Give the organization a name."}}

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_postal_address(self) -> str:
        lines = (" ".join(line.split()) for line in str(self.cleaned_data["postal_address"]).splitlines())
        return "\n".join(line for line in lines if line)


class SettingsForm(OrganizationForm):
    """What an organization may choose once it is there."""

    locale = forms.ChoiceField(
        label="Language of mail",
        choices=settings.LANGUAGES,
        required=False,
        help_text="Mail writes dates and numbers in it for people whose own language is unknown.",
        error_messages={"invalid_choice": "Choose a language of the list."},
    )

    def clean_locale(self) -> str:
        return str(self.cleaned_data["locale"] or self.instance.locale)

    class Meta(OrganizationForm.Meta):
        fields: tuple[str, ...] = (*OrganizationForm.Meta.fields, "locale", "needs_approval", "tls_only")
        labels = {
            **OrganizationForm.Meta.labels,
            "needs_approval": "A second person approves each campaign",
            "tls_only": "No mail in clear text",
        }
        help_texts = {
            "needs_approval": "Before it leaves, somebody else looks at it. Nobody approves their own.",
            "tls_only": "Where a server offers no encryption, your mail waits for it and then expires; it is never sent in the "
            "open. That keeps listeners out. It does not prove who answers, unless the domain uses DANE or MTA-STS.",
        }


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("name",)
        labels = {"name": "Your name"}
        help_texts = {"name": "Your colleagues see it in the audit log."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
