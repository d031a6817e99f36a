"""Sign-up forms: the list with what became of their sign-ups, and a form as a visitor sees it."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Brand, Organization
from accounts.tenancy import cross_tenant
from contacts import languages
from contacts.enums import SignupState
from contacts.models import Signup, SignupForm, Topic
from contacts.queries import fields
from contacts.values import FieldKind


@dataclass(frozen=True, slots=True)
class Asked:
    """One question beside the address."""

    kind: FieldKind
    label: str
    required: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A form in the words that one visitor sees. Texts that the form does not have are ours, in `language`."""

    form: SignupForm
    brand: Brand
    language: str
    title: str
    intro: str
    wording: str
    button: str
    thanks: str
    topics: list[Topic]
    asked: list[Asked]

    @property
    def is_open(self) -> bool:
        return self.form.archived_at is None and bool(self.topics)

    @property
    def may_choose(self) -> bool:
        return self.form.lets_choose and len(self.topics) > 1

    @property
    def must_confirm(self) -> bool:
        """Whether a mail asks everybody to confirm (who had left before is always asked)."""
        return any(topic.double_opt_in for topic in self.topics)


@dataclass(frozen=True, slots=True)
class Row:
    """A form in the list. `sums`: sign-ups by SignupState."""

    form: SignupForm
    topics: list[Topic]
    sums: dict[str, int]

    @property
    def waiting(self) -> int:
        return self.sums.get(SignupState.WAITING, 0)

    @property
    def subscribed(self) -> int:
        return self.sums.get(SignupState.SUBSCRIBED, 0)

    @property
    def expired(self) -> int:
        return self.sums.get(SignupState.EXPIRED, 0)


def listed(organization: Organization, *, archived: bool = False) -> list[Row]:
    """Forms by name, with their topics and what became of their sign-ups."""
    forms = list(
        SignupForm.objects.filter(organization=organization, archived_at__isnull=not archived)
        .select_related("brand")
        .order_by("name")
    )
    sums = _sums(forms)
    topics = Topic.objects.filter(pk__in={pk for form in forms for pk in form.topic_ids}).in_bulk()
    return [Row(form, [topics[pk] for pk in form.topic_ids if pk in topics], sums[form.pk]) for form in forms]


def row(form: SignupForm) -> Row:
    """One form with its topics and sums."""
    topics = Topic.objects.filter(pk__in=form.topic_ids).in_bulk()
    return Row(form, [topics[pk] for pk in form.topic_ids if pk in topics], _sums([form])[form.pk])


def organization_of(public_id: str) -> int | None:
    """The id of the organization whose form this is: the form's address does not name it. Not inside of a scope."""
    with cross_tenant("a sign-up form is found by its public id alone"):
        return SignupForm.objects.filter(public_id=public_id).values_list("organization_id", flat=True).first()


def address_of(form: SignupForm) -> str:
    """Where its hosted page is, on the brand's link host."""
    return f"{form.brand.link_base}/f/{form.public_id}"


def language_for(form: SignupForm, *, chosen: str = "", accept: str = "") -> str:
    """The form's own language when it has one, else the visitor's."""
    return languages.supported(form.locale) or languages.best(chosen=chosen, accept=accept)


def shown(form: SignupForm, *, language: str) -> Shown:
    """The form as it reads in `language` (see language_for)."""
    topics = Topic.objects.filter(pk__in=form.topic_ids, archived_at=None).in_bulk()
    chosen = [topics[pk] for pk in form.topic_ids if pk in topics]
    with translation.override(language):
        return Shown(
            form=form,
            brand=form.brand,
            language=language,
            title=form.title or _("Mail from %(brand)s") % {"brand": form.brand.name},
            intro=form.intro,
            wording=form.wording or _wording(form, chosen),
            button=form.button or _("Subscribe"),
            thanks=form.thanks,
            topics=chosen,
            asked=_asked(form),
        )


def names(topics: list[Topic]) -> str:
    """“Tea news” and “Offers”, as one reads them in a sentence of the language that is on."""
    quoted = [_("“%(topic)s”") % {"topic": topic.name} for topic in topics]
    if len(quoted) < 2:
        return "".join(quoted)
    return _("%(first)s and %(last)s") % {"first": ", ".join(quoted[:-1]), "last": quoted[-1]}


def _wording(form: SignupForm, topics: list[Topic]) -> str:
    if form.lets_choose and len(topics) > 1:
        words = _("Please send me what I ticked by mail, from %(brand)s. I can leave by a link in every mail.")
    else:
        words = _("Please send me %(topics)s by mail, from %(brand)s. I can leave by a link in every mail.")
    return words % {"topics": names(topics), "brand": form.brand.name}


def _asked(form: SignupForm) -> list[Asked]:
    known = {kind.key: kind for kind in fields.known(form.organization)}
    own = {"first_name": _("First name"), "last_name": _("Last name")}
    asked = []
    for one in form.fields:
        kind = known.get(one["key"])
        if kind is not None:
            is_ours = fields.STANDARD.get(kind.key) == kind.label
            asked.append(Asked(kind, own[kind.key] if is_ours else kind.label, bool(one.get("required"))))
    return asked


def _sums(forms: list[SignupForm]) -> dict[int, dict[str, int]]:
    sums: dict[int, dict[str, int]] = defaultdict(dict)
    for form_id, state, n in (
        Signup.objects.filter(form__in=forms).values_list("form_id", "state").annotate(n=Count("pk")).order_by()
    ):
        sums[form_id][state] = n
    return sums
