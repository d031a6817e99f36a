"""Sign-up forms' pages and what they show: of members, and of visitors."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Brand, Organization
from contacts import addresses, tokens
from contacts.actions import fields, signup_forms, signups
from contacts.actions.signup_forms import Facts
from contacts.actions.signups import Entry
from contacts.models import Contact, Signup, SignupForm, Topic
from contacts.queries import signups as links

TOPICS = (
    ("Kettle weekly", "New kettles and how to keep them, every Thursday.", True),
    ("Offers", "At most two a month.", False),
)


def a_form(organization: Organization) -> dict[str, Any]:
    brand = Brand.objects.get(organization=organization, is_default=True)
    city = fields.create(organization=organization, label="City", kind="text", actor=None)
    teas = fields.create(
        organization=organization, label="Tea or coffee?", kind="choice", choices=["Tea", "Coffee"], actor=None
    )
    made = [
        Topic.objects.create(
            organization=organization, brand=brand, name=name, description=words, double_opt_in=must_confirm
        )
        for name, words, must_confirm in TOPICS
    ]
    form = signup_forms.create(
        organization=organization,
        brand=brand,
        actor=None,
        facts=Facts(
            name="Website footer",
            topic_ids=[topic.pk for topic in made],
            lets_choose=True,
            title="A good kettle is for life",
            intro="One letter a week: what we repaired, what we learned, and what is new on the shelf.",
            fields=[
                {"key": "first_name", "required": False},
                {"key": city.key, "required": True},
                {"key": teas.key, "required": False},
            ],
            origins=["https://shop.copperkettle.example"],
        ),
    )
    return {"form": form.public_id}


def forms(organization: Organization) -> dict[str, Any]:
    form = SignupForm.objects.get(public_id=a_form(organization)["form"])
    for n in range(4):
        sign_up(form, f"guest{n}@post.example")
    topic = Topic.objects.get(name="Offers")
    signup_forms.create(
        organization=organization,
        brand=form.brand,
        facts=Facts(name="Stand at the fair", topic_ids=[topic.pk]),
        actor=None,
    )
    return {}


def used_form(organization: Organization) -> dict[str, Any]:
    forms(organization)
    return {"form": SignupForm.objects.get(name="Website footer").public_id}


def plain_form(organization: Organization) -> dict[str, Any]:
    form = SignupForm.objects.get(public_id=a_form(organization)["form"])
    SignupForm.objects.update(title="", intro="", lets_choose=False, fields=[])
    return {"form": form.public_id}


def closed_form(organization: Organization) -> dict[str, Any]:
    public_id = a_form(organization)["form"]
    signup_forms.archive(form=SignupForm.objects.get(public_id=public_id), actor=None)
    return {"form": public_id}


def sign_up(form: SignupForm, address: str) -> Signup:
    entry = Entry(
        address=addresses.parse(address),
        topics=list(Topic.objects.filter(pk__in=form.topic_ids)),
        values={},
        wording="Please send me “Kettle weekly” and “Offers” by mail, from Copper Kettle.",
        language="en",
    )
    signup = signups.sign_up(form=form, entry=entry)
    assert signup is not None
    return signup


def asked(organization: Organization) -> Signup:
    return sign_up(SignupForm.objects.get(public_id=a_form(organization)["form"]), "zoe@post.example")


def link(signup: Signup) -> dict[str, Any]:
    about = links.about_of(signup)
    return {
        "token": tokens.mint(organization_id=signup.organization_id, contact_id=signup.contact_id, about=about),
    }


def to_confirm(organization: Organization) -> dict[str, Any]:
    return link(asked(organization))


def confirmed(organization: Organization) -> dict[str, Any]:
    signup = asked(organization)
    signups.confirm(signup=signup, wording="Yes, I do", ip=None, user_agent="")
    return link(signup)


def too_old(organization: Organization) -> dict[str, Any]:
    signup = asked(organization)
    Signup.objects.update(at=timezone.now() - signups.GOOD_FOR - timedelta(days=1))
    return link(signup)


def forgotten(organization: Organization) -> dict[str, Any]:
    found = too_old(organization)
    signups.expire(signup=Signup.objects.select_related("form").get())
    assert not Contact.objects.exists()
    return found


VISITOR: dict[str, Any] = {"who": "nobody", "tenant": False}
PAGES: list[dict[str, Any]] = [
    {"slug": "forms-empty", "view": "contacts:forms"},
    {"slug": "forms", "view": "contacts:forms", "prepare": forms},
    {"slug": "form-new", "view": "contacts:form_new", "prepare": forms},
    {"slug": "form-edit", "view": "contacts:form_edit", "prepare": a_form},
    {"slug": "form-share", "view": "contacts:form", "prepare": used_form},
    {"slug": "form-share-analyst", "view": "contacts:form", "prepare": closed_form, "who": "analyst"},
    {"slug": "hosted-form", "view": "recipients:form", "prepare": a_form, **VISITOR},
    {"slug": "hosted-form-plain", "view": "recipients:form", "prepare": plain_form, "query": "language=de", **VISITOR},
    {"slug": "confirm", "view": "recipients:confirm", "prepare": to_confirm, **VISITOR},
    {"slug": "confirm-again", "view": "recipients:confirm", "prepare": confirmed, **VISITOR},
    {"slug": "confirm-too-old", "view": "recipients:confirm", "prepare": too_old, **VISITOR},
    {"slug": "confirm-forgotten", "view": "recipients:confirm", "prepare": forgotten, **VISITOR},
]
