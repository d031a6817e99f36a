"""The page on which a test of versions is set up. What belongs to another kind of difference is kept, and not looked at."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from campaigns import ab_testing
from campaigns.enums import Differs, Metric, Unsure
from campaigns.models import Campaign, Variant
from sending.merging import check

HOURS = (1, 2, 4, 8, 12, 24, 48, 72)
TIMES = ((30, "30 minutes"), *((hours * 60, "1 hour" if hours == 1 else f"{hours} hours") for hours in HOURS))
LATER = (*TIMES[:6], (10 * 60, "10 hours"), *((days * 24 * 60, f"{days} days") for days in (2, 3)))
OTHERS = tuple(range(2, ab_testing.MOST + 1))
_WORDS = {"subject": "Subject of", "preheader": "Preview text of", "from_name": "Sender's name of"}


class TestForm(forms.Form):
    """Gives what `variants.set_up` takes."""

    what = forms.ChoiceField(
        label="What differs",
        choices=Differs.choices,
        widget=forms.RadioSelect,
        help_text="One thing at a time: else nobody can say what made the difference.",
    )
    count = forms.TypedChoiceField(
        label="Versions",
        coerce=int,
        choices=[(n, f"{n}: A to {ab_testing.name(n)}") for n in range(2, ab_testing.MOST + 1)],
    )
    share = forms.IntegerField(
        label="People who get one of them, per cent",
        min_value=ab_testing.LEAST_SHARE,
        max_value=100,
        help_text="All versions together; each gets the same part. At 100 nobody waits, and you only learn something.",
    )
    metric = forms.ChoiceField(
        label="What counts",
        choices=Metric.choices,
        widget=forms.RadioSelect,
        help_text="People only, machines never. Clicks tell more: privacy proxies make opens a guess.",
    )
    minutes = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=TIMES,
        help_text="From when the last person of a version could have it. Most people click within a few hours.",
    )
    by_itself = forms.TypedChoiceField(
        label="Then",
        coerce=lambda value: value == "by_itself",
        choices=(("by_itself", "A version that is clearly better goes to the others by itself"), ("ask", "Ask me")),
        widget=forms.RadioSelect,
        help_text="You can choose a version for the others by hand at any time, whatever you say here.",
    )
    unsure = forms.ChoiceField(
        label="If it is too few to tell",
        choices=Unsure.choices,
        widget=forms.RadioSelect,
        help_text="The one that leads may lead by chance; if they are about as good, that costs nothing.",
    )
    guard = forms.BooleanField(
        label="Not one that drives people away",
        required=False,
        help_text="A version by which clearly more people unsubscribe or report spam does not win by itself: you are asked.",
    )

    def __init__(self, data: Any = None, *, campaign: Campaign, rows: list[Variant], names: frozenset[str]) -> None:
        super().__init__(data, initial=_initial(campaign, rows))
        self.campaign, self.names = campaign, names
        kept = {row.number: row for row in rows}
        for number in OTHERS:
            row = kept.get(number)
            for word, label in _WORDS.items():
                self.fields[f"{word}_{number}"] = forms.CharField(
                    max_length=200 if word == "from_name" else 250,
                    required=False,
                    label=f"{label} {ab_testing.name(number)}",
                    initial=getattr(row, word, ""),
                )
            self.fields[f"later_{number}"] = forms.TypedChoiceField(
                coerce=int,
                required=False,
                empty_value=0,
                choices=[(0, "At the same time as A"), *_with(LATER, row.delay_minutes if row else 0)],
                label=f"{ab_testing.name(number)} leaves later by",
                initial=row.delay_minutes if row else OTHERS.index(number) * 120 + 120,
            )

    def mark_wanted(self) -> None:
        """Before it is shown: what a chosen version needs is not called optional, though another kind of test may lack it."""
        self.use_required_attribute = False
        for number in OTHERS:
            for word in (*_WORDS, "later"):
                self.fields[f"{word}_{number}"].required = True

    @property
    def others(self) -> list[dict[str, Any]]:
        """B to E: each with its fields, for the page."""
        return [
            {
                "number": number,
                "name": ab_testing.name(number),
                **{word: self[f"{word}_{number}"] for word in (*_WORDS, "later")},
            }
            for number in OTHERS
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        what, count = given.get("what", ""), given.get("count", 2)
        wanted = OTHERS[: count - 1]
        for number in wanted:
            field = f"{what}_{number}"
            if what in _WORDS and field in given:
                try:
                    given[field] = self._words(what, given[field])
                except ValidationError as error:
                    self.add_error(field, error)
            if what == Differs.TIME and not given.get(f"later_{number}"):
                self.add_error(f"later_{number}", "Choose how much later it leaves.")
        versions = [
            {
                **{word: given.get(f"{word}_{number}", "") for word in _WORDS},
                "delay_minutes": given.get(f"later_{number}") or 0,
            }
            for number in wanted
        ]
        return {
            **{
                name: given.get(name) for name in ("what", "share", "metric", "minutes", "by_itself", "unsure", "guard")
            },
            "versions": versions,
        }

    def _words(self, what: str, text: str) -> str:
        text = " ".join(text.split())
        if not text:
            raise ValidationError("Write what this version says, or try fewer versions.")
        if any(ord(character) < 32 for character in text):
            raise ValidationError("It must be one line.")
        if what != "from_name" and (problems := check(text, self.names)):
            raise ValidationError(problems[0].message)
        return text


def _with(choices: Any, minutes: int) -> list[tuple[int, str]]:
    """The choices, and what is chosen already even if it is none of them."""
    known = dict(choices)
    if minutes and minutes not in known:
        known[minutes] = f"{minutes} minutes"
    return sorted(known.items())


def _initial(campaign: Campaign, rows: list[Variant]) -> dict[str, Any]:
    chosen = {**ab_testing.DEFAULTS, **campaign.test}
    return {
        **{name: chosen[name] for name in ("what", "share", "metric", "minutes", "unsure", "guard")},
        "by_itself": "by_itself" if chosen["by_itself"] else "ask",
        "count": max(len(rows), 2),
    }
