"""Django's settings. What may differ from one installation to the next comes from the environment (environment.py)."""

from datetime import timedelta

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.conf import global_settings
from django.utils.translation import gettext_lazy as _

from okpay_gateway import environment

django_stubs_ext.monkeypatch()

ENVIRONMENT = environment.read()
BASE_DIR = environment.BASE_DIR
VAR = ENVIRONMENT.var
VERSION = "0.1.0"  # as in pyproject.toml, which hosted installations do not carry

SANDBOX = ENVIRONMENT.sandbox
SECRET_KEY = ENVIRONMENT.secret_key
# Keys of before: what they sealed or signed holds still.
SECRET_KEY_FALLBACKS = ENVIRONMENT.secret_key_fallbacks
DEBUG = False
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
PUBLIC_URL = ENVIRONMENT.public_url
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
CONTROL_TOKEN = ENVIRONMENT.control_token
API_DIALECT = ENVIRONMENT.api_dialect

# Sandboxes that the control API makes
SANDBOXES_AT_MOST = ENVIRONMENT.sandboxes_max
SANDBOXES_IDLE_FOR = timedelta(days=ENVIRONMENT.sandboxes_idle_days)

# Instant Payment Notification
IPN_RETRY_INTERVAL = timedelta(seconds=ENVIRONMENT.ipn_retry_interval)
IPN_MAX_RETRIES = ENVIRONMENT.ipn_max_retries
IPN_TIMEOUT = ENVIRONMENT.ipn_timeout
IPN_ALLOW_PRIVATE = ENVIRONMENT.ipn_allow_private
IPN_VERIFY_TLS = ENVIRONMENT.ipn_verify_tls
IPN_VERIFY_STRICT_ORDER = ENVIRONMENT.ipn_verify_strict_order

# Every request with its answer, without secrets; per sandbox at least the newest JOURNAL_ROWS of them.
JOURNAL = ENVIRONMENT.journal
JOURNAL_ROWS = ENVIRONMENT.journal_rows

# How long an unpaid checkout stays open.
CHECKOUT_LIFETIME = timedelta(hours=24)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "okpay_gateway",
    "sandbox",
    "ipn",
    "wallets",
    "checkout",
    "soapapi",
    "marketplace",
]

MIDDLEWARE = [
    "sandbox.transport.Disturb",
    "okpay_gateway.middleware.BehindProxies",
    "okpay_gateway.journal.middleware.Journal",
    "okpay_gateway.middleware.TolerantHost",
    "okpay_gateway.middleware.RequestID",
    "soapapi.middleware.SoapCalls",
    # From here on for pages and the control API.
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "okpay_gateway.middleware.HeadersOnly",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "okpay_gateway.urls"
WSGI_APPLICATION = "okpay_gateway.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "okpay_gateway.context.site",
            ],
        },
    },
]

# Every form of the site is written by the templates in templates/site/.
FORM_RENDERER = "okpay_gateway.forms.SiteForms"
CSRF_FAILURE_VIEW = "okpay_gateway.views.csrf_failure"

DATABASES = {
    "default": dj_database_url.parse(
        ENVIRONMENT.database_url, engine="okpay_gateway.postgresql", conn_max_age=600, conn_health_checks=True
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENVIRONMENT.redis_url}}

# A sandbox sends nothing into the world: its messages stay in a mailbox of its own.
EMAIL_BACKEND = "wallets.mailbox.Mailbox" if SANDBOX else "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = ENVIRONMENT.email.host, ENVIRONMENT.email.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENVIRONMENT.email.user, ENVIRONMENT.email.password
EMAIL_USE_TLS, EMAIL_USE_SSL = ENVIRONMENT.email.starttls, ENVIRONMENT.email.tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.email.sender

AUTH_USER_MODEL = "wallets.User"
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [*global_settings.PASSWORD_HASHERS, "wallets.hashers.GeneratedPasswordHasher"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("ru", _("Russian"))]
LANGUAGE_COOKIE_NAME = "okpay_language"
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "okpay_gateway" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
# The admin has its times from here; "7:13 p.m." cannot be compared with a journal.
FORMAT_MODULE_PATH = "okpay_gateway.formats"

STATIC_URL = "/static/"
# Served from the apps' own folders: nothing needs to be collected, so there is no STATIC_ROOT.
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_NAME = "okpay_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not SANDBOX
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Listeners that verify over plain HTTP must be answered, never redirected.
SECURE_SSL_REDIRECT = not SANDBOX
# So must SOAP clients, which are refused in their own language.
SECURE_REDIRECT_EXEMPT = [r"^ipn-verify(\.html)?$", r"^health/$", r"^metrics/?$", r"^OkPayAPI$"]
# Bigger than any real payment form or IPN; the limit on the number of fields keeps parsing cheap.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_HANDLERS = [
    "okpay_gateway.uploads.NotTooLarge",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["okpay_gateway.api.JSONBody"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "okpay_gateway.api.AlwaysJSON",
    "DEFAULT_AUTHENTICATION_CLASSES": ["okpay_gateway.api.ControlTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["okpay_gateway.api.HasControlToken"],
    "DEFAULT_PAGINATION_CLASS": "okpay_gateway.api.NewestFirst",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "okpay_gateway.api_schema.ControlSchema",
    "EXCEPTION_HANDLER": "okpay_gateway.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "OKPAY gateway: control API",
    "DESCRIPTION": "Set the sandbox up, move it along, look inside. Bodies and answers are JSON; no string has a NUL "
    "character in it. Where space around a string means nothing it is dropped, and one of spaces alone is empty.",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "okpay_gateway.api_schema.tell_tags",
        "okpay_gateway.api_links.tell_links",
    ],
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "TransactionStatusEnum": "wallets.models.Transaction.Status",
        "MessageStatusEnum": "ipn.models.IpnMessage.Status",
        "StoryOutcomeEnum": "ipn.listener_check.faults.OUTCOMES",
        "SessionStatusEnum": "checkout.models.CheckoutSession.Status",
        "StoreStatusEnum": "marketplace.models.Store.Status",
        "OrderStatusEnum": "marketplace.models.Order.Status",
        "ScenarioStatusEnum": "sandbox.models.Scenario.Status",
        "ReturnMethodEnum": "wallets.models.Wallet.ReturnMethod",
    },
}

# Celery is only the hand that reaches for what is due; what is due is a column in the database.
CELERY_BROKER_URL = environment.broker_url(ENVIRONMENT.redis_url)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A payment never waits for a broker that is away: the worker looks for what is due by itself, too.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 0.5, "socket_timeout": 5, "max_retries": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "okpay_gateway.celery:Scheduler"
# Threads: the work is waiting for listeners and for the database.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 4
# Nobody asks the worker by the broker how it is; /health/ does.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BEAT_SCHEDULE = {
    "listener-checks": {"task": "ipn.tasks.check_listeners", "schedule": 2.0, "options": {"expires": 2}},
    "mass-payments": {"task": "wallets.tasks.send_mass_payments", "schedule": 5.0, "options": {"expires": 5}},
    "decide": {"task": "wallets.tasks.decide", "schedule": 5.0, "options": {"expires": 5}},
    "seal-ledger": {"task": "wallets.tasks.seal_ledger", "schedule": 60.0, "options": {"expires": 60}},
    "idle-sandboxes": {
        "task": "okpay_gateway.tasks.drop_idle_sandboxes",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "expire": {"task": "checkout.tasks.expire", "schedule": 60.0, "options": {"expires": 60}},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"}},
    "filters": {"request_id": {"()": "okpay_gateway.middleware.WithRequestID"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
        # A logger without any handler is heard all the same, with its traceback.
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        # Told to who sent it; the request's own line says 413.
        "django.security.RequestDataTooBig": {"handlers": ["nowhere"], "propagate": False},
        "celery": {"level": "WARNING"},
    },
}
