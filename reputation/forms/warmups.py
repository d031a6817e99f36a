"""How an address is warmed up, and why it is not."""

from typing import Any

from django import forms

from reputation.actions.warming import LONGEST_WHY
from reputation.enums import WarmupSchedule
from reputation.models import Warmup
from reputation.warming import schedules

GROWTHS = ((1.3, "1.3 times, careful"), (1.35, "1.35 times"), (1.4, "1.4 times, bold"))


class WarmupForm(forms.Form):
    """The schedule of a warm-up, new or chosen anew."""

    schedule = forms.ChoiceField(
        label="Schedule",
        choices=(
            (
                WarmupSchedule.HOUSE,
                f"Each mailbox provider by itself: {schedules.START} messages on the first day, and more after each good day",
            ),
            (
                WarmupSchedule.TABLE,
                "SendGrid’s published table: 20 messages an hour on the first day, to all providers together",
            ),
        ),
        widget=forms.RadioSelect,
        initial=WarmupSchedule.HOUSE,
    )
    volume = forms.IntegerField(
        label="Messages a day that are wanted in the end",
        help_text="To one provider; with the table, to all together. When that many have gone well, there is no limit any more.",
        min_value=480,
        max_value=schedules.MOST_VOLUME,
        initial=schedules.VOLUME,
    )
    growth = forms.TypedChoiceField(
        label="After a good day",
        choices=GROWTHS,
        coerce=float,
        initial=schedules.GROWTH,
        help_text="The table has a growth of its own.",
    )

    def __init__(self, *args: Any, warmup: Warmup | None = None, **kwargs: Any) -> None:
        if warmup is not None:
            kwargs["initial"] = {
                "schedule": warmup.schedule,
                "volume": warmup.volume,
                "growth": warmup.growth,
            } | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)


class WhyForm(forms.Form):
    """Why it is paused or skipped: whoever looks at it next wants to know."""

    why = forms.CharField(label="Why?", max_length=LONGEST_WHY, strip=True)
