"""Guessing a password, and having forgotten one."""

import re

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from redis import RedisError

from sandbox.models import Sandbox
from wallets.forms import entrance
from wallets.models import MailboxMessage, User, Wallet

LOGIN = "/account/login/"


def guess(
    client: Client, email: str = "buyer@example.com", password: str = "wrong", address: str = "203.0.113.7"
) -> int:
    response = client.post(LOGIN, {"username": email, "password": password}, REMOTE_ADDR=address)
    return response.status_code


@pytest.fixture(autouse=True)
def _few_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "GUESSES", entrance.Throttle("login", allowed=3, period=entrance.GUESSES.period))


@pytest.mark.parametrize("page", [LOGIN, "/admin/login/"])
def test_a_sandbox_says_where_its_logins_are_and_the_hosted_mode_has_none(
    client: Client, world: Sandbox, settings: LazySettings, page: str
) -> None:
    assert "/#cast-heading" in client.get(page).content.decode()
    assert 'id="cast-heading"' in client.get("/").content.decode()

    settings.SANDBOX = False

    assert "cast-heading" not in client.get(page).content.decode()


def test_who_guesses_has_to_wait_and_is_told_how_long(client: Client, buyer: Wallet) -> None:
    assert [guess(client) for _ in range(3)] == [200] * 3

    refused = client.post(LOGIN, {"username": "buyer@example.com", "password": "buyer"}, REMOTE_ADDR="203.0.113.7")

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 300
    assert f"Wait {refused['Retry-After']} seconds" in refused.content.decode()


def test_the_owner_comes_in_from_elsewhere(client: Client, buyer: Wallet) -> None:
    for _ in range(5):
        guess(client)

    assert guess(client, password="buyer", address="198.51.100.1") == 302


def test_another_login_is_not_concerned(client: Client, buyer: Wallet, merchant: Wallet) -> None:
    for _ in range(5):
        guess(client)

    assert guess(client, email="merchant@example.com", password="merchant") == 302


def test_capital_letters_are_no_way_around(client: Client, buyer: Wallet) -> None:
    for email in ("buyer@example.com", "Buyer@example.com", "BUYER@EXAMPLE.COM"):
        assert guess(client, email=email) == 200

    assert guess(client, email="bUYER@example.com") == 429


def test_an_address_of_ones_own_network_is_no_way_around(client: Client, buyer: Wallet) -> None:
    for number in range(3):
        assert guess(client, address=f"2001:db8::{number}") == 200

    assert guess(client, address="2001:db8::9:9") == 429
    assert guess(client, address="2001:db8:0:1::1") == 200


def test_many_logins_from_one_address(client: Client, buyer: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    few = entrance.Throttle("login-address", allowed=4, period=entrance.GUESSES.period)
    monkeypatch.setattr(entrance, "GUESSES_FROM_AN_ADDRESS", few)
    for number in range(4):
        assert guess(client, email=f"somebody{number}@example.com") == 200

    assert guess(client, email="somebody-else@example.com") == 429


def test_the_right_password_starts_the_count_anew(client: Client, buyer: Wallet) -> None:
    for _ in range(3):
        assert guess(client) == 200
        assert guess(client) == 200
        assert guess(Client(), password="buyer") == 302


def test_without_a_cache_everybody_may_try(client: Client, buyer: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisError

    for name in ("add", "incr", "decr", "delete_many"):
        monkeypatch.setattr(f"wallets.throttle.cache.{name}", away, raising=False)

    assert guess(client, password="buyer") == 302


# A forgotten password


def link_in(body: str) -> str:
    [path] = re.findall(r"https?://[^/\s]+(/\S+)", body)
    return str(path)


def test_a_forgotten_password(client: Client, buyer: Wallet, sandbox_mailbox: None) -> None:
    assert client.post("/account/forgotten/", {"email": "Buyer@example.com"})["Location"] == "/account/forgotten/sent/"
    message = MailboxMessage.objects.get()
    assert (message.to, message.sandbox_id) == ("buyer@example.com", "default")

    page = client.get(link_in(message.body), follow=True)
    address = page.redirect_chain[-1][0]
    assert link_in(message.body).split("/")[-2] not in address
    client.post(address, {"new_password1": "brand new horse", "new_password2": "brand new horse"})

    assert User.objects.get(email="buyer@example.com").check_password("brand new horse")
    assert "no longer holds" in client.get(link_in(message.body), follow=True).content.decode()


def test_the_answer_does_not_say_who_is_registered(client: Client, buyer: Wallet) -> None:
    known = client.post("/account/forgotten/", {"email": "buyer@example.com"}, follow=True)
    unknown = client.post("/account/forgotten/", {"email": "nobody@example.com"}, follow=True)

    assert known.redirect_chain == unknown.redirect_chain
    assert [message.to for message in mail.outbox] == [["buyer@example.com"]]


def test_nobody_is_buried_in_messages(client: Client, buyer: Wallet) -> None:
    for _ in range(10):
        client.post("/account/forgotten/", {"email": "buyer@example.com"})

    assert len(mail.outbox) == 3


def test_a_new_password_ends_other_sessions(client: Client, buyer: Wallet) -> None:
    elsewhere = Client()
    elsewhere.force_login(buyer.account.user)
    client.post("/account/forgotten/", {"email": "buyer@example.com"})
    page = client.get(link_in(str(mail.outbox[0].body)), follow=True)
    client.post(page.redirect_chain[-1][0], {"new_password1": "brand new horse", "new_password2": "brand new horse"})

    assert elsewhere.get("/account/").status_code == 302


@pytest.mark.parametrize("path", ["MQ/abc-def", "x/y", "MQ/set-password", "%00/%00", "9" * 40 + "/a-b"])
def test_a_link_that_is_none(client: Client, buyer: Wallet, path: str) -> None:
    response = client.get(f"/account/forgotten/{path}/")

    assert response.status_code == 200
    assert "no longer holds" in response.content.decode()


# Behind a proxy


def test_who_guesses_behind_a_proxy_waits_alone(client: Client, buyer: Wallet, settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    def guess_from(forwarded: str, peer: str = "10.0.0.1") -> int:
        data = {"username": "buyer@example.com", "password": "wrong"}
        return client.post(LOGIN, data, REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded).status_code

    assert [guess_from("203.0.113.7") for _ in range(4)] == [200, 200, 200, 429]
    assert guess_from("203.0.113.8") == 200
    # What the client wrote himself is not believed, and neither is a peer who is no proxy of ours.
    assert guess_from("198.51.100.1, 203.0.113.7") == 429
    assert [guess_from(f"192.0.2.{number}", peer="198.51.100.9") for number in range(4)] == [200, 200, 200, 429]


def test_https_ends_at_a_trusted_proxy(client: Client, world: Sandbox, settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.SECURE_SSL_REDIRECT = True

    def status(peer: str) -> int:
        return client.get(LOGIN, REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https").status_code

    assert status("10.0.0.1") == 200
    assert status("203.0.113.7") == 301
