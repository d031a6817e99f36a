"""The living catalogue of the kit, with sample data; only while DEBUG or the sandbox is on."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

MJML = """<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ contact.first_name | default: "there" }}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""


class SampleForm(forms.Form):
    name = forms.CharField(label="Segment name", max_length=80, help_text="Your colleagues see it in lists.")
    address = forms.EmailField(label="Reply-to", required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    topic = forms.ChoiceField(label="Topic", choices=[("news", "Weekly news"), ("offers", "Offers")])
    who = forms.ChoiceField(
        label="Audience", choices=[("all", "Everybody"), ("some", "A segment")], widget=forms.RadioSelect, initial="all"
    )
    agree = forms.BooleanField(label="These people asked for mail", help_text="We keep your answer with the import.")
    file = forms.FileField(label="CSV file", required=False)


def _shown() -> None:
    if not (settings.DEBUG or settings.SANDBOX):
        raise Http404


def samples(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    people = [
        ("Zoë Müller", "zoe@example.org", "delivered", 12, now - timedelta(minutes=3)),
        ("عمر الفاروق", "omar@example.com", "retrying", 3, now - timedelta(hours=5)),
        ("Ana 🦊 Silva", "ana.silva@example.net", "needs_you", 1240, now - timedelta(days=400)),
    ]
    return {
        "counts": {
            "delivered": 14203,
            "on_its_way": 3120,
            "retrying": 1204,
            "bounced": 611,
            "skipped": 850,
            "needs_you": 12,
        },
        "done_counts": {"delivered": 19012, "bounced": 131, "skipped": 857},
        "short_counts": {"delivered": 90, "bounced": 7},
        "spark": [3, 9, 4, 12, 20, 17, 25, 24, 31, 22],
        "form": SampleForm({"name": "", "address": "not-an-address", "topic": "news", "who": "all"}),
        "fresh_form": SampleForm(),
        "people": people,
        "now": now,
        "earlier": now - timedelta(minutes=42),
        "page": SimpleNamespace(next="abc", previous=None),
        "chart": {
            "type": "bar",
            "labels": [f"{day} Nov" for day in range(10, 20)],
            "series": [
                {"label": "Opened", "values": [220, 310, 180, 90, 60, 45, 30, 22, 18, 12]},
                {"label": "Clicked", "values": [40, 62, 30, 21, 9, 7, 6, 2, 2, 1]},
            ],
        },
        "mjml": MJML,
        "problems": [{"line": 5, "text": "No such merge field."}],
    }


def catalogue(request: HttpRequest) -> HttpResponse:
    _shown()
    if "toasts" in request.GET:
        messages.success(request, "Topic removed.", extra_tags="undo:/kit/")
        messages.error(request, "Not sent. The domain is not verified yet.")
    return render(request, "kit/catalogue.html", samples(request))


def recipient(request: HttpRequest) -> HttpResponse:
    _shown()
    brand = SimpleNamespace(name="Copper Kettle Coffee", colour="#C8511B", logo=None)
    return render(
        request,
        "kit/recipient_sample.html",
        {"brand": brand, "postal_address": "Copper Kettle Coffee\n12 Kettle Street\n12345 Teatown"},
    )
