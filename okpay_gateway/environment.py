"""What the environment says, read once and checked: an unreadable or contradictory value stops the start with one line.

The names are the project's contract; README.md has the table. Times are whole seconds. What is set to nothing counts as
not set: `PORT= make run`, an empty line of an .env file.
"""

import hashlib
import ipaddress
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent
_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]", re.ASCII)
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


@dataclass(frozen=True)
class Environment:
    var: Path
    port: int
    listen: str
    web_processes: int
    sandbox: bool
    secret_key: str
    secret_key_fallbacks: list[str]
    allowed_hosts: list[str]
    public_url: str
    trusted_proxies: list[str]
    control_token: str
    database_url: str
    redis_url: str
    sandboxes_max: int
    sandboxes_idle_days: int
    ipn_retry_interval: int
    ipn_max_retries: int
    ipn_timeout: int
    ipn_allow_private: bool
    ipn_verify_tls: bool
    ipn_verify_strict_order: bool
    api_dialect: str
    journal: bool
    journal_rows: int
    email: "MailServer"


@dataclass(frozen=True)
class MailServer:
    """EMAIL_URL in parts: smtp://user:password@host:25, smtp+tls:// with STARTTLS, smtps:// with TLS from the start."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool
    sender: str


def read() -> Environment:
    """The environment as a checked value. Raises SystemExit with one clear line."""
    try:
        return _read(Env())
    except (EnvError, ValueError, OSError) as error:
        raise SystemExit(f"okpay: {' '.join(str(error).split())}") from None


def _read(env: Env) -> Environment:
    var = Path(env.str("VAR", "") or BASE_DIR / "var").resolve()
    sandbox = _flag(env, "SANDBOX", True)
    if not sandbox:
        required = ("SECRET_KEY", "ALLOWED_HOSTS", "CONTROL_TOKEN")
        missing = [name for name in required if not os.environ.get(name)]
        if missing:
            raise ValueError(f"SANDBOX=false is the hosted mode and requires {', '.join(missing)}")
        if os.environ["CONTROL_TOKEN"] == "sandbox":  # noqa: S105
            raise ValueError('CONTROL_TOKEN must not be the published default "sandbox" when SANDBOX=false')
    return Environment(
        var=var,
        port=_port(env),
        listen=env.str("LISTEN", "") or "127.0.0.1",
        web_processes=_at_least(env, "WEB_CONCURRENCY", 2, 1),
        sandbox=sandbox,
        secret_key=env.str("SECRET_KEY", "") or _generated_secret(var),
        secret_key_fallbacks=_listed(env, "SECRET_KEY_FALLBACKS"),
        allowed_hosts=_hosts(_listed(env, "ALLOWED_HOSTS")) or ["localhost", "127.0.0.1", "[::1]", "testserver"],
        public_url=_web_address(env.str("PUBLIC_URL", "")),
        trusted_proxies=_networks(_listed(env, "TRUSTED_PROXIES")),
        control_token=_token(env.str("CONTROL_TOKEN", "")) or "sandbox",
        database_url=_with_scheme("DATABASE_URL", env.str("DATABASE_URL", ""), ("postgresql", "postgres"))
        or embedded_database_url(var),
        redis_url=_with_scheme("REDIS_URL", env.str("REDIS_URL", ""), ("redis", "rediss", "unix"))
        or embedded_redis_url(var),
        sandboxes_max=_at_least(env, "SANDBOXES_MAX", 500, 0),
        sandboxes_idle_days=_at_least(env, "SANDBOXES_IDLE_DAYS", 30, 1),
        ipn_retry_interval=_at_least(env, "IPN_RETRY_INTERVAL", 1800, 1),
        ipn_max_retries=_at_least(env, "IPN_MAX_RETRIES", 15, 0),
        ipn_timeout=_at_least(env, "IPN_TIMEOUT", 10, 1),
        ipn_allow_private=_flag(env, "IPN_ALLOW_PRIVATE", sandbox),
        ipn_verify_tls=_flag(env, "IPN_VERIFY_TLS", True),
        ipn_verify_strict_order=_flag(env, "IPN_VERIFY_STRICT_ORDER", False),
        api_dialect=_one_of("API_DIALECT", env.str("API_DIALECT", "") or "2012", ("2012", "2015")),
        journal=_flag(env, "JOURNAL", sandbox),
        journal_rows=_at_least(env, "JOURNAL_ROWS", 10_000, 1),
        email=_mail_server(env),
    )


def embedded_socket_dir(var: Path) -> Path:
    """Where clients find the embedded servers' folders: VAR, or a link to it if a socket's path would be too long."""
    longest = var / "postgresql" / ".s.PGSQL.5432.lock"
    if len(os.fsencode(longest)) <= 100:  # Linux allows 107 bytes, macOS 103
        return var
    return Path("/tmp") / f"okpay-{fingerprint(var)}"  # noqa: S108


def fingerprint(var: Path) -> str:
    return hashlib.sha256(os.fsencode(var)).hexdigest()[:16]


def embedded_database_url(var: Path) -> str:
    """The embedded PostgreSQL's address, known from VAR alone: a command run beside `make run` finds its server."""
    return f"postgresql://okpay@{quote(str(embedded_socket_dir(var) / 'postgresql'), safe='')}/okpay"


def embedded_redis_url(var: Path) -> str:
    return f"unix://{quote(str(embedded_socket_dir(var) / 'valkey' / 'valkey.sock'))}"


def broker_url(redis_url: str) -> str:
    """The same server and database, in the words of Celery."""
    url = urlsplit(redis_url)
    if url.scheme != "unix":
        return redis_url
    database = parse_qs(url.query).get("db", ["0"])[0]
    return f"redis+socket://{url.path}?virtual_host={database}"


def _generated_secret(var: Path) -> str:
    """The sandbox's own key, made on the first start. It also encrypts API passwords, so it stays with the data."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=var)  # mode 600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(50))
            os.link(unfinished, path)  # whole or not at all, and the first of two wins
        except FileExistsError:
            pass
        finally:
            os.unlink(unfinished)
    return path.read_text()


def _with_scheme(name: str, value: str, schemes: tuple[str, ...]) -> str:
    if value and urlsplit(value).scheme not in schemes:
        raise ValueError(f"{name} must start with {schemes[0]}://")
    return value


def _mail_server(env: Env) -> MailServer:
    """Used in hosted mode; a sandbox keeps its messages."""
    given = _with_scheme("EMAIL_URL", env.str("EMAIL_URL", "") or "smtp://localhost", tuple(MAIL_PORTS))
    url = urlsplit(given)
    try:
        host, port = url.hostname, url.port or MAIL_PORTS[url.scheme]
    except ValueError:
        host = None
    if not host:
        # Not a word of what was given: there is a password in it.
        raise ValueError("EMAIL_URL must be an address such as smtp+tls://user:password@mail.example.com:587")
    return MailServer(
        host=host,
        port=port,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        starttls=url.scheme == "smtp+tls",
        tls=url.scheme == "smtps",
        sender=env.str("EMAIL_FROM", "") or "OKPAY Gateway <no-reply@localhost>",
    )


def _web_address(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValueError("PUBLIC_URL must be an address such as https://pay.example.com")
    return value.rstrip("/")


def _listed(env: Env, name: str) -> list[str]:
    return [value.strip() for value in env.str(name, "").split(",") if value.strip()]


def _port(env: Env) -> int:
    port = _at_least(env, "PORT", 8000, 1)
    if port > 65535:
        raise ValueError("PORT must be at most 65535")
    return port


def _hosts(values: list[str]) -> list[str]:
    """What Django can match: any other text would only refuse every request, health checks included."""
    for value in values:
        if not _HOST.fullmatch(value):
            raise ValueError(
                f"ALLOWED_HOSTS: {value!r} is no host name; write pay.example.com, .example.com for all below it, "
                "127.0.0.1 or [::1], without http:// and without a port"
            )
    return values


def _token(value: str) -> str:
    """One that a header can carry. Not a word of what was given: it is a secret."""
    if value != value.strip() or not (value.isascii() and (value.isprintable() or not value)):
        raise ValueError("CONTROL_TOKEN must be printable ASCII characters without spaces around them")
    return value


def _networks(values: list[str]) -> list[str]:
    for value in values:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise ValueError(f"TRUSTED_PROXIES: {value!r} is no address or network") from None
    return values


def _at_least(env: Env, name: str, default: int, least: int) -> int:
    value = env.int(name) if os.environ.get(name) else default
    if value < least:
        raise ValueError(f"{name} must be at least {least}")
    return int(value)


def _flag(env: Env, name: str, default: bool) -> bool:
    return bool(env.bool(name)) if os.environ.get(name) else default


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")
    return value
