"""The kit: every tag and filter that pages are made of. Catalogue with examples: docs/face.md, and /kit/."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.contrib.staticfiles import finders
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from accounts.face import bar, colour, figures

register = template.Library()
STATUS = {  # status -> (icon, word)
    "pass": ("check", "Pass"),
    "warn": ("alert-triangle", "Warning"),
    "fail": ("x", "Fail"),
    "unknown": ("help-circle", "Not checked"),
    "info": ("info-circle", "Note"),
}
LEVELS = {"success": "pass", "warning": "warn", "error": "fail", "info": "info", "debug": "info"}


# --- Addresses and icons ----------------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def turl(context: template.Context, name: str, **kwargs: Any) -> str:
    """Address of a tenant's page, with the organization of the request."""
    return reverse(name, kwargs={"org": context["request"].organization.public_id, **kwargs})


@lru_cache(maxsize=1)
def _drawn() -> frozenset[str]:
    return frozenset(Path(finders.find("icons/names.txt")).read_text(encoding="utf-8").split())


@register.simple_tag
def icon(name: str, *, size: int = 20, label: str = "", **attributes: str) -> SafeString:
    """One icon of our sprite. With a label it speaks; without, it is decoration."""
    if settings.DEBUG and name not in _drawn():
        raise template.TemplateSyntaxError(f"No icon {name!r}: add it to static/icons/names.txt, run draw.py there.")
    speaks = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" width="{}" height="{}" {}><use href="{}#{}"></use></svg>',
        attributes.get("class", ""),
        size,
        size,
        speaks,
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> SafeString:
    """The attribute of <html> for a person who chose light or dark; none follows the system."""
    request = context.get("request")
    choice = request.COOKIES.get("theme") if request else None
    return format_html(' data-bs-theme="{}"', choice) if choice in {"light", "dark"} else SafeString("")


@register.simple_tag
def brand_css_url(brand: Any) -> str:
    """The stylesheet with the brand's colour; our own colour when the brand has none that can be read."""
    try:
        red, green, blue = colour.parse(brand.colour)
    except (AttributeError, ValueError):
        red, green, blue = colour.parse("#0B6A62")
    return reverse("accounts:brand_css", args=[f"{red:02x}{green:02x}{blue:02x}"])


# --- Status, parts, pictures ------------------------------------------------------------------------------------------
@register.simple_tag
def status(state: str, text: str = "") -> SafeString:
    """Badge: pass, warn, fail or unknown, with icon and word."""
    state = state if state in STATUS else "unknown"
    drawing, word = STATUS[state]
    return format_html('<span class="status {}">{}{}</span>', state, icon(drawing, size=16), text or word)


@register.simple_tag
def part_badge(key: str, text: str = "") -> SafeString:
    """Badge of one part of the reconciling bar, in its colour."""
    word, hatched, _ = bar.PARTS[key]
    kind = "hatched" if hatched else ""
    return format_html('<span class="part-badge"><i class="swatch {} {}"></i>{}</span>', key, kind, text or word)


@register.simple_tag
def bar_parts() -> list[tuple[str, tuple[str, bool, str]]]:
    """All parts in order: key, (word, hatched, meaning)."""
    return list(bar.PARTS.items())


def _with_query(url: str, name: str, value: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{name}={value}"


@register.inclusion_tag("kit/reconciling_bar.html")
def reconciling_bar(
    counts: Mapping[str, int], *, url: str = "", total: int | None = None, labels: bool = True, word: str = "Audience"
) -> dict[str, Any]:
    """The bar, its table and the sum. `counts`: part -> people; `url`: their page, gets `part=<key>`."""
    laid_out = bar.lay_out(counts, total=total)
    return {
        "bar": laid_out,
        "rows": [(s, _with_query(url, "part", s.key) if url and s.n else "") for s in laid_out.segments],
        "labels": labels,
        "url": url,
        "word": word,
    }


@register.simple_tag
def sparkline(values: Any, *, label: str) -> SafeString:
    """A tiny line through the values, oldest first."""
    numbers = [float(value) for value in values]
    said = f"{label}: {', '.join(f'{n:g}' for n in numbers[-8:])}" if numbers else f"{label}: nothing yet"
    return format_html(
        '<svg class="sparkline" viewBox="0 0 120 28" width="120" height="28" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><polyline points="{}"></polyline></svg>',
        said,
        bar.sparkline(numbers),
    )


@register.inclusion_tag("kit/progress.html")
def progress(done: int, total: int | None = None, *, label: str = "Progress") -> dict[str, Any]:
    """Count, share and a bar. `total` None: not known yet."""
    return {"done": done, "total": total, "label": label, "share": figures.percentage(done, total or 0, digits=0)}


@register.inclusion_tag("kit/figure.html")
def figure(label: str, value: Any, *, note: str = "", url: str = "", status: str = "") -> dict[str, Any]:
    """One big number."""
    return {"label": label, "value": num(value), "note": note, "url": url, "status": status}


# --- Numbers and times ------------------------------------------------------------------------------------------------
@register.filter
def num(value: Any) -> Any:
    """Thousands apart; None gives a dash; anything that is no number stays as it is."""
    if value is None or value == "":
        return figures.DASH
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else value


@register.filter
def unlocal(value: Any) -> str:
    """A number as machines read it, whatever the language."""
    return format(value, "g") if isinstance(value, float) else str(value)


@register.simple_tag
def rate(n: int | None, of: int | None, *, digits: int = 1, least: int = 50) -> SafeString:
    """Share with its denominator on hover; a dash when there are too few to tell."""
    if n is None or not of:
        return format_html('<span class="rate" title="{}">{}</span>', "Nothing to divide by yet", figures.DASH)
    said = f"{n:,} of {of:,}"
    if of < least:
        return format_html('<span class="rate" title="{}; too few to tell">{}</span>', said, figures.DASH)
    return format_html('<span class="rate" title="{}">{}</span>', said, figures.percentage(n, of, digits=digits))


def _local(context: template.Context, at: datetime) -> datetime:
    organization = getattr(context.get("request"), "organization", None)
    zone = ZoneInfo(organization.time_zone) if organization else timezone.get_current_timezone()
    return at.astimezone(zone)


def _time(at: datetime, said: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), figures.exact(at), said)


@register.simple_tag(takes_context=True)
def when(context: template.Context, at: datetime | None, *, only: str = "") -> str:
    """Date and time in the organization's time zone. `only`: "date" or "time"."""
    if not at:
        return figures.DASH
    local = _local(context, at)
    return _time(local, figures.moment(local, timezone.now().astimezone(local.tzinfo), only))


@register.simple_tag(takes_context=True)
def ago(context: template.Context, at: datetime | None) -> str:
    """How long ago, or until; exact on hover."""
    return _time(_local(context, at), figures.distance(timezone.now() - at)) if at else figures.DASH


# --- Forms ------------------------------------------------------------------------------------------------------------
@register.inclusion_tag("kit/field.html")
def field(bound: BoundField, *, label: str = "", hint: str | bool = "", type: str = "") -> dict[str, Any]:
    """One field: label above, control, help, errors beneath. `hint=False`: not even the field's own help."""
    widget = bound.field.widget
    kind = "text"
    css = "form-control"
    if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        kind, css = "choices", "choice-list"
    elif isinstance(widget, CheckboxInput):
        kind, css = "check", "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    elif isinstance(widget, FileInput):
        kind = "file"
    hint = str(bound.help_text) if hint == "" else hint
    about = [f"{bound.auto_id}_hint"] * bool(hint) + [f"{bound.auto_id}_error"] * bool(bound.errors)
    attributes: dict[str, Any] = {"class": f"{widget.attrs.get('class', '')} {css}".strip()}
    if bound.errors:
        attributes["class"] += " is-invalid"
        attributes["aria-invalid"] = "true"
    if about:
        attributes["aria-describedby"] = " ".join(about)
    if type:
        attributes["type"] = type
    if str(widget.attrs.get("placeholder", "")).lower() in {str(bound.label).lower(), "email address"}:
        attributes["placeholder"] = ""  # it only repeats the label
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attributes),
        "kind": kind,
        "label": label or bound.label,
        "hint": hint,
        "optional": not bound.field.required and kind == "text",
        "hidden": bound.is_hidden,
    }


@register.inclusion_tag("kit/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """The errors that belong to no field."""
    return {"form": form, "others": len([name for name in form.errors if name != "__all__"])}


# --- Blocks of a page -------------------------------------------------------------------------------------------------
@register.inclusion_tag("kit/next_step.html")
def next_step(title: str, text: str, url: str, label: str, *, icon: str = "arrow-right") -> dict[str, Any]:
    """The one most useful thing to do now."""
    return {"title": title, "text": text, "url": url, "label": label, "icon": icon}


@register.inclusion_tag("kit/empty.html")
def empty(
    title: str, text: str, url: str = "", label: str = "", *, icon: str = "inbox", example: str = ""
) -> dict[str, Any]:
    """An empty page that teaches: one sentence, one button, one example."""
    return {"title": title, "text": text, "url": url, "label": label, "icon": icon, "example": example}


@register.inclusion_tag("kit/notice.html")
def notice(level: str, title: str, text: str = "", *, url: str = "", label: str = "") -> dict[str, Any]:
    """A standing message within a page."""
    return {"level": level, "title": title, "text": text, "url": url, "label": label, "icon": STATUS[level][0]}


@register.inclusion_tag("kit/dns_record.html", takes_context=True)
def dns_record(
    context: template.Context,
    *,
    type: str,
    host: str,
    value: str,
    status: str = "unknown",
    found: str = "",
    checked: datetime | None = None,
    fix: str = "",
    title: str = "",
    text: str = "",
) -> dict[str, Any]:
    """A record to paste, with copy buttons, what was seen instead, when, and the fix."""
    return {
        "request": context.get("request"),
        "type": type,
        "host": host,
        "value": value,
        "state": status,
        "found": found,
        "checked": checked,
        "fix": fix,
        "title": title or f"{type} record",
        "text": text,
    }


@register.inclusion_tag("kit/copy_button.html")
def copy_button(text: str, label: str = "Copy") -> dict[str, Any]:
    """Copies the text."""
    return {"text": text, "label": label}


@register.inclusion_tag("kit/code.html")
def code(text: str, *, language: str = "", label: str = "Code") -> dict[str, Any]:
    """Code block with a copy button."""
    return {"text": text, "language": language, "label": label}


@register.inclusion_tag("kit/search.html", takes_context=True)
def search(
    context: template.Context, *, placeholder: str = "Search", name: str = "q", label: str = "Search"
) -> dict[str, Any]:
    """GET search box that keeps its value, and the rest of the query but the place in the list."""
    query = context["request"].GET
    kept = [(k, v) for k in query if k not in {name, "page", "after", "before"} for v in query.getlist(k)]
    return {"name": name, "value": query.get(name, ""), "placeholder": placeholder, "label": label, "kept": kept}


@register.inclusion_tag("kit/pager.html", takes_context=True)
def pager(context: template.Context, page: Any) -> dict[str, Any]:
    """Newer and older: a Django Page, or anything with `.next` and `.previous` cursors."""
    query = context["request"].GET.copy()
    for name in ("page", "after", "before"):
        query.pop(name, None)

    def link(name: str, value: Any) -> str:
        one = query.copy()
        one[name] = str(value)
        return f"?{one.urlencode()}"

    if hasattr(page, "paginator"):
        return {
            "previous": link("page", page.previous_page_number()) if page.has_previous() else "",
            "next": link("page", page.next_page_number()) if page.has_next() else "",
            "says": f"{num(page.start_index())}–{num(page.end_index())} of {num(page.paginator.count)}",
        }
    after, before = (
        page.get(name) if isinstance(page, Mapping) else getattr(page, name, None) for name in ("next", "previous")
    )
    return {
        "previous": link("before", before) if before else "",
        "next": link("after", after) if after else "",
        "says": "",
    }


@register.inclusion_tag("kit/job.html")
def job(title: str, url: str, done: int = 0, total: int | None = None, state: str = "running") -> dict[str, Any]:
    """One row of the jobs bell. `state`: running, done, failed, waiting, review."""
    return {"title": title, "url": url, "done": done, "total": total, "state": state}


# --- Messages ---------------------------------------------------------------------------------------------------------
@register.filter
def level(message: Message) -> str:
    """pass, warn, fail or info of a Django message."""
    return LEVELS.get(message.level_tag, "info")


@register.filter
def undo_url(message: Message) -> str:
    """Where its Undo posts to: `extra_tags="undo:/o/…/restore"`. Only our own paths."""
    found = re.search(r"(?:^|\s)undo:(/[^/\s]\S*)", message.extra_tags or "")
    return found[1] if found else ""


@register.filter
def icon_of(state: str) -> str:
    """The icon of a status or level."""
    return STATUS.get(state, STATUS["unknown"])[0]


@register.filter
def initials(person: Any) -> str:
    """One or two letters for a person's or organization's disc."""
    words = re.findall(r"\w+", str(person).split("@")[0])
    return conditional_escape(
        "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()
    )


# --- The audit log ----------------------------------------------------------------------------------------------------
@register.filter
def verb(text: str) -> str:
    """`contacts.import_applied` -> `Import applied`."""
    return text.rpartition(".")[2].replace("_", " ").capitalize()


@register.simple_tag
def audit_details(data: Mapping[str, Any]) -> str:
    """The data of an entry in a line: `role: Marketer → Admin`."""
    said = []
    for name, value in data.items():
        if isinstance(value, list) and len(value) == 2:
            before, after = ("empty" if one in (None, "") else num(one) for one in value)
            value = f"{before} → {after}"
        said.append(f"{name.replace('_', ' ')}: {value}")
    return "; ".join(said)[:300]
