"""The format of encrypted buttons, and the keys that seal them."""

import threading
from datetime import timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import call_command
from django.db import connection
from pytest_django.fixtures import Settings

from checkout import door, seals
from checkout.models import ButtonKey
from checkout.payment_form import PaymentFormError
from sandbox import clock
from sandbox.models import Sandbox
from tests.checkout.conftest import BASIC
from wallets import secrecy
from wallets.models import Wallet


@pytest.fixture
def key(merchant: Wallet, world: Sandbox) -> ButtonKey:
    return seals.new_key(merchant, title="Shop", now=clock.now(world))


def by_hand(key: ButtonKey, form: dict[str, str], *, nonce: bytes = b"\7" * 12, associated: bytes | None = None) -> str:
    """As a merchant's program makes it."""
    header = f"1.{key.id}"
    encrypted = AESGCM(key.secret).encrypt(nonce, urlencode(form).encode(), associated or header.encode())
    return f"{header}.{seals.base64.urlsafe_b64encode(nonce + encrypted).decode().rstrip('=')}"


def arrival(sealed: str) -> door.Arrival:
    return door.read([("ok_encrypted", sealed)], now_in=clock.now)


def test_a_merchants_own_program_seals_buttons(key: ButtonKey) -> None:
    request = arrival(by_hand(key, BASIC)).request
    assert (request.receiver.id, request.items[0].price, request.currency) == ("OK702746927", 100, "USD")


def test_the_receiver_may_be_left_out(key: ButtonKey) -> None:
    form = {name: value for name, value in BASIC.items() if name != "ok_receiver"}
    assert arrival(by_hand(key, form)).request.receiver.id == key.wallet_id


def test_a_merchants_seal_expires_by_the_sandboxs_clock(key: ButtonKey, world: Sandbox) -> None:
    until = clock.now(world) + timedelta(minutes=10)
    sealed = by_hand(key, BASIC | {"ok_expires": f"{until:%Y-%m-%d %H:%M:%S}"})
    assert arrival(sealed).request.items

    clock.advance(world, timedelta(minutes=10))
    with pytest.raises(door.Expired):
        arrival(sealed)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ok_expires", "tomorrow", "a moment in UTC"),
        ("ok_expires", "2030-12-31T23:59:59Z", "a moment in UTC"),
        ("ok_item_1_price", "five", "a positive number"),
        ("ok_currency", "XXX", "one of the 21 codes"),
    ],
)
def test_a_mistake_in_a_seal_is_named(key: ButtonKey, name: str, value: str, expected: str) -> None:
    with pytest.raises(PaymentFormError, match=expected) as error:
        arrival(by_hand(key, BASIC | {name: value}))
    assert [problem.variable for problem in error.value.problems] == [name]


def test_a_seal_in_a_seal_is_no_form(key: ButtonKey) -> None:
    with pytest.raises(PaymentFormError, match="not another seal"):
        arrival(by_hand(key, BASIC | {"ok_encrypted": by_hand(key, BASIC)}))


def test_version_and_key_are_sealed_too(key: ButtonKey) -> None:
    with pytest.raises(seals.Altered):
        arrival(by_hand(key, BASIC, associated=b"another"))


@pytest.mark.parametrize("sealed", ["", ".", "1", "1..", "1.a.b", "1." + "a" * 10 + "." + "A" * 60_000, "\0", "1.ü.ü"])
def test_what_is_no_seal_at_all(world: Sandbox, sealed: str) -> None:
    with pytest.raises(seals.Altered):
        seals.open_seal(sealed)


def test_a_key_is_never_stored_in_clear(key: ButtonKey) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_sealed FROM checkout_buttonkey")
        (stored,) = cursor.fetchone()
    assert key.secret.hex() not in stored
    assert len(key.secret) == 32


@pytest.mark.django_db(transaction=True)
def test_two_who_need_the_first_key_at_once_get_the_same(merchant: Wallet, world: Sandbox) -> None:
    found, now, start = [], clock.now(world), threading.Barrier(4)

    def need() -> None:
        start.wait(10)
        found.append(seals.our_key(merchant, now=now).id)
        connection.close()

    threads = [threading.Thread(target=need) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(found) == 4
    assert len(set(found)) == 1
    assert ButtonKey.objects.count() == 1


# Another SECRET_KEY


def test_buttons_outlive_a_change_of_the_servers_key(merchant: Wallet, world: Sandbox, settings: Settings) -> None:
    sealed = seals.seal(BASIC.items(), wallet=merchant, now=clock.now(world))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert arrival(sealed).request.items
    assert Wallet.objects.get(id=merchant.id).api_password == "MyApiPass"

    call_command("reseal", stdout=StringIO())
    settings.SECRET_KEY_FALLBACKS = []

    assert arrival(sealed).request.items
    assert Wallet.objects.get(id=merchant.id).api_password == "MyApiPass"


def test_without_the_old_key_a_button_says_why_it_cannot_be_opened(
    merchant: Wallet, world: Sandbox, settings: Settings
) -> None:
    sealed = seals.seal(BASIC.items(), wallet=merchant, now=clock.now(world))
    settings.SECRET_KEY = "a new one"

    with pytest.raises(seals.Unreadable):
        arrival(sealed)
    with pytest.raises(secrecy.KeyChanged):
        seals.seal(BASIC.items(), wallet=merchant, now=clock.now(world))
