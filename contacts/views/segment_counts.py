"""How many people a segment finds while it is built: at once about, then exactly; and each condition's own count."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.models import Organization
from contacts.forms import segments as forms
from contacts.queries import catalogue
from contacts.queries import segments as counting
from contacts.segments import tree, wording
from contacts.segments.knowledge import Catalogue
from contacts.segments.reading import BadDefinition


@require_POST
def count(request: HttpRequest, org: str) -> HttpResponse:
    """How many people fit the tree as it is, and ten of them. A large organization's page asks again for the exact count."""
    definition = forms.definition_from(request.POST)
    known = catalogue.of(request.organization, definition)
    exactly = request.POST.get("exactly") == "1"
    return render(
        request,
        "contacts/segments/_count.html",
        counted(request.organization, definition, known, exactly=exactly),
    )


@require_POST
def each(request: HttpRequest, org: str) -> HttpResponse:
    """Every condition's own count, and who would be found without it: what empties a segment is seen at a glance."""
    definition = forms.definition_from(request.POST)
    known = catalogue.of(request.organization, definition)
    try:
        root = tree.parse(definition, known)
        counts = counting.each(request.organization, definition, known)
    except BadDefinition as bad:
        return render(request, "contacts/segments/_each.html", {"unfinished": bad.why})
    except counting.TooSlow:
        return render(request, "contacts/segments/_each.html", {"too_slow": True})
    rows = [
        {
            "number": ".".join(str(part + 1) for part in path),
            "depth": len(path),
            "words": _of_rule(rule, known),
            "people": counts[path].people,
            "without": counts[path].without,
        }
        for path, rule in tree.walk(root)
        if path
    ]
    found = counts[()].people
    return render(
        request, "contacts/segments/_each.html", {"rows": rows, "found": found, "why": _why(rows, root, found)}
    )


def counted(
    organization: Organization, definition: object, known: Catalogue, *, exactly: bool = False
) -> dict[str, Any]:
    """What `_count.html` shows."""
    try:
        words = wording.describe(tree.parse(definition, known), known)
        found = counting.found(organization, definition, exactly=exactly, known=known)
    except BadDefinition as bad:
        return {"unfinished": bad.why}
    except counting.TooSlow:
        return {"words": words, "too_slow": True}
    return {"found": found, "words": words, "exactly": exactly}


def _of_rule(rule: tree.Rule, known: Catalogue) -> str:
    return wording.describe(rule, known) if isinstance(rule, tree.Group) else f"people {wording.condition(rule, known)}"


def _why(rows: list[dict[str, Any]], root: tree.Group, found: int) -> str:
    """Which condition empties it, in a sentence; "" when it is not empty."""
    if found or not rows:
        return ""
    top = [row for row in rows if row["depth"] == 1]
    if root.match == "none":
        return "Everybody fits one of these conditions, so that nobody is left."
    empty = [row for row in top if not row["people"]]
    if root.match == "any" or len(empty) > 1:
        return "None of these conditions finds anybody."
    if empty:
        return f"This condition alone leaves 0: {empty[0]['words']}."
    telling = [row for row in top if row["without"]]
    if telling:
        most = max(telling, key=lambda row: row["without"])
        return (
            f"Each condition finds people, but nobody fits all of them. Without this one there would be "
            f"{most['without']:,}: {most['words']}."
        )
    return "Each condition finds people, but hardly two of them the same people."
