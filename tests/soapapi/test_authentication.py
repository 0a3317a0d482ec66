"""The door: the order of the checks, what the caller hears, and what only the merchant is told."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone

from soapapi import addresses, switches, throttle
from tests.soapapi.calls import call, fault, post, request, token
from wallets import parties
from wallets.models import ApiCall, DisabledApiFunction, Wallet

Reason = ApiCall.Reason


def last_refusal(wallet: Wallet) -> ApiCall:
    newest = ApiCall.objects.filter(wallet=wallet).first()
    assert newest
    return newest


def change(wallet: Wallet, **fields: object) -> None:
    Wallet.objects.filter(id=wallet.id).update(**fields)


@pytest.mark.parametrize("write", [str.upper, str.lower])
def test_a_token_of_this_hour_opens_the_door(buyer: Wallet, write) -> None:
    sent = write(token("BuyerPass"))

    assert call("Account_Check", WalletID=buyer.id, SecurityToken=sent, Account=buyer.id) == "100000001"


def test_a_wallet_id_may_be_written_in_small_letters(buyer: Wallet) -> None:
    assert call("Account_Check", WalletID=" ok100000001 ", SecurityToken=token("BuyerPass"), Account="x") == "0"


@pytest.mark.parametrize(
    ("hours", "reason"), [(-1, Reason.PREVIOUS_HOUR), (1, Reason.NEXT_HOUR), (2, Reason.OTHER_HOUR)]
)
def test_the_merchant_learns_of_a_wrong_hour_and_the_wire_does_not(merchant: Wallet, hours: int, reason: str) -> None:
    sent = token("MyApiPass", datetime.now(UTC) + timedelta(hours=hours))

    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=sent) == "Authentication_Failed"

    refusal = last_refusal(merchant)
    assert (refusal.operation, refusal.outcome) == ("Wallet_Get_Balance", "Authentication_Failed")
    assert refusal.reason == reason
    assert refusal.remote_address == "127.0.0.1"


def test_a_wrong_password(merchant: Wallet) -> None:
    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token("x")) == "Authentication_Failed"
    assert last_refusal(merchant).reason == Reason.WRONG_PASSWORD


def test_a_wallet_without_password_has_no_right_token(merchant: Wallet) -> None:
    change(merchant, api_password_sealed="")

    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token("")) == "Authentication_Failed"
    assert last_refusal(merchant).reason == Reason.NO_PASSWORD


def test_a_password_that_the_server_can_no_longer_read(merchant: Wallet) -> None:
    change(merchant, api_password_sealed="sealed with another key")

    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token("x")) == "Authentication_Failed"
    assert last_refusal(merchant).reason == Reason.UNREADABLE_PASSWORD


def test_no_secret_is_kept_of_what_was_sent(merchant: Wallet) -> None:
    fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken="MyApiPass")

    kept = ApiCall.objects.filter(wallet=merchant).values().get()
    assert kept["reason"] == Reason.NOT_HASHED
    assert "MyApiPass" not in str(kept)


def test_only_the_newest_refusals_are_kept(merchant: Wallet, buyer: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApiCall, "KEPT", 3)
    fault("Wallet_Get_Balance", WalletID=buyer.id, SecurityToken=token("x"))
    for number in range(5):
        fault("Transaction_Get", merchant.id, TxnID=number, Invoice="")

    assert ApiCall.objects.filter(wallet=merchant).count() == 3
    assert ApiCall.objects.filter(wallet=buyer).count() == 1


def test_an_unknown_wallet(merchant: Wallet) -> None:
    for wallet_id in ("OK999999999", "", "merchant@example.com", "x" * 500):
        assert fault("Wallet_Get_Balance", WalletID=wallet_id, SecurityToken="") == "Source_Account_Doesnt_Exist"


def test_the_houses_wallets_have_no_api(merchant: Wallet) -> None:
    house = parties.house_wallet(merchant.account.sandbox, Wallet.Role.FEES, now=merchant.created_at)

    assert fault("Wallet_Get_Balance", WalletID=house.id, SecurityToken="") == "Source_Account_Doesnt_Exist"


def test_the_checks_come_in_their_order(merchant: Wallet) -> None:
    """Everything is wrong at first, and gets right in the order of the checks."""

    def refused_with() -> str:
        return fault(
            "Send_Money", WalletID=wallet_id, SecurityToken=sent, Receiver="nobody", Currency="XXX", Amount="no number"
        )

    wallet_id, sent = "OK999999999", ""
    change(merchant, api_enabled=False, api_allowed_ips=["192.0.2.1"])
    DisabledApiFunction.objects.create(name="*")
    DisabledApiFunction.objects.create(name="Send_Money")
    assert refused_with() == "API_Disabled"

    DisabledApiFunction.objects.filter(name="*").delete()
    switches.look_again()
    assert refused_with() == "API_Function_Disabled"

    DisabledApiFunction.objects.all().delete()
    switches.look_again()
    assert refused_with() == "Source_Account_Doesnt_Exist"

    wallet_id = merchant.id
    assert refused_with() == "Account_API_Disabled"
    assert last_refusal(merchant).reason == Reason.API_OFF

    change(merchant, api_enabled=True)
    assert refused_with() == "Invalid_IP_Address"
    assert last_refusal(merchant).reason == Reason.ADDRESS

    change(merchant, api_allowed_ips=["192.0.2.1", "127.0.0.0/8"])
    assert refused_with() == "Authentication_Failed"

    sent = token("MyApiPass")
    assert refused_with() == "Currency_Not_Found"


def test_a_disabled_api_answers_nothing_at_all(world: object) -> None:
    DisabledApiFunction.objects.create(name="*")

    assert fault("Get_Date_Time") == "API_Disabled"


def test_a_switch_is_noticed_within_a_second(world: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("Get_Date_Time")
    DisabledApiFunction.objects.create(name="Get_Date_Time")
    monkeypatch.setattr(switches, "LOOKED_UP_EVERY", 0.0)

    assert fault("Get_Date_Time") == "API_Function_Disabled"


def test_the_address_is_taken_from_trusted_proxies_only(merchant: Wallet, settings) -> None:
    change(merchant, api_allowed_ips=["203.0.113.9"])
    forwarded = {"headers": {"X-Forwarded-For": "203.0.113.9"}}

    def check() -> object:
        return call("Account_Check", merchant.id, Account="x", via=forwarded)

    with pytest.raises(Exception, match="Invalid_IP_Address"):
        check()

    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert check() == "0"


def test_a_hosted_server_wants_https(merchant: Wallet, settings) -> None:
    settings.SANDBOX = False
    settings.SECURE_SSL_REDIRECT = True

    assert fault("Account_Check", merchant.id, Account="x") == "Access_Denied"
    assert fault("Get_Date_Time") == "Access_Denied"
    assert call("Account_Check", merchant.id, Account="x", via={"secure": True}) == "0"


def test_guessing_gets_slower(merchant: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "FREE_GUESSES", 3)
    for guess in range(4):
        fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token(f"guess {guess}"))

    # In the pause even the right one is refused, or guessing would go on.
    assert fault("Wallet_Get_Balance", merchant.id) == "Authentication_Failed"
    assert last_refusal(merchant).reason == Reason.TOO_MANY_FAILURES
    # Another address is not concerned, nor is another wallet.
    assert call("Account_Check", merchant.id, Account="x", via={"REMOTE_ADDR": "192.0.2.1"}) == "0"
    assert call("Account_Check", "OK100000001", Account="x") == "0"

    cache.delete(f"soapapi:pause:{merchant.id}:127.0.0.1")
    assert call("Account_Check", merchant.id, Account="x") == "0"


def test_the_same_wrong_token_is_one_guess_however_often_it_comes(
    merchant: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FREE_GUESSES", 2)
    for _ in range(10):
        fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token("old password"))
        fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token("MyApiPass", datetime(2020, 1, 1)))
    for hours in range(1, 9):
        late = token("MyApiPass", datetime.now(UTC) - timedelta(hours=hours))
        fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=late)

    assert call("Account_Check", merchant.id, Account="x") == "0"


@pytest.mark.parametrize(("sandbox", "seconds"), [(True, 1), (False, 60)])
def test_pauses_grow_up_to_a_limit(sandbox: bool, seconds: int, settings) -> None:
    settings.SANDBOX = sandbox

    assert throttle._pause(1) == timedelta(seconds=1)
    assert throttle._pause(50) == timedelta(seconds=seconds)


def test_without_a_cache_calls_are_answered_all_the_same(merchant: Wallet, settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9"}
    }

    assert call("Account_Check", merchant.id, Account="x") == "0"
    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken="") == "Authentication_Failed"
    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=token("wrong")) == "Authentication_Failed"
    # Also while somebody guesses, as far as anybody knows.
    change(merchant, api_guessed_until=timezone.now() + timedelta(minutes=1))
    assert call("Account_Check", merchant.id, Account="x") == "0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def test_only_where_somebody_guesses_the_cache_is_asked(
    merchant: Wallet, caplog: pytest.LogCaptureFixture, settings
) -> None:
    now = timezone.now()
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9"}
    }
    for until in (None, now):
        merchant.api_guessed_until = until
        assert not throttle.is_paused(merchant, None, at=now)
    assert not caplog.records

    merchant.api_guessed_until = now + timedelta(seconds=1)
    assert not throttle.is_paused(merchant, None, at=now)
    assert "The cache cannot be reached" in caplog.text
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def test_a_short_pause_of_one_guesser_does_not_end_the_long_one_of_another(
    merchant: Wallet, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    monkeypatch.setattr(throttle, "FREE_GUESSES", 0)
    settings.SANDBOX = False
    one, other = addresses.parse("192.0.2.1"), addresses.parse("192.0.2.2")
    now = timezone.now()
    for guess in range(5):
        throttle.wrong_token(merchant, one, f"guess {guess}", at=now)
    throttle.wrong_token(merchant, other, "guess", at=now)

    merchant.refresh_from_db()
    assert merchant.api_guessed_until == now + timedelta(seconds=16)
    assert throttle.is_paused(merchant, one, at=now + timedelta(seconds=2))


def test_what_cannot_be_read_is_told_after_the_token_was_checked(merchant: Wallet) -> None:
    wrong = {"TxnID": "12x", "Invoice": ""}

    assert fault("Transaction_Get", WalletID=merchant.id, SecurityToken="", **wrong) == "Authentication_Failed"
    assert fault("Transaction_Get", merchant.id, **wrong) == "Incorrect_Parameters"
    refusal = last_refusal(merchant)
    assert (refusal.reason, refusal.detail) == (Reason.PARAMETER, "TxnID")


def test_extended_functions_are_for_verified_merchants_with_access(merchant: Wallet) -> None:
    account = merchant.account
    for verification, access, refused in (
        ("Verified", False, True),
        ("Unverified", True, True),
        ("Formal", True, True),
        ("Verified", True, False),
    ):
        account.verification, account.extended_access = verification, access
        account.save()
        if refused:
            assert fault("EX_Account_Check", merchant.id, Account="x") == "Access_Denied"
            assert last_refusal(merchant).reason == Reason.EXTENDED
        else:
            assert call("EX_Account_Check", merchant.id, Account="x") == "0"


def test_a_refusal_that_cannot_be_kept_is_a_refusal_all_the_same(
    merchant: Wallet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(**fields: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(ApiCall.objects, "create", break_down)

    assert fault("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken="") == "Authentication_Failed"
    assert "the disk is full" in caplog.text


def test_the_log_names_no_more_than_a_line_of_what_was_sent(merchant: Wallet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "soapapi")
    post(request("Drop_" + "x" * 20_000))

    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("soapapi")]
    assert "Drop_xxx" in line
    assert len(line) < 400


def test_nothing_secret_is_logged(merchant: Wallet, caplog: pytest.LogCaptureFixture) -> None:
    sent = token("MyApiPass")
    with caplog.at_level(0):
        post(request("Send_Money", WalletID=merchant.id, SecurityToken=sent, Receiver="x", Currency="XXX"))
        post(request("Send_Money", WalletID=merchant.id, SecurityToken="MyApiPass"))
        post(request("Withdraw_To_Card_RU", WalletID=merchant.id, SecurityToken=sent, CardNumber="4111111111111112"))
        post(f"<broken>{sent} MyApiPass 4111111111111112")

    ours = [record for record in caplog.records if record.name.startswith("soapapi")]
    assert [record.getMessage().split()[-1] for record in ours[:2]] == ["Currency_Not_Found", "Authentication_Failed"]
    everything = " ".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    for secret in (sent, "MyApiPass", "4111111111111112"):
        assert secret not in everything
