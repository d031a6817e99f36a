"""Addresses of accounts: the front door, organizations, their settings, the sandbox's login cards, the kit."""

from django.urls import include, path

from accounts.tenancy import TENANT_PREFIX
from accounts.views import audit_log, brands, front, kit, members, organizations, people, sandbox_door

app_name = "accounts"

settings_pages = [
    path("", organizations.settings, name="settings"),
    path("brand/", brands.edit, name="brand"),
    path("members/", members.list_, name="members"),
    path("members/<int:membership>/role/", members.change_role, name="member_role"),
    path("members/<int:membership>/remove/", members.remove, name="member_remove"),
    path("members/restore/<str:token>/", members.restore, name="member_restore"),
    path("audit-log/", audit_log.list_, name="audit_log"),
]

urlpatterns = [
    path("", front.front, name="front"),
    path("organizations/", organizations.list_, name="organizations"),
    path("organizations/new/", organizations.new, name="organization_new"),
    path("you/", people.you, name="you"),
    path("sandbox/enter/", sandbox_door.enter, name="sandbox_enter"),
    path("brand/<slug:colour>.css", brands.stylesheet, name="brand_css"),
    path("kit/", kit.catalogue, name="kit"),
    path("kit/recipient/", kit.recipient, name="kit_recipient"),
    path(f"{TENANT_PREFIX}/<slug:org>/settings/", include(settings_pages)),
]
