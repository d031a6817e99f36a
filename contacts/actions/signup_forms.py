"""Sign-up forms: making, editing, putting away. Signing up itself is in actions/signups.py."""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Brand, Organization, User
from contacts.errors import AlreadyThere
from contacts.models import SignupForm


@dataclass(frozen=True, slots=True)
class Facts:
    """What a member decides about a form; see contacts.models.SignupForm. Empty texts: ours, in the visitor's language."""

    name: str
    topic_ids: list[int]
    title: str = ""
    intro: str = ""
    wording: str = ""
    button: str = ""
    lets_choose: bool = False
    fields: list[dict[str, Any]] = field(default_factory=list)
    thanks: str = ""
    redirect_url: str = ""
    origins: list[str] = field(default_factory=list)
    locale: str = ""


def create(*, organization: Organization, brand: Brand, facts: Facts, actor: User | None) -> SignupForm:
    """Raises AlreadyThere if there is a form of that name."""
    form = SignupForm(organization=organization, brand=brand, **asdict(facts))
    return _save(form, actor, "contacts.form_created", {})


def edit(*, form: SignupForm, brand: Brand, facts: Facts, actor: User | None) -> SignupForm:
    """Set everything anew. What stands on other sites keeps its old words until it is copied again; records keep theirs.

    Raises AlreadyThere if there is another form of that name.
    """
    new = asdict(facts)
    changed = sorted(name for name, value in new.items() if getattr(form, name) != value)
    form.brand = brand
    for name, value in new.items():
        setattr(form, name, value)
    return _save(form, actor, "contacts.form_edited", {"changed": changed})


@transaction.atomic
def archive(*, form: SignupForm, actor: User | None) -> None:
    """Close a form: it takes nobody any more, wherever it stands. Links that were mailed still confirm."""
    if form.archived_at is None:
        form.archived_at = timezone.now()
        form.save(update_fields=["archived_at"])
        audit.record(organization=form.organization, actor=actor, verb="contacts.form_archived", target=form)


def restore(*, form: SignupForm, actor: User | None) -> None:
    """Open a form again. Raises AlreadyThere when another one has its name by now."""
    if form.archived_at is not None:
        form.archived_at = None
        _save(form, actor, "contacts.form_restored", {})


def _save(form: SignupForm, actor: User | None, verb: str, data: dict[str, Any]) -> SignupForm:
    try:
        with transaction.atomic():
            form.save()
            audit.record(organization=form.organization, actor=actor, verb=verb, target=form, data=data)
    except IntegrityError as taken:
        raise AlreadyThere(f"There is a form called {form.name} already.") from taken
    return form
