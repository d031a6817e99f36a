"""Settings: one file, from the environment. `docs/operating/running.md` lists the variables."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from posthouse import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))

# --- Who we are, and where -----------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
SANDBOX = env.flag("SANDBOX")  # With it on, no mail leaves this computer: see sending/relay.
PORT = env.number("PORT", 8000, least=1, most=65000)
HITS_PORT = env.number("HITS_PORT", PORT + 1, least=1, most=65535)
BASE_URL = env.text("BASE_URL", f"http://localhost:{PORT}").rstrip("/")
LINK_URL = env.text("LINK_URL", f"http://localhost:{HITS_PORT}").rstrip("/")  # where links in mail point
HOUSE_DOMAIN = env.text("HOUSE_DOMAIN", "posthouse.example" if SANDBOX else "")  # our own mail (confirmations, resets)

SECRET_KEY = env.text("SECRET_KEY")
_secret_file = VAR_DIR / "secret_key"
if not SECRET_KEY and _secret_file.exists():
    SECRET_KEY = _secret_file.read_text().strip()
if not SECRET_KEY:
    if not (SANDBOX or DEBUG):
        raise ImproperlyConfigured("SECRET_KEY is not set. Set it (50 random characters), or start with `make run`.")
    SECRET_KEY = "sandbox-only-" + "0123456789abcdef" * 4
SECRET_KEY_FALLBACKS = env.listing("SECRET_KEY_FALLBACKS")

ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS") or (["*"] if SANDBOX or DEBUG else [urlsplit(BASE_URL).hostname or ""])
CSRF_TRUSTED_ORIGINS = [BASE_URL, *env.listing("CSRF_TRUSTED_ORIGINS")]
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, most=9)  # how many proxies in front of us set X-Forwarded-For
HTTPS = BASE_URL.startswith("https://")

# --- Apps: floors from the roof down ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "posthouse",
    "campaigns",
    "reputation",
    "sending",
    "contacts",
    "accounts",
    "allauth",
    "allauth.account",
    "anymail",
    "csp",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.StrangersBodyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.TenantMiddleware",
]

ROOT_URLCONF = "posthouse.urls"
WSGI_APPLICATION = "posthouse.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.house",
            ],
            "builtins": ["accounts.templatetags.house"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]

# --- Database: PostgreSQL; the role decides what row-level security lets a process see --------------------------------
DATABASE_URL = env.text("DATABASE_URL", f"postgresql://posthouse@/posthouse?host={VAR_DIR / 'postgres' / 'socket'}")
DATABASE_ROLES = {"owner": "", "app": "posthouse_app", "daemon": "posthouse_daemon"}
DATABASE_ROLE = env.text("POSTHOUSE_ROLE", "app")
if DATABASE_ROLE not in DATABASE_ROLES:
    raise ImproperlyConfigured(f"POSTHOUSE_ROLE={DATABASE_ROLE!r}: write owner, app or daemon.")


def _database(url: str, role: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or (parts.hostname or "")
    port = query.pop("port", "") or (str(parts.port) if parts.port else "")
    options: dict[str, object] = dict(query)
    # Our statements are short or plain: compiling them to machine code costs more than it gains.
    own = f"-c jit=off -c role={role}" if role else "-c jit=off"
    options["options"] = f"{query.get('options', '')} {own}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": env.text("POSTHOUSE_TEST_DB", "test_posthouse")},
    }


DATABASES = {"default": _database(DATABASE_URL, DATABASE_ROLES[DATABASE_ROLE])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker, cache ----------------------------------------------------------------------------------------------------
BROKER_URL = env.text("BROKER_URL", f"redis+socket://{VAR_DIR / 'valkey' / 'valkey.sock'}")
CACHE_URL = env.text("CACHE_URL", BROKER_URL.replace("redis+socket://", "unix://"))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "posthouse",
    }
}

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# What may take minutes has a queue and processes of its own: it keeps no launch, no check and no sweep waiting.
CELERY_TASK_QUEUES = {name: {"exchange": name} for name in ("celery", "bulk")}
CELERY_TASK_ROUTES = {
    name: {"queue": "bulk"} for name in ("contacts.tasks.run_import", "contacts.tasks.run_job", "sending.tasks.retry")
}
CELERY_BEAT_SCHEDULE = {
    # Sweeps: rows whose wake-up or worker was lost. (Add yours here; the name says what is swept.)
    "fold totals": {"task": "reputation.tasks.fold_totals", "schedule": 5.0, "options": {"expires": 5}},
    "check domains": {"task": "reputation.tasks.check_due_domains", "schedule": 60.0, "options": {"expires": 60}},
    "sweep imports": {"task": "contacts.tasks.sweep_imports", "schedule": 15.0, "options": {"expires": 15}},
    "sweep jobs": {"task": "contacts.tasks.sweep_jobs", "schedule": 15.0, "options": {"expires": 15}},
    "sweep sign-ups": {"task": "contacts.tasks.sweep_signups", "schedule": 600.0, "options": {"expires": 600}},
    "sweep privacy requests": {
        "task": "contacts.tasks.sweep_privacy_requests",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "sweep launches": {"task": "campaigns.tasks.sweep_launches", "schedule": 15.0, "options": {"expires": 15}},
    "look after launches": {
        "task": "campaigns.tasks.look_after_launches",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "sweep links": {"task": "campaigns.tasks.sweep_links", "schedule": 30.0, "options": {"expires": 30}},
    "sweep retries": {"task": "sending.tasks.sweep_retries", "schedule": 15.0, "options": {"expires": 15}},
    "finish campaigns": {"task": "campaigns.tasks.finish_campaigns", "schedule": 5.0, "options": {"expires": 5}},
    "learn providers": {"task": "sending.tasks.learn_providers", "schedule": 600.0, "options": {"expires": 600}},
    "warm addresses": {"task": "reputation.tasks.warm_addresses", "schedule": 60.0, "options": {"expires": 60}},
    "forget warm-up days": {"task": "reputation.tasks.forget_old_warmup_days", "schedule": 86_400.0},
    "forget DMARC reports": {"task": "reputation.tasks.forget_old_dmarc_reports", "schedule": 86_400.0},
    "count failures": {"task": "sending.tasks.count_failures", "schedule": 60.0, "options": {"expires": 60}},
    "send TLS reports": {"task": "sending.tasks.send_tls_reports", "schedule": 300.0, "options": {"expires": 300}},
    "check addresses": {"task": "sending.tasks.check_addresses", "schedule": 60.0, "options": {"expires": 60}},
    "tell of refusals": {"task": "sending.tasks.tell_of_refusals", "schedule": 60.0, "options": {"expires": 60}},
    "forget TLS reports": {"task": "sending.tasks.forget_old_tls_reports", "schedule": 86_400.0},
    "make event partitions": {"task": "sending.tasks.make_event_partitions", "schedule": 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# --- Mail -------------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "sending.backends.mail.HouseBackend"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Posthouse <hello@{HOUSE_DOMAIN or 'localhost'}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
RELAY_SMTP_PORT = env.number("RELAY_SMTP_PORT", PORT + 3 if SANDBOX else 25, least=1, most=65535)
RELAY_RESOLVER = env.text("RELAY_RESOLVER", f"127.0.0.1:{PORT + 4}" if SANDBOX else "")  # host:port; "" = the system's
# Whether its word that an answer was validated by DNSSEC (the AD bit) is believed; None: when it is on this computer.
RELAY_RESOLVER_VALIDATES = env.flag("RELAY_RESOLVER_VALIDATES") if env.text("RELAY_RESOLVER_VALIDATES") else None
RELAY_PROVIDERS = env.text("RELAY_PROVIDERS")  # a file that goes over sending/relay/data/providers.toml
RELAY_CONNECTIONS = env.number("RELAY_CONNECTIONS", 0)  # of one relay at once; 0 = what the open files limit lets
RELAY_EHLO_NAME = env.text("RELAY_EHLO_NAME", f"relay.{HOUSE_DOMAIN or 'localhost'}")
TLS_REPORTS = env.flag("TLS_REPORTS", default=True)  # tell domains that ask for it how TLS with them went (RFC 8460)
MAILROOM_HOST = env.text("MAILROOM_HOST", "127.0.0.1" if SANDBOX else "")
MAILROOM_PORT = env.number("MAILROOM_PORT", PORT + 2 if SANDBOX else 25, least=1, most=65535)
MAILROOM_TLS_CERTIFICATE = env.text("MAILROOM_TLS_CERTIFICATE")  # PEM files, read again when they change
MAILROOM_TLS_KEY = env.text("MAILROOM_TLS_KEY")
SANDBOX_SMTP_PORT = PORT + 3
SANDBOX_DNS_PORT = PORT + 4
SANDBOX_ESP_PORT = PORT + 5
# What stands for the APIs of ESPs while the sandbox is on.
ESP_SANDBOX = env.text("ESP_SANDBOX", f"http://127.0.0.1:{SANDBOX_ESP_PORT}/")
# Then what an ESP said nothing about is unconfirmed.
ESP_REPORT_HOURS = env.number("ESP_REPORT_HOURS", 72, least=1, most=720)
ESP_FAILOVER_MINUTES = env.number(
    "ESP_FAILOVER_MINUTES", 5, most=1440
)  # of trouble, before a stream goes its other way
SANDBOX_STORE = VAR_DIR / "sandbox" / "world.sqlite3"
LINK_CHECKS = env.flag("LINK_CHECKS", default=not SANDBOX)  # ask the links of mails whether they answer, before a send
LINK_CHECK_RESOLVER = env.text("LINK_CHECK_RESOLVER")  # host:port; "" = the system's
SPAM_FILTER = env.text("SPAM_FILTER")  # spamd://host:783 or rspamd://host:11333; "" = mails are not scored
METRICS_TOKEN = env.text("METRICS_TOKEN")  # who asks /metrics must bring it; "" = there is no such page
UPLOAD_DIR = VAR_DIR / "uploads"
BACKUP_DAYS = env.number("BACKUP_DAYS", 30, most=3650)  # how long your backups live: told to people who are erased

# --- People: e-mail only, through allauth -----------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapters.people.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False  # scanners open links; only a press of the button confirms
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:front"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# --- Security ---------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "posthouse_session"
CSRF_COOKIE_NAME = "posthouse_csrf"
X_FRAME_OPTIONS = "SAMEORIGIN"
SILENCED_SYSTEM_CHECKS = ["security.W019"]  # previews of mail are shown in frames of our own pages
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000  # a segment of a hundred conditions, some with long lists
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None

# --- Time and tongue --------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Of recipients' pages and of our mail to them. Members' pages are English: no middleware chooses (contacts/languages.py does).
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español"), ("pt", "Português")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "posthouse.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- Files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.text("STATIC_ROOT", str(VAR_DIR / "static"))
MEDIA_URL = "/media/"  # on web and link host alike; designs say it, and compiling puts the link host before it
MEDIA_BUCKET = env.text("MEDIA_BUCKET")  # S3 and its kin, through boto3; empty: pictures lie in VAR_DIR/media
MEDIA_QUOTA_MB = env.number("MEDIA_QUOTA_MB", 500, least=1, most=1_000_000)  # an organization
STORAGES = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": MEDIA_BUCKET,
                "location": env.text("MEDIA_PREFIX"),
                "endpoint_url": env.text("MEDIA_ENDPOINT") or None,
                "region_name": env.text("MEDIA_REGION") or None,
                "default_acl": None,
                "file_overwrite": True,  # names are hashes: the same name is the same picture
            },
        }
        if MEDIA_BUCKET
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(VAR_DIR / "media")},
        }
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Without a collected copy (a checkout that was just cloned) the files are served as they lie in static/.
WHITENOISE_USE_FINDERS = not Path(STATIC_ROOT).exists()
WHITENOISE_AUTOREFRESH = DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"without_tokens": {"()": "posthouse.log_lines.WithoutTokens"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_tokens"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
}
