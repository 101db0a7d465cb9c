"""One settings file: safe for development as it is, and loud about anything missing in production.

Environment: ``FACSWEB_ENV`` (development | production), ``SECRET_KEY``, ``ALLOWED_HOSTS`` (comma-separated),
``CSRF_TRUSTED_ORIGINS``, ``DATABASE_URL``, ``REDIS_URL``, ``FACSWEB_DATA``, ``FACSWEB_MODELS``,
``FACSWEB_SCORERS``, ``SITE_URL``; any of them may be in a file that ``…_FILE`` names (`installation.SECRETS`).
"""

import atexit
import os
import shutil
import sys
import tempfile

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from facsweb import installation

TESTING = "pytest" in sys.modules
if TESTING and "FACSWEB_TEST_DATA" not in os.environ:
    # Tests, and the workers they start as other processes, share one throwaway folder.
    os.environ["FACSWEB_DATA"] = os.environ["FACSWEB_TEST_DATA"] = tempfile.mkdtemp(prefix="facsweb-test-")
    os.environ.pop("FACSWEB_SCORERS", None)
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
    "facsweb.accounts",
    "facsweb.audit",
    "facsweb.studies",
    "facsweb.recordings",
    "facsweb.transcripts",
    "facsweb.runs",
    "facsweb.coding",
    "facsweb.exchange",
    "facsweb.assignments",
    "facsweb.practice",
    "facsweb.agreement",
    "facsweb.meaning",
    "facsweb.reports",
    "facsweb.learning",
    "facsweb.calibration",
    "facsweb.home",
    "facsweb.about",
    "facsweb.demo",
    "facsweb.processes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "facsweb.headers.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
    # A file, not memory: tests start real workers and servers in other processes and threads.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: queue, channel layer, cache ------------------------------------------------------------
REDIS_URL = installation.redis_url(DATA_DIR)
RQ_QUEUES = {"analysis": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": -1, "DEFAULT_RESULT_TTL": 3600}}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
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
MAX_UPLOAD_BYTES = 4 * 1024**3

# --- accounts --------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed; never outside tests
ACCOUNT_ADAPTER = "facsweb.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by an administrator, not by strangers
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "facsweb@localhost")

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
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked for on the machine itself
    SECURE_HSTS_SECONDS = 31_536_000
    # Of names below the site's own. Who serves something without TLS there says no, and knows why.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = installation.is_on("FACSWEB_HSTS_SUBDOMAINS", True)
    if not SECURE_HSTS_INCLUDE_SUBDOMAINS:
        SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True

# --- words, time, logs -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"facsweb": {"level": "INFO"}},
}
