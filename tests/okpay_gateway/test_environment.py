"""Every setting from the environment: an unreadable or contradictory value stops the start with one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from okpay_gateway import environment
from tests.programs import ROOT, clean_environment

HOSTED = {
    "SANDBOX": "false",
    "SECRET_KEY": "a-long-secret",
    "ALLOWED_HOSTS": "pay.example.com",
    "CONTROL_TOKEN": "token",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*HOSTED, "DATABASE_URL", "REDIS_URL", "PORT", "LISTEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR", str(tmp_path / "var"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "mysql://root@localhost/okpay", "DATABASE_URL must start with postgresql://"),
        ("REDIS_URL", "amqp://localhost", "REDIS_URL must start with redis://"),
        ("SANDBOX", "perhaps", "SANDBOX"),
        ("PORT", "eighty", "PORT"),
        ("WEB_CONCURRENCY", "many", "WEB_CONCURRENCY"),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY must be at least 1"),
        ("ALLOWED_HOSTS", "https://pay.example.com", "without http://"),
        ("ALLOWED_HOSTS", "pay.example.com,pay.example.com:8000", "'pay.example.com:8000' is no host name"),
        ("ALLOWED_HOSTS", "::1", "[::1]"),
        ("CONTROL_TOKEN", " ", "CONTROL_TOKEN must be printable ASCII"),
        ("CONTROL_TOKEN", "geheim\n", "without spaces around"),
        ("CONTROL_TOKEN", "пароль", "CONTROL_TOKEN must be printable ASCII"),
        ("PORT", "0", "PORT must be at least 1"),
        ("PORT", "65536", "PORT must be at most 65535"),
        ("PUBLIC_URL", "pay.example.com", "PUBLIC_URL must be an address such as https://pay.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "TRUSTED_PROXIES: 'proxy' is no address or network"),
        ("IPN_RETRY_INTERVAL", "0", "IPN_RETRY_INTERVAL must be at least 1"),
        ("IPN_MAX_RETRIES", "-1", "IPN_MAX_RETRIES must be at least 0"),
        ("IPN_TIMEOUT", "soon", "IPN_TIMEOUT"),
        ("IPN_ALLOW_PRIVATE", "2", "IPN_ALLOW_PRIVATE"),
        ("API_DIALECT", "2013", "API_DIALECT must be one of 2012, 2015"),
        ("JOURNAL", "sometimes", "JOURNAL"),
        ("JOURNAL_ROWS", "0", "JOURNAL_ROWS must be at least 1"),
        ("EMAIL_URL", "mail.example.com", "EMAIL_URL must start with smtp://"),
        ("EMAIL_URL", "smtp://", "EMAIL_URL must be an address such as"),
        ("EMAIL_URL", "smtp://user:secret/word@mail", "EMAIL_URL must be an address such as"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as stopped:
        environment.read()

    assert str(stopped.value).startswith("okpay: ")
    assert says in str(stopped.value)
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "CONTROL_TOKEN"])
def test_hosted_mode_requires_its_secrets(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in HOSTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(missing)

    with pytest.raises(SystemExit, match=f"requires {missing}"):
        environment.read()


def test_hosted_mode_refuses_the_published_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (HOSTED | {"CONTROL_TOKEN": "sandbox"}).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match="CONTROL_TOKEN must not be"):
        environment.read()


def test_hosted_mode_reads_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (HOSTED | {"ALLOWED_HOSTS": "pay.example.com, okpay.example.com ,"}).items():
        monkeypatch.setenv(name, value)

    settings = environment.read()

    assert not settings.sandbox
    assert not settings.ipn_allow_private
    assert not settings.journal
    assert settings.allowed_hosts == ["pay.example.com", "okpay.example.com"]
    assert settings.secret_key == "a-long-secret"


def test_blank_texts_mean_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "CONTROL_TOKEN", "PUBLIC_URL", "LISTEN"):
        monkeypatch.setenv(name, "")

    settings = environment.read()

    assert settings.sandbox
    assert settings.ipn_allow_private
    assert settings.journal
    assert settings.control_token == "sandbox"
    assert settings.allowed_hosts == ["localhost", "127.0.0.1", "[::1]", "testserver"]
    assert settings.database_url == environment.embedded_database_url(settings.var)
    assert settings.redis_url == environment.embedded_redis_url(settings.var)
    assert (settings.listen, settings.port) == ("127.0.0.1", 8000)


def test_blank_numbers_and_flags_mean_the_default_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "SANDBOX", "IPN_RETRY_INTERVAL", "IPN_TIMEOUT", "IPN_ALLOW_PRIVATE", "JOURNAL", "API_DIALECT"):
        monkeypatch.setenv(name, "")

    settings = environment.read()

    assert (settings.port, settings.ipn_retry_interval, settings.ipn_timeout) == (8000, 1800, 10)
    assert (settings.sandbox, settings.ipn_allow_private, settings.journal, settings.api_dialect) == (
        *[True] * 3,
        "2012",
    )


@pytest.mark.parametrize(
    "hosts", ["*", ".example.com, pay.example.com", "127.0.0.1,[::1],localhost,web_1,xn--bcher-kva.example"]
)
def test_what_django_matches_is_a_host(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)

    assert environment.read().allowed_hosts == [host.strip() for host in hosts.split(",")]


def test_the_generated_secret_stays_and_is_private(tmp_path: Path) -> None:
    first = environment.read().secret_key

    assert len(first) >= 50
    assert environment.read().secret_key == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_a_var_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=clean_environment(VAR=str(tmp_path / "file" / "var")),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("okpay: ")
    assert ended.stderr.count("\n") == 1, ended.stderr


def test_the_addresses_of_the_embedded_servers_follow_from_var_alone() -> None:
    near, deep = Path("/srv/okpay/var"), Path("/srv") / ("deep" * 30)

    assert environment.embedded_socket_dir(near) == near
    short = environment.embedded_socket_dir(deep)
    assert short == environment.embedded_socket_dir(deep) != environment.embedded_socket_dir(deep / "other")
    assert len(os.fsencode(short / "postgresql" / ".s.PGSQL.5432.lock")) < 104


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://redis:6379/3", "redis://redis:6379/3"),
        ("rediss://:secret@redis/0", "rediss://:secret@redis/0"),
        ("unix:///var/my%20files/valkey.sock", "redis+socket:///var/my%20files/valkey.sock?virtual_host=0"),
        ("unix:///var/valkey.sock?db=5", "redis+socket:///var/valkey.sock?virtual_host=5"),
    ],
)
def test_celery_is_told_the_same_server_and_database(redis_url: str, broker_url: str) -> None:
    assert environment.broker_url(redis_url) == broker_url


def test_a_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://user%40example.com:p%2Fw@mail.example.com")
    monkeypatch.setenv("EMAIL_FROM", "Pay <pay@example.com>")

    mail = environment.read().email

    assert (mail.host, mail.port, mail.user, mail.password) == ("mail.example.com", 587, "user@example.com", "p/w")
    assert (mail.starttls, mail.tls, mail.sender) == (True, False, "Pay <pay@example.com>")


def test_a_password_is_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("smtp://user:secret/word@mail", "http://user:secret@mail", "smtp://user:secret@:x"):
        monkeypatch.setenv("EMAIL_URL", given)
        with pytest.raises(SystemExit) as stopped:
            environment.read()
        assert "secret" not in str(stopped.value)
