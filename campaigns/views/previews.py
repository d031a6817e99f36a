"""Previews: the mail on its page of looks and readers, and the mail itself for the frames."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.access import tenant_url
from campaigns.access import campaign_for
from campaigns.models import Campaign
from campaigns.preflight import inbox
from campaigns.preflight import markup as markups
from campaigns.queries import content, previews, variants
from campaigns.queries.previews import Look, Reader, Who
from campaigns.queries.variants import Version
from campaigns.views import preview_policy
from sending.merging import Merged, MergeError, Plan, Unmergeable

NO_CONTENT = "There is no content yet."


@dataclass(frozen=True, slots=True)
class Shown:
    """A campaign's mail for a reader; `trouble` instead of it when it cannot be made."""

    reader: Reader
    merged: Merged | None = None
    trouble: str = ""


@require_safe
def show(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """The page: choose how, and as whom."""
    found = campaign_for(request, campaign)
    look = _look(request.GET.get("look", ""))
    person, who = request.GET.get("person", "").strip(), request.GET.get("who", "")
    words = request.GET.get("q", "").strip()
    versions = variants.of(found)
    version = variants.chosen(found, request.GET.get("version", "")) or variants.most_got(found)
    shown = _shown(found, version, person=person, who=who)
    kept = {"version": version.number} if version is not None else {}
    reader = {"person": person} if person and not shown.reader.is_missing else {"who": who} if who in Who.values else {}
    chosen = kept | reader
    here = tenant_url(request, "campaigns:campaign_preview", campaign=found.public_id)
    preview = markups.read(shown.merged.html).preview if shown.merged else ""
    context = {
        "campaign": found,
        "look": look,
        "looks": [(each, f"{here}?{urlencode({**chosen, 'look': each.value})}") for each in Look],
        "whos": [(each, f"{here}?{urlencode(kept | {'who': each.value, 'look': look})}") for each in Who],
        "versions": [
            (each, f"{here}?{urlencode(reader | {'version': each.number, 'look': look})}") for each in versions
        ],
        "version": version,
        "from_name": (version.campaign if version is not None else found).from_name,
        "who": "" if person else who,
        "person": person,
        "reader": shown.reader,
        "trouble": shown.trouble,
        "words": words,
        "people": [
            (each, f"{here}?{urlencode(kept | {'person': each.address, 'look': look})}")
            for each in previews.search(found, words)
        ],
        "frame": tenant_url(request, "campaigns:campaign_mail", campaign=found.public_id)
        + f"?{urlencode({**chosen, 'look': look})}",
        "subject": inbox.cut(shown.merged.subject, inbox.SUBJECT_FITS)[0] if shown.merged else "",
        "preview": inbox.cut(preview, inbox.PREVIEW_FITS)[0],
        "own_dark": shown.merged is not None and previews.has_dark(shown.merged.html),
    }
    return render(request, "campaigns/previews/show.html", context)


@require_safe
def mail(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """The mail itself, for a frame: as sent, or as the draft would be."""
    found = campaign_for(request, campaign)
    version = variants.chosen(found, request.GET.get("version", ""))
    shown = _shown(found, version, person=request.GET.get("person", ""), who=request.GET.get("who", ""))
    if shown.merged is None:
        return preview_policy.words(shown.trouble)
    look = request.GET.get("look", "")
    if look == Look.TEXT:
        return preview_policy.text(shown.merged.text)
    html = previews.dressed(shown.merged.html, look) if look in Look.values else shown.merged.html
    return preview_policy.mail(html, pictures=look != Look.NO_PICTURES)


def _shown(campaign: Campaign, version: Version | None, *, person: str, who: str) -> Shown:
    """The letter as it was frozen, or the draft's content as it stands, for whoever is asked for.

    Of a test that was launched, without a version: what most people got.
    """
    letter = variants.letter_of(campaign, version.number) if version else variants.sent_letter(campaign)
    trouble = NO_CONTENT
    plan: Plan | None = None
    if letter is not None:
        try:
            plan = Plan.from_json(letter.plan)
        except MergeError as error:
            trouble = str(error)
    else:
        made = content.make(version.campaign if version is not None else campaign)
        plan = made.plan
        if made.errors:
            trouble = made.errors[0].message
    if plan is None:
        return Shown(Reader(None, ""), trouble=trouble)
    reader = previews.reader(campaign, plan, person=person, who=who)
    try:
        merged = content.show(
            plan,
            organization=campaign.organization,
            brand=campaign.brand,
            contact=reader.contact,
            facts=letter.facts if letter is not None else None,
            topic_name=campaign.topic.name if campaign.topic else "",
        )
    except Unmergeable as error:
        return Shown(reader, trouble=f"The mail could not be made for this person: {error}")
    return Shown(reader, merged)


def _look(given: str) -> Look:
    return Look(given) if given in Look.values else Look.DESKTOP
