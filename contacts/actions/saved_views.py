"""Saved views: ways of looking at the list of people that an organization keeps under a name. Everybody of it sees them."""

from django.db import IntegrityError, transaction

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.errors import AlreadyThere, NotThisWay
from contacts.models import SavedView

MAX_NAME = 80
MOST = 100


@transaction.atomic
def save(*, organization: Organization, name: str, query: str, actor: User | None) -> SavedView:
    """Keep the query of a list's address under a name. Raises AlreadyThere, NotThisWay."""
    name = _named(name)
    if not query:
        raise NotThisWay("Filter or sort the list first: then there is something to keep.")
    if SavedView.objects.filter(organization=organization).count() >= MOST:
        raise NotThisWay(f"There are {MOST} saved views already. Delete one that nobody needs.")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(organization=organization, name=name, query=query[:4000], created_by=actor)
    except IntegrityError as taken:
        raise AlreadyThere(f"There is a view called {name} already.") from taken
    audit.record(organization=organization, actor=actor, verb="contacts.view_saved", target=view)
    return view


@transaction.atomic
def rename(*, view: SavedView, name: str, actor: User | None) -> None:
    """Raises AlreadyThere, NotThisWay."""
    view.name, before = _named(name), view.name
    if view.name == before:
        return
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError as taken:
        raise AlreadyThere(f"There is a view called {view.name} already.") from taken
    audit.record(
        organization=view.organization,
        actor=actor,
        verb="contacts.view_renamed",
        target=view,
        data={"name": [before, view.name]},
    )


@transaction.atomic
def delete(*, view: SavedView, actor: User | None) -> None:
    """Forget a view. The people whom it showed are not touched."""
    audit.record(
        organization=view.organization,
        actor=actor,
        verb="contacts.view_deleted",
        target=view,
        data={"query": view.query},
    )
    view.delete()


def _named(name: str) -> str:
    name = " ".join("".join(one if one.isprintable() else " " for one in name).split())[:MAX_NAME]
    if not name:
        raise NotThisWay("Give the view a name.")
    return name
