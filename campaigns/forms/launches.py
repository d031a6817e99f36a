"""The launch page's choices: when, over how long, how long it can be taken back, how careful the start is.

Nothing has to be chosen: an empty form means "now", five minutes to take it back, everybody at once.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from campaigns.careful_start import DEFAULTS
from campaigns.models import Campaign
from sending import timing

NOW, AT, THEIRS = "now", "at", "theirs"
SPREADS = ((0, "All at once"), *((hours * 60, f"{hours} hours") for hours in (2, 4, 8, 12, 24, 48)))
UNDOS = ((0, "Not at all"), (1, "1 minute"), *((minutes, f"{minutes} minutes") for minutes in (5, 10, 30, 60)))


class LaunchForm(forms.Form):
    """Raises no error for what was left out: what is not there is the default."""

    when = forms.ChoiceField(
        label="When",
        required=False,
        choices=(
            (NOW, "Now"),
            (AT, "At a time"),
            (THEIRS, "At that time of day where each person lives"),
        ),
        widget=forms.RadioSelect,
    )
    start = forms.CharField(
        label="Day and time",
        required=False,
        max_length=30,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}),
    )
    spread_minutes = forms.TypedChoiceField(
        label="Spread over",
        required=False,
        coerce=int,
        empty_value=0,
        choices=SPREADS,
        help_text="So that your shop, or your phone, is not asked by everybody in the same minute.",
    )
    undo_minutes = forms.TypedChoiceField(
        label="Can be taken back for",
        required=False,
        coerce=int,
        empty_value=5,
        choices=UNDOS,
        help_text="It waits so long before the first mail leaves. What has a time can be taken back until then.",
    )
    careful = forms.BooleanField(
        label="Careful start",
        required=False,
        help_text="A few people get it first. If too many bounce or complain, it stops by itself and tells you.",
    )
    percent = forms.IntegerField(label="People first, per cent", required=False, min_value=1, max_value=50)
    minutes = forms.IntegerField(label="Then wait, minutes", required=False, min_value=5, max_value=24 * 60)
    bounces = forms.FloatField(label="Stop at bounces above, per cent", required=False, min_value=0, max_value=100)
    complaints = forms.FloatField(
        label="Stop at complaints above, per cent", required=False, min_value=0, max_value=100
    )
    go_on = forms.TypedChoiceField(
        label="If all is well",
        required=False,
        coerce=lambda value: value == "by_itself",
        empty_value=True,
        choices=(("by_itself", "The rest goes by itself"), ("ask", "Ask me first")),
    )

    def __init__(self, data: Any = None, *, campaign: Campaign) -> None:
        super().__init__(data, initial=_initial(campaign))
        self.zone = campaign.organization.time_zone or "UTC"
        self.note = ""
        self.is_test = bool(campaign.test.get("share"))

    def mark_wanted(self) -> None:
        """Before it is shown: whoever chooses a time needs one, so its field is not called optional."""
        self.use_required_attribute = False
        self.fields["start"].required = True

    def clean(self) -> dict[str, Any]:
        """Gives what `schedules.choose` takes: start_at, in_their_zone, spread_minutes, undo_minutes, canary."""
        given = super().clean() or {}
        when = given.get("when") or NOW
        start_at = None
        if when != NOW:
            try:
                start_at = self._moment(given.get("start", ""))
            except ValidationError as error:
                self.add_error("start", error)
        canary = {}
        if given.get("careful") and self.is_test:
            self.add_error(
                None, "It tests versions, so it cannot start carefully as well: both would decide about the others."
            )
        elif given.get("careful"):
            canary = {
                name: DEFAULTS[name] if given.get(name) is None else given[name]
                for name in ("percent", "minutes", "bounces", "complaints", "go_on")
            }
        return {
            "start_at": start_at,
            "in_their_zone": when == THEIRS,
            "spread_minutes": given.get("spread_minutes") or 0,
            "undo_minutes": 5 if given.get("undo_minutes") is None else given["undo_minutes"],
            "canary": canary,
        }

    def _moment(self, text: str) -> datetime:
        """What the clocks of the organization show, as a moment; `note` says when they are changed just then."""
        try:
            wall = parse_datetime(text.strip())
        except ValueError:
            wall = None
        if wall is None or wall.tzinfo is not None or not 2000 <= wall.year <= 2200:
            raise ValidationError("Choose a day and a time.")
        at = timing.in_zone(wall, self.zone)
        shown = at.astimezone(ZoneInfo(self.zone))
        if shown.replace(tzinfo=None) != wall:
            self.note = f"The clocks are put forward then: {wall:%H:%M} does not exist, so it leaves at {shown:%H:%M}."
        elif wall.replace(tzinfo=ZoneInfo(self.zone), fold=1).utcoffset() != shown.utcoffset():
            self.note = f"The clocks are put back then: {wall:%H:%M} comes twice, and it leaves the first time."
        return at


def _initial(campaign: Campaign) -> dict[str, Any]:
    zone = ZoneInfo(campaign.organization.time_zone or "UTC")
    when = NOW if campaign.start_at is None else THEIRS if campaign.in_their_zone else AT
    careful = {**DEFAULTS, **campaign.canary}
    return {
        "when": when,
        "start": campaign.start_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if campaign.start_at else "",
        "spread_minutes": campaign.spread_minutes,
        "undo_minutes": campaign.undo_minutes,
        "careful": bool(campaign.canary.get("percent")),
        **{name: careful[name] for name in ("percent", "minutes", "bounces", "complaints")},
        "go_on": "by_itself" if careful["go_on"] else "ask",
    }
