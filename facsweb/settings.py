"""One settings file: safe for development as it is, and loud about anything missing in production.

Environment: ``FACSWEB_ENV`` (development | production), ``SECRET_KEY``, ``ALLOWED_HOSTS`` (comma-separated),
``CSRF_TRUSTED_ORIGINS``, ``DATABASE_URL``, ``REDIS_URL``, ``FACSWEB_DATA``, ``FACSWEB_MODELS``,
``FACSWEB_SCORERS``, ``SITE_URL``; of the audit log ``FACSWEB_TRUSTED_PROXIES``, ``FACSWEB_AUDIT_ADDRESS``,
``FACSWEB_ANCHORS``, ``FACSWEB_ANCHOR_MAIL``; of long recordings
``FACSWEB_SEGMENTS_OVER_S``, ``FACSWEB_SEGMENT_S``; of live sessions ``FACSWEB_LIVE_SESSIONS``; of the API
``FACSWEB_API_REQUESTS_A_MINUTE``, ``FACSWEB_WEBHOOK_PRIVATE``; of quotas ``FACSWEB_QUOTA_GB``,
``FACSWEB_QUOTA_HOURS``, ``FACSWEB_QUOTA_QUEUED``, ``FACSWEB_QUOTA_RUNNING``, ``FACSWEB_MOST_WAITING``,
``FACSWEB_DISK_RESERVE_MB``, ``FACSWEB_UPLOADS_AT_ONCE``, ``FACSWEB_WEB_THREADS``;
of object storage ``FACSWEB_S3_BUCKET``, ``FACSWEB_S3_ENDPOINT``, ``FACSWEB_S3_REGION``, ``FACSWEB_S3_PREFIX``,
``FACSWEB_S3_ACCESS_KEY_ID``, ``FACSWEB_S3_SECRET_ACCESS_KEY``, ``FACSWEB_S3_ENCRYPTION``,
``FACSWEB_S3_KMS_KEY``, ``FACSWEB_S3_CACHE_GB``; of operation ``FACSWEB_LOG``, ``FACSWEB_METRICS_TOKEN``;
accounts and mail: ``docs/deploy.md``.
Any of them may be in a file that ``…_FILE`` names (`installation.SECRETS`).
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from facsweb import installation
from facsweb.logs import lines as log_lines

TESTING = "pytest" in sys.modules
if TESTING and "FACSWEB_TEST_DATA" not in os.environ:
    # Tests, and the workers they start as other processes, share one throwaway folder.
    os.environ["FACSWEB_DATA"] = os.environ["FACSWEB_TEST_DATA"] = tempfile.mkdtemp(prefix="facsweb-test-")
    os.environ.pop("FACSWEB_SCORERS", None)
    os.environ["FACSWEB_REQUIRE_MFA"] = "0"  # tests of the second factor ask for it themselves
    atexit.register(shutil.rmtree, os.environ["FACSWEB_DATA"], ignore_errors=True)

installation.read_secret_files()
BASE_DIR = installation.BASE_DIR
DATA_DIR = installation.data_dir()
PRODUCTION = os.environ.get("FACSWEB_ENV", "development") == "production"
DEBUG = False

if PRODUCTION:
    needed = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL")
    if missing := [name for name in needed if not os.environ.get(name)]:
        raise ImproperlyConfigured(
            f"FACSWEB_ENV=production needs {', '.join(missing)} in the environment, or in a file that "
            f"{', '.join(f'{name}_FILE' for name in missing)} names."
        )
    SECRET_KEY = os.environ["SECRET_KEY"]
    ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
else:
    SECRET_KEY = os.environ.get("SECRET_KEY") or installation.secret_key(DATA_DIR)
    ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

# Keys that were in use before: what they signed (sessions, links) holds until they are taken from the list.
SECRET_KEY_FALLBACKS = os.environ.get("SECRET_KEY_FALLBACKS", "").split()
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "csp",
    "django_htmx",
    "django_rq",
    "facsweb.storage",
    "facsweb.accounts",
    "facsweb.audit",
    "facsweb.studies",
    "facsweb.recordings",
    "facsweb.transcripts",
    "facsweb.runs",
    "facsweb.quotas",
    "facsweb.coding",
    "facsweb.exchange",
    "facsweb.assignments",
    "facsweb.practice",
    "facsweb.agreement",
    "facsweb.meaning",
    "facsweb.live",
    "facsweb.reports",
    "facsweb.learning",
    "facsweb.calibration",
    "facsweb.privacy",
    "facsweb.home",
    "facsweb.about",
    "facsweb.api",
    "facsweb.operation",
    "facsweb.demo",
    "facsweb.processes",
]

MIDDLEWARE = [
    "facsweb.operation.requests.Requests",
    "django.middleware.security.SecurityMiddleware",
    "facsweb.headers.Headers",
    "facsweb.unavailable.Unavailable",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "facsweb.audit.middleware.OriginMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "facsweb.accounts.middleware.OpenSessions",
    "facsweb.accounts.middleware.FirstThings",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "facsweb.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "facsweb.accounts.context.accounts",
            ],
        },
    }
]

# --- database: SQLite in WAL mode unless DATABASE_URL names another -------------------------------------
DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{DATA_DIR / 'facsweb.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a writing transaction queues for the lock at its start instead of failing in its middle.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # synchronous=FULL: what was committed survives a power cut, not only a killed process; NORMAL may lose the
        # last commits then, a signature among them (docs/reliability.md). Tests kill processes, not machines.
        # secure_delete: what is deleted is overwritten with zeros, not only forgotten (docs/privacy.md).
        "init_command": (
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous={'NORMAL' if TESTING else 'FULL'}; "
            "PRAGMA busy_timeout=20000; PRAGMA secure_delete=ON;"
        ),
    }
    # A file, not memory: tests start real workers and servers in other processes and threads.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: queue, channel layer, cache ------------------------------------------------------------
REDIS_URL = installation.redis_url(DATA_DIR)
RQ_QUEUES = {
    name: {"URL": REDIS_URL, "DEFAULT_TIMEOUT": -1, "DEFAULT_RESULT_TTL": 3600} for name in ("cpu", "media", "gpu")
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [installation.redis_at_once(REDIS_URL)]},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if PRODUCTION:
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}

# --- files -----------------------------------------------------------------------------------------------
# Modules name each other relatively, so the version stands in the address of them all: the browser keeps each for
# good, and never mixes those of two versions. Who changes a script starts the server again.
STATIC_URL = f"static/{installation.version_of(BASE_DIR / 'static')}/"
WHITENOISE_IMMUTABLE_FILE_TEST = r"."
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "facsweb.coding.finders.PlotlyFinder",
]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION  # straight from the source tree
MEDIA_ROOT = DATA_DIR / "media"  # never mapped to a URL: files leave through views that check access
UPLOAD_DIR = DATA_DIR / "uploads"
KEYS_DIR = DATA_DIR / "keys"
SCORERS_DIR = installation.scorers_dir(DATA_DIR)
os.environ["FACSWEB_SCORERS"] = str(SCORERS_DIR)  # where the analysis looks for them, here and in child processes
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
#: With a bucket, what lies in the folders above is this host's copy of what lies in it.
S3_BUCKET = os.environ.get("FACSWEB_S3_BUCKET", "")
S3_PREFIX = f"{prefix}/" if (prefix := os.environ.get("FACSWEB_S3_PREFIX", "").strip("/")) else ""
S3_CACHE_BYTES = int(float(os.environ.get("FACSWEB_S3_CACHE_GB", "0")) * 1e9)  # 0: as much as the disk has
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "facsweb.storage.backend.Bucket",
        "OPTIONS": installation.s3_options(S3_PREFIX),
    }
MAX_UPLOAD_BYTES = 4 * 1024**3
LIVE_SESSIONS = int(os.environ.get("FACSWEB_LIVE_SESSIONS", "8"))  # before cameras at once, of all people

#: Of every study, unless staff gave it others (`facsweb.quotas`); 0: no limit.
QUOTA_GB = float(os.environ.get("FACSWEB_QUOTA_GB", "0"))
QUOTA_HOURS = float(os.environ.get("FACSWEB_QUOTA_HOURS", "0"))
QUOTA_QUEUED = int(os.environ.get("FACSWEB_QUOTA_QUEUED", "0"))
QUOTA_RUNNING = int(os.environ.get("FACSWEB_QUOTA_RUNNING", "0"))
#: Beyond these, analyses and uploads are put off (`processes.pressure`).
MOST_WAITING = int(os.environ.get("FACSWEB_MOST_WAITING", "250000"))
DISK_RESERVE_MB = int(os.environ.get("FACSWEB_DISK_RESERVE_MB", "512"))
UPLOADS_AT_ONCE = int(os.environ.get("FACSWEB_UPLOADS_AT_ONCE", "64"))  # pieces that one web server receives
WEB_THREADS = int(os.environ.get("FACSWEB_WEB_THREADS", "32"))  # in which one web server answers

# --- accounts --------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed; never outside tests
ACCOUNT_ADAPTER = "facsweb.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts come from invitations, not from strangers
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password, a factor added or removed
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Passwords and codes are counted in the database (accounts.lockout), where staff can unlock them. ``login_failed``
# only keeps answers of passkeys, which nobody guesses, from filling the log.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "60/15m/key",
    "reauthenticate": "20/m/user",
    "change_password": "10/15m/user",  # nosec B105 (how often, no password)
}
ALLAUTH_TRUSTED_PROXY_COUNT = int(
    os.environ.get("FACSWEB_TRUSTED_PROXIES", "0")
)  # whose X-Forwarded-For is believed
MFA_ADAPTER = "facsweb.accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # a code may be one period old: people type slowly, clocks differ
ACCOUNT_FORMS = {"login": "facsweb.accounts.entrance_forms.SignInForm"}
MFA_FORMS = {
    "activate_totp": "facsweb.accounts.factor_forms.ActivateAppForm",
    "authenticate": "facsweb.accounts.factor_forms.AuthenticateForm",
    "reauthenticate": "facsweb.accounts.factor_forms.ReauthenticateForm",
    "authenticate_webauthn": "facsweb.accounts.factor_forms.PasskeyStepForm",
    "reauthenticate_webauthn": "facsweb.accounts.factor_forms.PasskeyConfirmForm",
    "login_webauthn": "facsweb.accounts.factor_forms.PasskeyLoginForm",
    "add_webauthn": "facsweb.accounts.factor_forms.AddPasskeyForm",
    "edit_webauthn": "facsweb.accounts.factor_forms.RenamePasskeyForm",
}
#: Coders, managers and administrators of any study, and staff, need a second factor.
FACSWEB_REQUIRE_MFA = os.environ.get("FACSWEB_REQUIRE_MFA", "1") != "0"
# Longer recordings are measured in segments of about so long (seconds) by all workers together.
FACSWEB_SEGMENTS_OVER_S = int(os.environ.get("FACSWEB_SEGMENTS_OVER_S", "900"))
FACSWEB_SEGMENT_S = int(os.environ.get("FACSWEB_SEGMENT_S", "300"))
FACSWEB_DEMONSTRATION = os.environ.get("FACSWEB_DEMONSTRATION") == "1"  # set by `manage.py demo` for its processes
SESSION_COOKIE_AGE = int(float(os.environ.get("SESSION_LONGEST_HOURS", "168")) * 3600)
SESSION_IDLE_SECONDS = int(float(os.environ.get("SESSION_IDLE_HOURS", "12")) * 3600)
OIDC_ISSUER = os.environ.get("OIDC_ISSUER", "")
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
OIDC_NAME = os.environ.get("OIDC_NAME", "your organisation")
OIDC_CREATE = os.environ.get("OIDC_CREATE") == "1"
OIDC_TRUST_MFA = os.environ.get("OIDC_TRUST_MFA") == "1"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND") or (
    f"django.core.mail.backends.{'smtp' if os.environ.get('EMAIL_HOST') else 'console'}.EmailBackend"
)
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "1") == "1"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "facsweb@localhost")

# --- the audit log ---------------------------------------------------------------------------------------
#: How many proxies of ours stand before the server; ``X-Forwarded-For`` is believed from so many and no more.
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT
#: What of an address the log keeps: ``full``, ``short`` (its first 24 or 48 bits) or ``none``.
AUDIT_ADDRESS = os.environ.get("FACSWEB_AUDIT_ADDRESS", "full")
if AUDIT_ADDRESS not in ("full", "short", "none"):
    raise ImproperlyConfigured(f"FACSWEB_AUDIT_ADDRESS is full, short or none, not {AUDIT_ADDRESS}.")
#: Where the daily anchors lie besides the database; best on storage that can be written only once.
ANCHORS_DIR = Path(os.environ.get("FACSWEB_ANCHORS") or DATA_DIR / "anchors").expanduser().resolve()
#: Who gets them by mail, comma-separated.
ANCHOR_MAIL = [one.strip() for one in os.environ.get("FACSWEB_ANCHOR_MAIL", "").split(",") if one.strip()]

# --- security --------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "frame-src": [NONE],
        "object-src": [NONE],
        "worker-src": [SELF],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024**2  # tus chunks stream past this limit
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # A cookie of that name is taken by browsers only over TLS, from this very host: no subdomain can set one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked for on the machine itself
    SECURE_HSTS_SECONDS = 31_536_000
    # Of names below the site's own. Who serves something without TLS there says no, and knows why.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = installation.is_on("FACSWEB_HSTS_SUBDOMAINS", True)
    if not SECURE_HSTS_INCLUDE_SUBDOMAINS:
        SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True

# --- the API ---------------------------------------------------------------------------------------------
API_REQUESTS_A_MINUTE = int(os.environ.get("FACSWEB_API_REQUESTS_A_MINUTE", "600"))  # of one token
#: Whether webhooks may go to this machine and to addresses of a private network.
WEBHOOK_PRIVATE = os.environ.get("FACSWEB_WEBHOOK_PRIVATE") == "1"

# --- words, time, logs -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
#: ``json`` (one object a line, for programs) or ``text`` (for a terminal); neither says anything about persons.
LOG = os.environ.get("FACSWEB_LOG") or ("json" if PRODUCTION else "text")
if LOG not in log_lines.FORMATTERS:
    raise ImproperlyConfigured(f"FACSWEB_LOG is json or text, not {LOG}.")
LOGGING = log_lines.settings_of(LOG)

# --- operation -------------------------------------------------------------------------------------------
#: Whoever has it may read the figures under ``/metrics``; without one there are none.
METRICS_TOKEN = os.environ.get("FACSWEB_METRICS_TOKEN", "")
