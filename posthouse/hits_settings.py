"""Settings of the hits process: the recipients' pages only, no sessions, and the app's role in the database.

The link host may be any domain that a brand points here, so every Host is fine: no page builds an address from it.
"""

import os

# Pages work behind row-level security; what must see all organizations (the hit log) connects as the daemons' role itself.
os.environ["POSTHOUSE_ROLE"] = "app"

from posthouse.settings import *  # noqa: F403
from posthouse.settings import DATABASES, TEMPLATES
from posthouse.settings import INSTALLED_APPS as ALL_APPS

INSTALLED_APPS = [app for app in ALL_APPS if app.partition(".")[0] != "allauth"]  # nobody logs in here

ROOT_URLCONF = "posthouse.hits_urls"
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"] = ["django.template.context_processors.request"]  # type: ignore[index]
SECURE_SSL_REDIRECT = False  # a one-click POST must never meet a redirect (RFC 8058)
SECURE_REFERRER_POLICY = "no-referrer"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
# Pages run on a few threads that stay (posthouse/hits_pages.py): each keeps its connection, and what it has prepared on it.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 2  # type: ignore[index]
