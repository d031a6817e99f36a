"""The media library: upload, look through, describe, put away."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from campaigns.access import media_for
from campaigns.actions import media as verbs
from campaigns.errors import Refused
from campaigns.models import Media
from campaigns.pictures import MAX_BYTES
from campaigns.queries import media as library

PAGE = 24
AT_ONCE = 50  # files of one upload


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    words, archived = request.GET.get("q", "")[:200], "archived" in request.GET
    page = Paginator(library.pictures(request.organization, words=words, archived=archived), PAGE).get_page(
        request.GET.get("page")
    )
    uses = library.uses(request.organization)
    pictures = [
        {"media": each, "thumb": library.address(each, 320), "uses": uses.get(each.sha256[:32], 0)} for each in page
    ]
    context = {
        "page": page,
        "pictures": pictures,
        "words": words,
        "archived": archived,
        "most": MAX_BYTES // 1024 // 1024,
    }
    return render(request, "campaigns/media/list.html", context | {"room": library.room(request.organization)})


@require_safe
def listing(request: HttpRequest, org: str) -> JsonResponse:
    """The library for the editor: newest first, `?q=` looks for words, `?page=` goes on."""
    page = Paginator(library.pictures(request.organization, words=request.GET.get("q", "")[:200]), PAGE).get_page(
        request.GET.get("page")
    )
    return JsonResponse(
        {"pictures": [_json(each) for each in page], "page": page.number, "pages": page.paginator.num_pages}
    )


@require_POST
def upload(request: HttpRequest, org: str) -> HttpResponse:
    """One picture or many (`files`). A bad one keeps none of the others out. Scripts that ask for JSON are told in JSON."""
    require(request, Role.MARKETER)
    added: list[verbs.Added] = []
    refused: list[str] = []
    files = request.FILES.getlist("files")
    if len(files) > AT_ONCE:
        refused.append(
            f"{len(files) - AT_ONCE} files were left out: {AT_ONCE} at once are taken. Upload the rest after these."
        )
    for file in files[:AT_ONCE]:
        try:
            if (file.size or 0) > MAX_BYTES:
                raise Refused(
                    f"{file.name}: The file is larger than {MAX_BYTES // 1024 // 1024} MB. Make the picture smaller."
                )
            added.append(
                verbs.add(
                    organization=request.organization,
                    name=file.name or "Picture",
                    data=file.read(),
                    actor=request.user,
                    alt=request.POST.get("alt", ""),
                )
            )
        except Refused as error:
            refused.append(str(error))
    if not files:
        refused.append("Choose a picture first.")
    if "application/json" in request.headers.get("Accept", ""):
        pictures = [_json(each.media) | {"new": each.is_new} for each in added]
        return JsonResponse({"pictures": pictures, "refused": refused}, status=200 if added else 422)
    for words in refused:
        messages.error(request, words)
    if added:
        fresh = [each.media for each in added if each.is_new]
        known = len(added) - len(fresh)
        said = f"{len(fresh)} picture{'' if len(fresh) == 1 else 's'} added." if fresh else ""
        if known:
            said += f" {known} {'was' if known == 1 else 'were'} in the library before."
        if any(not each.alt for each in fresh):
            said += " Say what they show: some readers do not see pictures."
        messages.success(request, said.strip())
        if len(added) == 1 and not added[0].media.alt:
            return redirect(tenant_url(request, "campaigns:media_item", media=added[0].media.public_id))
    return redirect(tenant_url(request, "campaigns:media"))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, org: str, media: str) -> HttpResponse:
    """One picture: its words, its addresses, where it stands."""
    found = media_for(request, media, need=Role.MARKETER if request.method == "POST" else Role.ANALYST)
    if request.method == "POST":
        verbs.describe(
            media=found, name=request.POST.get("name", ""), alt=request.POST.get("alt", ""), actor=request.user
        )
        messages.success(request, "Saved.")
        return redirect(tenant_url(request, "campaigns:media"))
    designs = library.designs_with(found)
    context = {
        "media": found,
        "shown": library.address(found, 640),
        "address": library.address(found),
        "designs": designs[:20],
        "uses": designs.count(),
        "read_only": not may(request, Role.MARKETER),
    }
    return render(request, "campaigns/media/show.html", context)


@require_POST
def put_away(request: HttpRequest, org: str, media: str) -> HttpResponse:
    found = media_for(request, media, need=Role.MARKETER)
    verbs.put_away(media=found, actor=request.user)
    undo = reverse("campaigns:media_restore", kwargs={"org": org, "media": found.public_id})
    messages.success(
        request, f"“{found.name}” is put away. Mail that shows it goes on doing so.", extra_tags=f"undo:{undo}"
    )
    return redirect(tenant_url(request, "campaigns:media"))


@require_POST
def bring_back(request: HttpRequest, org: str, media: str) -> HttpResponse:
    found = media_for(request, media, need=Role.MARKETER)
    verbs.bring_back(media=found, actor=request.user)
    messages.success(request, f"“{found.name}” is back.")
    return redirect(tenant_url(request, "campaigns:media"))


def _json(one: Media) -> dict[str, object]:
    return {
        "id": one.public_id,
        "name": one.name,
        "alt": one.alt,
        "src": library.address(one),
        "thumb": library.address(one, 320),
        "width": one.width,
        "height": one.height,
        "size": one.size,
    }
