"""The form of a new sending domain."""

from django import forms

from sending import domain_names


class DomainForm(forms.Form):
    name = forms.CharField(
        max_length=domain_names.MAX_TYPED,
        label="Domain",
        help_text="What stands after the @ of your sender address, like example.com or news.example.com.",
        widget=forms.TextInput(
            attrs={"placeholder": "example.com", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_name(self) -> str:
        try:
            return domain_names.parse(self.cleaned_data["name"])
        except domain_names.BadName as refused:
            raise forms.ValidationError(str(refused)) from refused
