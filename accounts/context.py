"""What every template may know: the organization, the role, whether this is the sandbox."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.enums import Role


def house(request: HttpRequest) -> dict[str, Any]:
    role = getattr(request, "role", None)
    return {
        "organization": getattr(request, "organization", None),
        "role": role,
        "may_write": role is not None and role >= Role.MARKETER,
        "may_admin": role is not None and role >= Role.ADMIN,
        "sandbox": settings.SANDBOX,
    }
