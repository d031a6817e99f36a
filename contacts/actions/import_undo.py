"""Taking an applied import back, for a month: people it made and nobody has mailed or touched go, the others return.

Policy: what people and members did since stays. Somebody who was mailed is never deleted, for the ledger's sums stand on
them: they are archived, unless they are subscribed by other means. Whom another import brought too stays with that one. The
numbers before it are a look at people spread over the import, and say so; the numbers after it are what was done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from contacts import ports
from contacts.actions import import_fields, removal
from contacts.adapters import import_tables, import_undoing
from contacts.adapters.import_undoing import Undoing
from contacts.enums import ImportState
from contacts.errors import NotThisWay
from contacts.models import Import, ImportChange

KEPT = timedelta(days=30)
BATCH = 5_000  # people
SAMPLE = 2_000  # people that the preview looks at
UNDOABLE = (ImportState.APPLIED, ImportState.CANCELLED, ImportState.FAILED)
DONE = ("deleted", "archived", "returned", "unsubscribed", "untagged", "lifted")


@dataclass(frozen=True, slots=True)
class Preview:
    """What undoing would do: `made` people would be deleted but for about `archived` of them; `changed` people have values
    that return where nobody changed them since; of `fields` those go that nothing uses. `exact`: everybody was looked at."""

    made: int
    archived: int
    exact: bool
    changed: int
    subscribed: int
    tagged: int
    listed: int
    fields: int

    @property
    def deleted(self) -> int:
        return self.made - self.archived


def until(import_: Import) -> datetime | None:
    """Until when an import may be taken back; None if it did nothing, is not over or is taken back already."""
    if import_.state not in UNDOABLE or import_.finished_at is None or not _did_something(import_):
        return None
    return import_.finished_at + KEPT


def preview(import_: Import) -> Preview:
    """What undoing would do now. Counts a part of the people where there are many."""
    done, undoing = import_.result, _undoing(import_, None)
    made = int(done.get("created", 0))
    ids, touched = import_undoing.sample(undoing, SAMPLE) if made else ([], [])
    kept = set(touched) | ports.mail.mailed(ids=ids)
    exact = len(ids) >= made
    return Preview(
        made=made,
        archived=len(kept) if exact or not ids else round(made * len(kept) / len(ids)),
        exact=exact,
        changed=int(done.get("changed", 0)),
        subscribed=int(done.get("subscribed", 0)),
        tagged=int(done.get("tagged", 0)),
        listed=int(done.get("listed", 0)),
        fields=len(import_fields.made(import_)),
    )


@transaction.atomic
def start(*, import_: Import, actor: User | None) -> None:
    """Have an import taken back by the worker. Raises NotThisWay: not over, nothing done, taken back, too late."""
    import_ = Import.objects.select_for_update(of=("self",)).select_related("organization").get(pk=import_.pk)
    if import_.state in (ImportState.UNDOING, ImportState.UNDONE):
        raise NotThisWay("This import is taken back already.")
    last = until(import_)
    if last is None:
        raise NotThisWay("There is nothing to take back: this import changed nobody.")
    if timezone.now() > last:
        raise NotThisWay(f"An import can be taken back for {KEPT.days} days. This one could be until {last:%d %B %Y}.")
    import_.state, import_.started_at, import_.worker = ImportState.UNDOING, timezone.now(), ""
    import_.undone_by, import_.undone_through, import_.problem = actor, 0, ""
    import_.undo = {"of": int(import_.result.get("created", 0)) + ImportChange.objects.filter(source=import_).count()}
    import_.save(update_fields=["state", "started_at", "worker", "undone_by", "undone_through", "undo", "problem"])
    audit.record(
        organization=import_.organization, actor=actor, verb="contacts.import_undo_started", target=import_, data={}
    )


def batch(import_: Import) -> bool:
    """Take back one batch of people, in the caller's transaction, which has locked the import; False when it was the last.

    The caller saves `undo`, `undone_through` and, at the end, what this sets beside them.
    """
    organization_id = import_.organization_id
    removal.hold_people(organization_id=organization_id, alone=True)
    import_tables.hold(organization_id)
    undoing = _undoing(import_, import_.undone_by_id)
    people = import_undoing.next_people(undoing, import_.undone_through, BATCH)
    ids = import_undoing.lock(people)
    wording = f"The import of {import_.file_name} was taken back."[:500]
    did = dict.fromkeys(DONE, 0)
    if ids:
        did["returned"] = import_undoing.return_values(undoing, ids)
        did["unsubscribed"] = import_undoing.take_back_subscriptions(undoing, ids, wording)
        did["untagged"] = import_undoing.take_off_tags(undoing, ids)
        import_undoing.hand_over(undoing, ids)
        bounced, complained = ports.mail.refused(ids=ids, since=import_.created_at)
        did["lifted"] = import_undoing.lift_entries(undoing, ids, wording, bounced=bounced, complained=complained)
        untouched = import_undoing.made_and_untouched(undoing, ids)
        gone = removal.remove_never_mailed(organization_id=organization_id, ids=untouched) if untouched else set()
        did["deleted"] = len(gone)
        did["archived"] = import_undoing.archive(undoing, [pk for pk in ids if pk not in gone])
    over = len(people) < BATCH
    if over:
        did["lifted"] += import_undoing.lift_the_rest(undoing)
        did["fields"] = import_fields.take_away(import_, import_.undone_by)
    did["people"] = len(people)
    import_.undo = import_.undo | {name: import_.undo.get(name, 0) + n for name, n in did.items()}
    import_.undone_through = people[-1] if people else import_.undone_through
    if over:
        import_.state, import_.undone_at = ImportState.UNDONE, timezone.now()
        audit.record(
            organization=import_.organization,
            actor=import_.undone_by,
            verb="contacts.import_undone",
            target=import_,
            data={"file": import_.file_name, "done": import_.undo},
        )
    return not over


def _did_something(import_: Import) -> bool:
    return any(import_.result.get(name) for name in ("created", "changed", "subscribed", "tagged", "listed"))


def _undoing(import_: Import, actor_id: int | None) -> Undoing:
    return Undoing(
        organization_id=import_.organization_id,
        import_id=import_.pk,
        about=about(import_),
        first=int(import_.result.get("first", 1)),
        last=int(import_.result.get("last", 0)),
        actor_id=actor_id,
    )


def about(import_: Import) -> str:
    """How records of consent and entries of the do-not-send list call an import."""
    return f"import {import_.public_id}"
