"""Forms of campaigns."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Organization
from campaigns.models import Campaign
from campaigns.preflight.sender import LOCAL_PART
from contacts.models import Segment, Topic
from sending.merging import check, header_line
from sending.models import SendingDomain

UTM = ("source", "medium", "campaign")


def _choices(organization: Organization) -> dict[str, Any]:
    return {
        "topic": Topic.objects.filter(organization=organization, archived_at=None).order_by("name"),
        "segment": Segment.objects.filter(organization=organization, archived_at=None).order_by("name"),
        "excluded_segment": Segment.objects.filter(organization=organization, archived_at=None).order_by("name"),
        "domain": SendingDomain.objects.filter(organization=organization).defer("private_key").order_by("name"),
    }


class NewCampaignForm(forms.Form):
    """The least that a draft needs: what it is called, and whom it is for."""

    name = forms.CharField(max_length=200, label="Name", help_text="Only you and your colleagues see it.")
    topic = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="Choose later", label="Topic", help_text="Its subscribers get this."
    )
    segment = forms.ModelChoiceField(
        queryset=None,
        required=False,
        empty_label="Everybody in the topic",
        label="Segment",
        help_text="Only those of them who fit.",
    )
    excluded_segment = forms.ModelChoiceField(
        queryset=None,
        required=False,
        empty_label="Nobody",
        label="Without",
        help_text="Who is in this segment does not get it.",
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, queryset in _choices(organization).items():
            if name in self.fields:
                self.fields[name].queryset = queryset  # type: ignore[attr-defined]


class CampaignForm(NewCampaignForm):
    """Audience, sender, subject of a draft."""

    subject = forms.CharField(
        max_length=250,
        required=False,
        label="Subject",
        help_text='Merge fields work here: {{ contact.first_name | default: "you" }}',
    )
    preheader = forms.CharField(
        max_length=250,
        required=False,
        label="Preview text",
        help_text="What many mail programs show after the subject. Empty: the template's.",
    )
    from_name = forms.CharField(max_length=200, required=False, label="Sender's name")
    from_local = forms.CharField(max_length=64, required=False, label="Address: before the @")
    domain = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="Choose a domain", label="Domain: after the @"
    )
    reply_to = forms.EmailField(
        max_length=254, required=False, label="Answers go to", help_text="Empty: to the sender's address."
    )
    utm_source = forms.CharField(
        max_length=100, required=False, label="Source", help_text="utm_source, for example newsletter."
    )
    utm_medium = forms.CharField(max_length=100, required=False, label="Medium", help_text="utm_medium: email.")
    utm_campaign = forms.CharField(
        max_length=100, required=False, label="Campaign", help_text="utm_campaign, for example spring."
    )

    def __init__(
        self, data: Any = None, *, organization: Organization, names: frozenset[str], campaign: Campaign
    ) -> None:
        initial = {name: getattr(campaign, name, "") for name in self.base_fields}
        initial |= {f"utm_{name}": campaign.utm.get(name, "") for name in UTM}
        super().__init__(data, organization=organization, initial=initial)
        self.names = names
        self.fields["topic"].empty_label = "Choose a topic"  # type: ignore[attr-defined]
        for name in ("segment", "excluded_segment"):  # one that was archived since stays chosen
            chosen = Segment.objects.filter(organization=organization, pk=getattr(campaign, f"{name}_id"))
            self.fields[name].queryset |= chosen  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """`utm`: what is put on links, in place of its fields."""
        given = super().clean() or self.cleaned_data
        tags = {name: header_line(given.pop(f"utm_{name}", "")) for name in UTM}
        return {**given, "utm": {name: value for name, value in tags.items() if value}}

    def mark_wanted(self) -> None:
        """Before it is shown: what the checklist will want is not called optional, though a draft may lack it."""
        self.use_required_attribute = False
        for name in ("topic", "subject", "from_name", "from_local", "domain"):
            self.fields[name].required = True

    def clean_from_name(self) -> str:
        name: str = self.cleaned_data["from_name"].strip()
        if any(unicodedata.category(character) == "Cc" for character in name):
            raise ValidationError("The name must be one line, without characters that nobody sees.")
        return header_line(name)

    def clean_from_local(self) -> str:
        local: str = self.cleaned_data["from_local"].strip()
        if local and (not LOCAL_PART.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local):
            raise ValidationError("Write what stands before the @: letters, digits, dots and hyphens.")
        return local

    def clean_subject(self) -> str:
        return one_line(self.cleaned_data["subject"], self.names)

    def clean_preheader(self) -> str:
        return one_line(self.cleaned_data["preheader"], self.names)


def one_line(value: str, names: frozenset[str]) -> str:
    """A subject or preview text in one line; ValidationError when it names a merge field that there is not."""
    value = " ".join(header_line(value).split())
    if problems := check(value, names):
        raise ValidationError(problems[0].message)
    return value
