"""What the segment builder draws: for each rule its controls with their choices, hints and trouble.

Lists may be long (10,000 fields, years of campaigns), so a control shows the first MOST and what is chosen; the rest is found
by typing (see `choices`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from contacts.forms.segments import LATEST, Path
from contacts.segments import notices, tree
from contacts.segments.knowledge import Catalogue
from contacts.segments.reading import BadDefinition
from contacts.segments.tree import MAX_DEPTH, NO_VALUE, OPS
from contacts.segments.wording import BUILT_IN_LABELS, DEED_LABELS, REASON_WORDS, SOURCE_WORDS, label_of, op_label

MOST = 100  # choices of one list in the page
FOUND = 50  # choices that a search gives
WHEN_WORDS = {
    "ever": "ever",
    "within": "within the last … days",
    "ago": "more than … days ago",
    "between": "between two dates",
}
Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands at some places of the tree."""

    trouble: BadDefinition | None
    hints: Mapping[Path, str]
    focus: Path | None


def drawn(
    definition: Mapping[str, Any], known: Catalogue, trouble: BadDefinition | None, focus: Path | None = None
) -> dict[str, Any]:
    """What the template draws: the tree with names of controls, choices, the trouble at its place, and where the keyboard is."""
    hints: dict[Path, str] = {}
    if trouble is None:
        try:
            hints = notices.of(tree.parse(definition, known), known)
        except BadDefinition:
            hints = {}  # unfinished: it is not the time to say so
    return _draw(definition, known, (), Marks(trouble, hints, focus), 1)


def subjects(known: Catalogue, chosen: str = "") -> list[tuple[str, list[Choice]]]:
    """What a condition may be about, in groups; of the fields the first MOST and the chosen one."""
    own = [(f"field:{key}", label) for key, label in islice(known.labels.items(), MOST)]
    if chosen.startswith("field:") and chosen not in dict(own) and chosen[6:] in known.labels:
        own.append((chosen, known.labels[chosen[6:]]))
    did = [(f"activity:{deed}", label) for deed, label in DEED_LABELS.items()]
    if not known.campaigns:
        did = [choice for choice in did if choice[0] == chosen]
    return [
        ("Fields", own),
        ("What they got and did", [*did, *_built_in(known, chosen, "score")]),
        ("Consent", _built_in(known, chosen, "topic", "consent", "suppressed")),
        ("How they came", _built_in(known, chosen, "created", "source", "import", "form")),
        ("Else", _built_in(known, chosen, "tag", "segment", "address", "domain", "provider", "language")),
    ]


def choices(known: Catalogue, what: str, words: str) -> list[Choice]:
    """What a search in a list finds, by its label. `what` as in a control's `source`."""
    words = words.casefold().strip()[:100]
    found = (choice for choice in _all(known, what) if words in choice[1].casefold())
    return list(islice(found, FOUND))


def _built_in(known: Catalogue, chosen: str, *abouts: str) -> list[Choice]:
    """Those that there is something to choose for, and the chosen one."""
    empty = {
        "topic": not known.topics,
        "import": not known.imports,
        "form": not known.forms,
        "tag": not known.tags,
        "segment": not known.segments,
        "score": not known.campaigns,
    }
    return [(about, BUILT_IN_LABELS[about]) for about in abouts if about == chosen or not empty.get(about)]


def _all(known: Catalogue, what: str) -> Iterator[Choice]:
    match what:
        case "about":
            fields = ((f"field:{key}", label) for key, label in known.labels.items())
            rest = (choice for _, group in subjects(known)[1:] for choice in group)
            return iter([*fields, *rest])
        case "campaign":
            return ((name, f"{send.name} ({send.at:%Y-%m-%d})") for name, send in known.campaigns.items())
        case "topic" | "tag" | "import" | "form":
            return ((name, thing.name) for name, thing in getattr(known, f"{what}s").items())
        case "segment":
            return (
                (name, f"{segment.name} (archived)" if segment.archived else segment.name)
                for name, segment in known.segments.items()
            )
        case "provider":
            return ((name, name) for name in known.providers)
        case "source":
            return ((name, SOURCE_WORDS[name]) for name in tree.SOURCES)
        case "consent":
            return ((name, SOURCE_WORDS[name]) for name in tree.CONSENT_SOURCES)
        case "reason":
            return iter(REASON_WORDS.items())
    if what.startswith("field:"):
        return ((word, word) for word in known.choices.get(what[6:], ()))
    return iter(())


def _list(known: Catalogue, what: str, chosen: Sequence[str]) -> dict[str, Any]:
    """A list's first choices and the chosen ones; `more`: there are others, to be found by typing."""
    every = list(islice(_all(known, what), MOST + 1))
    shown = every[:MOST]
    missing = [one for one in chosen if one and one not in dict(shown)]
    if missing:
        names = dict(_all(known, what))
        shown += [(one, names.get(one, one if what.startswith("field:") else "(gone)")) for one in missing]
    return {"source": what, "choices": shown, "more": len(every) > MOST}


def _draw(
    node: Mapping[str, Any],
    known: Catalogue,
    place: Path,
    marks: Marks,
    siblings: int,
) -> dict[str, Any]:
    dotted = ".".join(map(str, place))
    found: dict[str, Any] = {
        "place": dotted,
        "name": f"r.{dotted}" if dotted else "r",
        "number": ".".join(str(part + 1) for part in place),
        "trouble": marks.trouble.why if marks.trouble is not None and marks.trouble.path == place else "",
        "hint": marks.hints.get(place, ""),
        "has_focus": place == marks.focus,
        "depth": len(place),
        "may_rise": bool(place) and (place[-1] > 0 or len(place) > 1),
        "may_sink": bool(place) and (place[-1] < siblings - 1 or len(place) > 1),
    }
    if "rules" in node:
        rules = node["rules"]
        return found | {
            "is_group": True,
            "match": node.get("match", "all"),
            "rules": [_draw(rule, known, (*place, i), marks, len(rules)) for i, rule in enumerate(rules)],
            "may_nest": len(place) + 1 < MAX_DEPTH,
        }
    return found | _draw_condition(node, known)


def _draw_condition(node: Mapping[str, Any], known: Catalogue) -> dict[str, Any]:
    about = str(node.get("about") or "")
    try:
        kind, key = tree.kind_of(about, known)
    except KeyError:
        kind, key = "", ""
    ops = OPS.get(kind, ())
    op = str(node.get("op") if node.get("op") in ops else (ops[0] if ops else ""))
    found: dict[str, Any] = {
        "is_group": False,
        "about": about,
        "about_words": label_of(about, known) if kind else "",
        "subjects": subjects(known, about),
        "about_more": len(known.labels) > MOST,
        "gone": about if about and not kind else "",
        "kind": kind,
        "ops": [(one, op_label(kind, one)) for one in ops],
        "op": op,
        "control": "",
    }
    if kind == "activity":
        return found | _draw_activity(node, known, op)
    if kind == "consent":
        sources = [str(one) for one in node.get("source") or ()]
        return found | {
            "control": "consent",
            "topics": _list(known, "topic", [topic := str(node.get("topic") or "")]),
            "topic": topic,
            "sources": _list(known, "consent", sources),
            "chosen": sources,
            **_draw_when(node),
        }
    value = node.get("value", "")
    chosen = [str(one) for one in value] if isinstance(value, list) else [str(value)] if value not in ("", None) else []
    control = _control(kind, op, bool(known.choices.get(key)))
    if control in ("choice", "choices"):
        what = {"suppressed": "reason"}.get(kind, kind if kind not in ("text", "multi") else about)
        return found | {"control": control, "list": _list(known, what, chosen), "chosen": chosen}
    return found | {
        "control": control,
        "value": chosen[0] if control == "dates" and chosen else ", ".join(chosen),
        "until": chosen[1] if len(chosen) > 1 else "",
    }


def _control(kind: str, op: str, has_choices: bool) -> str:
    if not kind or op in NO_VALUE:
        return ""
    if op in tree.DAYS_VALUE:
        return "days"
    if kind in ("day", "moment", "created"):
        return "dates" if op == "between" else "date"
    if kind in ("tag", "multi") or op == "because":
        return "choices" if kind != "multi" or has_choices else "text"
    if kind in ("topic", "import", "form", "segment", "provider", "source"):
        return "choice"
    if kind == "text" and has_choices and op in ("is", "is_not", "one_of"):
        return "choices" if op == "one_of" else "choice"
    return "number" if kind in ("number", "score") else "text"


def _draw_activity(node: Mapping[str, Any], known: Catalogue, op: str) -> dict[str, Any]:
    campaign, latest = str(node.get("campaign") or ""), str(node.get("latest") or "")
    return {
        "control": "activity",
        "times": "" if op == "never" else str(node.get("times", 1)),
        "campaigns": _list(known, "campaign", [campaign]),
        "which": LATEST if latest else campaign,
        "latest": latest or "5",
        **_draw_when(node),
    }


def _draw_when(node: Mapping[str, Any]) -> dict[str, Any]:
    how = str(node.get("when") or "ever")
    return {
        "whens": list(WHEN_WORDS.items()),
        "when": how,
        "days": str(node.get("days") or "30") if how in ("within", "ago") else "",
        "from": str(node.get("from") or ""),
        "to": str(node.get("to") or ""),
    }
