"""The form by which members make sign-up forms."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.encoding import iri_to_uri

from accounts.models import Brand, Organization
from contacts import addresses
from contacts.actions.signup_forms import Facts
from contacts.models import SignupForm, Topic
from contacts.queries import fields, topics

MAX_ORIGINS = 50
MAX_TEXT = 2_000
MAX_URL = 500
ASK = [("", "Not asked"), ("asked", "Asked"), ("required", "Required")]
NOT_ASKED = {"email"}  # the name is the address's own


class SignupFormForm(forms.Form):
    """`facts()` and `brand()` after it is valid."""

    name = forms.CharField(max_length=120, label="Name", help_text="For yourselves: “Website footer”, “Fair in May”.")
    topics = forms.MultipleChoiceField(
        label="What people sign up for",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one topic: people sign up for something."},
    )
    lets_choose = forms.BooleanField(
        required=False,
        label="Let people choose among them",
        help_text="Each topic is a box that nobody has ticked. Otherwise one press is for all of them.",
    )
    title = forms.CharField(max_length=200, required=False, label="Title", help_text="Empty: “Mail from …”.")
    intro = forms.CharField(
        max_length=MAX_TEXT,
        required=False,
        label="What people get, and why it is worth it",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    wording = forms.CharField(
        max_length=MAX_TEXT,
        required=False,
        label="Words of consent",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They stand above the button, and each consent keeps the words that its person saw. "
        "Empty: our words, in the visitor's language.",
    )
    button = forms.CharField(max_length=60, required=False, label="Button", help_text="Empty: “Subscribe”.")
    thanks = forms.CharField(
        max_length=MAX_TEXT,
        required=False,
        label="Words afterwards",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Added to ours, which say that a mail is on its way.",
    )
    redirect_url = forms.CharField(
        max_length=MAX_URL,
        required=False,
        label="Page afterwards",
        help_text="A page of yours that people are led to instead. It should say: look into your mail.",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    locale = forms.ChoiceField(
        required=False,
        label="Language",
        help_text="Of the form's words around yours, and of the mails that answer.",
    )
    origins = forms.CharField(
        required=False,
        max_length=MAX_ORIGINS * 270,
        label="Sites that may use it",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "https://www.example.com"}),
        help_text="One a line. Needed for the JSON endpoint in browsers. With sites here, the form's HTML works on "
        "these only; on others the visitor presses once more on our page.",
    )

    def __init__(self, *args: Any, organization: Organization, form: SignupForm | None = None, **kwargs: Any) -> None:
        self.kinds = [kind for kind in fields.known(organization) if kind.key not in NOT_ASKED]
        self.choices = {topic.public_id: topic for topic in topics.choices(organization)}
        if form is not None:
            kept = Topic.objects.filter(pk__in=form.topic_ids).select_related("brand")
            self.choices |= {topic.public_id: topic for topic in kept}
            kwargs["initial"] = _initial(form, self.choices) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        brands = len({topic.brand_id for topic in self.choices.values()})
        self.fields["topics"].choices = [  # type: ignore[attr-defined]
            (public_id, _label(topic, with_brand=brands > 1)) for public_id, topic in self.choices.items()
        ]
        self.fields["locale"].choices = [("", "The visitor's"), *settings.LANGUAGES]  # type: ignore[attr-defined]
        for kind in self.kinds:
            self.fields[f"ask_{kind.key}"] = forms.ChoiceField(choices=ASK, required=False, label=kind.label)

    @property
    def asked(self) -> list[forms.BoundField]:
        """The controls of the fields that can be asked for."""
        return [self[f"ask_{kind.key}"] for kind in self.kinds]

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self[name] for name in ("title", "intro", "wording", "button")]

    @property
    def afterwards(self) -> list[forms.BoundField]:
        return [self[name] for name in ("thanks", "redirect_url")]

    @property
    def places(self) -> list[forms.BoundField]:
        return [self[name] for name in ("locale", "origins")]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_topics(self) -> list[Topic]:
        chosen = [self.choices[public_id] for public_id in self.cleaned_data["topics"]]
        if len({topic.brand_id for topic in chosen}) > 1:
            raise ValidationError("These topics are of different brands. Make a form for each brand.")
        return chosen

    def clean_redirect_url(self) -> str:
        url = str(self.cleaned_data["redirect_url"]).strip()
        if url:
            URLValidator(schemes=["https", "http"], message="Write a whole address that begins with https://")(url)
            url = _in_ascii(url)
        return url

    def clean_origins(self) -> list[str]:
        found = dict.fromkeys(
            origin_of(line)
            for line in str(self.cleaned_data["origins"]).replace(",", "\n").splitlines()
            if line.strip()
        )
        if len(found) > MAX_ORIGINS:
            raise ValidationError(f"{MAX_ORIGINS} sites are the most.")
        return list(found)

    def brand(self) -> Brand:
        return self.cleaned_data["topics"][0].brand

    def facts(self) -> Facts:
        """What was decided. While a form is being typed, only the parts of it that are right."""
        clean = self.cleaned_data
        asked = [(kind.key, clean.get(f"ask_{kind.key}", "")) for kind in self.kinds]
        texts = ("title", "intro", "wording", "button", "thanks", "redirect_url", "locale")
        return Facts(
            name=clean.get("name", ""),
            topic_ids=[topic.pk for topic in clean.get("topics", [])],
            lets_choose=bool(clean.get("lets_choose")),
            fields=[{"key": key, "required": how == "required"} for key, how in asked if how],
            origins=clean.get("origins", []),
            **{name: str(clean.get(name, "")).replace("\r\n", "\n").strip() for name in texts},
        )


def origin_of(line: str) -> str:
    """The origin (RFC 6454: scheme, host, port) of a site as somebody writes it. Raises ValidationError."""
    text = line.strip().lower()
    bad = ValidationError(f"“{line.strip()[:60]}” is no site. It looks like https://www.example.com")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
            raise bad
        if host != "localhost" and not host.replace(".", "").isdigit():
            host = addresses.parse(f"x@{host}").domain
    except ValueError as error:
        raise bad from error
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def _in_ascii(url: str) -> str:
    """A web address as it goes over the wire: the site's name in the letters of the DNS (RFC 3490), for it stands in a header
    that has no others and would be lost; a name and password in front of it would end that header's part. Raises
    ValidationError.
    """
    parts = urlsplit(url)
    site = origin_of(f"{parts.scheme}://{parts.netloc}")
    made = site + iri_to_uri(urlunsplit(("", "", parts.path, parts.query, parts.fragment)))
    if len(made) > MAX_URL:
        raise ValidationError(f"Written as browsers send it, the address is longer than {MAX_URL} characters.")
    return made


def _initial(form: SignupForm, choices: dict[str, Topic]) -> dict[str, Any]:
    public_ids = {topic.pk: public_id for public_id, topic in choices.items()}
    names = ("name", "lets_choose", "title", "intro", "wording", "button", "thanks", "redirect_url", "locale")
    return (
        {name: getattr(form, name) for name in names}
        | {
            "topics": [public_ids[pk] for pk in form.topic_ids if pk in public_ids],
            "origins": "\n".join(form.origins),
        }
        | {f"ask_{one['key']}": "required" if one.get("required") else "asked" for one in form.fields}
    )


def _label(topic: Topic, *, with_brand: bool) -> str:
    name = f"{topic.name} ({topic.brand.name})" if with_brand else topic.name
    name = f"{name}, confirmed by mail" if topic.double_opt_in else name
    return f"{name} (archived)" if topic.archived_at else name
