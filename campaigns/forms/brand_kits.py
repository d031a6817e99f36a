"""The brand kit as it is typed: colours, fonts, logo, addresses elsewhere."""

from typing import Any
from urllib.parse import urlsplit

from django import forms

from accounts.face import colour as faces
from accounts.models import Brand
from campaigns.designs import kit as kits
from campaigns.models import BrandKit, Media

COLOUR_WORDS = {
    "accent": ("Accent", "Buttons and bands."),
    "on_accent": ("Words on the accent", "On buttons and bands."),
    "link": ("Links", "In texts."),
    "ink": ("Text", "What people read."),
    "quiet": ("Small print", "Footer and remarks."),
    "sheet": ("Sheet", "What the text stands on."),
    "paper": ("Page", "Around the sheet."),
}


class BrandKitForm(forms.Form):
    """`brand` gives what was never set. `logo` is a picture of the organization's library."""

    font_titles = forms.ChoiceField(label="Titles", choices=[(name, name) for name in kits.FONTS])
    font_body = forms.ChoiceField(label="Text", choices=[(name, name) for name in kits.FONTS])
    logo = forms.ModelChoiceField(
        queryset=Media.objects.none(), required=False, empty_label="No logo: the brand's name is written"
    )

    def __init__(self, *args: Any, brand: Brand, kit: BrandKit | None, **kwargs: Any) -> None:
        colours = kits.of_brand(brand.colour) | (kit.colours if kit else {})
        fonts = kits.DEFAULT_FONTS | (kit.fonts if kit else {})
        social = {one["name"]: one["url"] for one in (kit.social if kit else [])}
        initial: dict[str, Any] = {f"colour_{name}": colours[name] for name in kits.COLOURS}
        initial |= {f"font_{name}": fonts[name] for name in kits.DEFAULT_FONTS}
        initial |= {f"social_{name}": social.get(name, "") for name in kits.NETWORKS}
        initial["logo"] = kit.logo_id if kit else None
        super().__init__(*args, **kwargs | {"initial": initial})
        for name, (label, help_text) in COLOUR_WORDS.items():
            self.fields[f"colour_{name}"] = forms.CharField(
                label=label, help_text=help_text, max_length=7, widget=forms.TextInput(attrs={"type": "color"})
            )
        for name in kits.NETWORKS:
            self.fields[f"social_{name}"] = forms.CharField(
                label="X" if name == "x" else name.capitalize(),
                required=False,
                max_length=300,
                widget=forms.TextInput(attrs={"placeholder": "https://…", "inputmode": "url"}),
            )
        pictures = Media.objects.filter(organization=brand.organization, archived_at=None).exclude(
            content_type="image/gif"
        )
        logos: Any = self.fields["logo"]
        logos.queryset = pictures.order_by("name", "id")
        self.colour_fields = [self[f"colour_{name}"] for name in COLOUR_WORDS]
        self.social_fields = [self[f"social_{name}"] for name in kits.NETWORKS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in kits.COLOURS:
            try:
                red, green, blue = faces.parse(str(data.get(f"colour_{name}", "")))
                data[f"colour_{name}"] = f"#{red:02X}{green:02X}{blue:02X}"
            except ValueError:
                self.add_error(f"colour_{name}", "Write a colour like #0B6A62.")
        for name in kits.NETWORKS:
            if (url := str(data.get(f"social_{name}") or "").strip()) and not _is_address(url):
                self.add_error(f"social_{name}", "Write the whole address, like https://example.org/you.")
        return data

    def colours(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"colour_{name}"] for name in kits.COLOURS}

    def fonts(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"font_{name}"] for name in kits.DEFAULT_FONTS}

    def social(self) -> list[dict[str, str]]:
        given = {name: str(self.cleaned_data.get(f"social_{name}") or "").strip() for name in kits.NETWORKS}
        return [{"name": name, "url": url} for name, url in given.items() if url]

    def unsaved(self, brand: Brand) -> BrandKit:
        """The kit as typed, for the preview: what is wrong in it is as it was."""
        self.is_valid()
        clean = self.cleaned_data
        right = {name: clean.get(f"colour_{name}") or self.initial[f"colour_{name}"] for name in kits.COLOURS}
        fonts = {name: clean.get(f"font_{name}") or self.initial[f"font_{name}"] for name in kits.DEFAULT_FONTS}
        social = [one for one in self.social() if f"social_{one['name']}" not in self.errors]
        return BrandKit(brand=brand, colours=right, fonts=fonts, social=social, logo=clean.get("logo"))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = not any(c.isspace() or ord(c) < 32 or c in "<>\"'{}" for c in url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain
