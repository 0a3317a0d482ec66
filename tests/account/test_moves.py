"""Moving money by hand: what is reviewed is what happens, and what is confirmed twice happens once."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from sandbox.models import Sandbox
from tests.account.conftest import logged_in
from wallets import recipients, secrecy
from wallets.forms.moves import WITHDRAWALS
from wallets.models import Account, Confirmation, Currency, MonthlyTurnover, Transaction, Wallet
from wallets.money import D
from wallets.paysystems import PAYOUTS, Family

SEND = {
    "wallet": "OK100000001",
    "receiver": "merchant@example.com",
    "amount": "50",
    "currency": "EUR",
    "comment": "For tea",
    "invoice": "INV-7",
}
PURSE = "Z123456789012"
CARD = "4111111111111111"


def review(client: Client, address: str, filled_in: dict[str, str]) -> tuple[str, str]:
    """The page and the sealed order on it."""
    response = client.post(address, filled_in)
    assert response.status_code == 200
    page = response.content.decode()
    [order] = re.findall(r'name="order" value="([^"]+)"', page)
    return page, order


def confirm(client: Client, address: str, order: str) -> Transaction:
    response = client.post(address, {"order": order, "confirm": "1"})
    assert response.status_code == 302
    return Transaction.objects.get(id=response["Location"].split("/")[-2])


def nothing_happened() -> bool:
    return not Transaction.objects.exclude(kind="deposit", comment="Opening balance").exists()


# Send Money


def test_the_fee_is_shown_before_anything_happens(as_buyer: Client, buyer: Wallet, merchant: Wallet) -> None:
    page, _order = review(as_buyer, "/account/send/", SEND)

    for shown in ("merchant@example.com", "50.00 EUR", "0.25 EUR", "50.25 EUR", "For tea", "INV-7"):
        assert shown in page
    assert "Demo Merchant" not in page, "who an address belongs to is nobody's business before he is paid"
    assert nothing_happened()
    assert buyer.balance("EUR") == D("10000.00")
    assert not MonthlyTurnover.objects.exists()
    assert not Confirmation.objects.exists()


def test_what_was_reviewed_is_what_happens(as_buyer: Client, buyer: Wallet, merchant: Wallet) -> None:
    _page, order = review(as_buyer, "/account/send/", SEND)

    payment = confirm(as_buyer, "/account/send/", order)

    assert (payment.kind, payment.gross, payment.fee, payment.total) == ("send_money", D("50"), D("0.25"), D("50.25"))
    assert (payment.comment, payment.invoice, payment.receiver_wallet_id) == ("For tea", "INV-7", merchant.id)
    assert buyer.balance("EUR") == D("9949.75")
    assert "−50.25 EUR" in as_buyer.get(f"/account/transactions/{payment.id}/").content.decode()


@pytest.mark.parametrize("receiver", ["ok702746927", " Merchant@Example.com ", "+44 7700 900123"])
def test_a_receiver_has_several_names(as_buyer: Client, merchant: Wallet, receiver: str) -> None:
    _page, order = review(as_buyer, "/account/send/", {**SEND, "receiver": receiver, "receiver_pays_fee": "on"})

    payment = confirm(as_buyer, "/account/send/", order)

    assert payment.receiver_wallet_id == merchant.id
    assert payment.net == D("49.75")


def test_a_second_confirmation_pays_nothing_and_leads_to_the_same(
    as_buyer: Client, buyer: Wallet, merchant: Wallet
) -> None:
    _page, order = review(as_buyer, "/account/send/", SEND)

    paid = {confirm(as_buyer, "/account/send/", order).id for _ in range(3)}

    assert len(paid) == 1
    assert buyer.balance("EUR") == D("9949.75")


@pytest.mark.django_db(transaction=True)
def test_five_confirmations_at_once_pay_once(world: Sandbox, buyer: Wallet, merchant: Wallet) -> None:
    clients = [logged_in(buyer) for _ in range(5)]
    _page, order = review(clients[0], "/account/send/", SEND)
    led_to: list[str] = []

    def press(client: Client) -> None:
        led_to.append(client.post("/account/send/", {"order": order, "confirm": "1"})["Location"])
        connection.close()

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(led_to) == 5
    assert len(set(led_to)) == 1
    assert buyer.balance("EUR") == D("9949.75")


def test_two_reviews_of_the_same_are_two_payments(as_buyer: Client, buyer: Wallet, merchant: Wallet) -> None:
    orders = [review(as_buyer, "/account/send/", SEND)[1] for _ in range(2)]

    paid = {confirm(as_buyer, "/account/send/", order).id for order in orders}

    assert len(paid) == 2
    assert buyer.balance("EUR") == D("9899.50")


def test_the_order_holds_for_one_client_and_one_page(
    as_buyer: Client, as_merchant: Client, buyer: Wallet, merchant: Wallet
) -> None:
    _page, order = review(as_buyer, "/account/send/", SEND)

    for client, address in ((as_merchant, "/account/send/"), (as_buyer, "/account/exchange/")):
        assert "nothing was done" in client.post(address, {"order": order, "confirm": "1"}).content.decode()
    for broken in (order[:-4] + "AAAA", "x", ""):
        answer = as_buyer.post("/account/send/", {"order": broken, "confirm": "1"})
        assert "nothing was done" in answer.content.decode()
    assert nothing_happened()


def test_an_old_review_does_not_hold(as_buyer: Client, merchant: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    _page, order = review(as_buyer, "/account/send/", SEND)
    monkeypatch.setattr("wallets.pages.moves.REVIEW_LIFETIME", timedelta(seconds=-1))

    assert "too old" in as_buyer.post("/account/send/", {"order": order, "confirm": "1"}).content.decode()
    assert nothing_happened()


def test_change_leads_back_to_the_form(as_buyer: Client, merchant: Wallet) -> None:
    _page, order = review(as_buyer, "/account/send/", SEND)

    page = as_buyer.post("/account/send/", {"order": order, "change": "1"}).content.decode()

    assert 'value="merchant@example.com"' in page
    assert 'value="INV-7"' in page
    assert nothing_happened()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"receiver": "OK999999999"}, "receiver"),
        ({"receiver": "not an address"}, "receiver"),
        ({"receiver": "OK100000001"}, "receiver"),
        ({"receiver": "blocked@example.com"}, "receiver"),
        ({"receiver": "a\0b"}, "receiver"),
        ({"amount": "10000"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1,5"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "0.01", "receiver_pays_fee": "on"}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"comment": "x" * 256}, "comment"),
        ({"invoice": "x" * 128}, "invoice"),
        ({"wallet": "x"}, "wallet"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(
    as_buyer: Client, merchant: Wallet, blocked: Wallet, wrong: dict[str, str], field: str
) -> None:
    response = as_buyer.post("/account/send/", {**SEND, **wrong})

    assert list(response.context["form"].errors) == [field]
    assert nothing_happened()


def test_what_went_wrong_meanwhile_can_be_tried_again(as_buyer: Client, buyer: Wallet, merchant: Wallet) -> None:
    _page, order = review(as_buyer, "/account/send/", SEND)
    Account.objects.filter(id=buyer.account_id).update(is_blocked=True)

    refused = as_buyer.post("/account/send/", {"order": order, "confirm": "1"})
    assert list(refused.context["form"].errors) == ["wallet"]
    assert nothing_happened()

    Account.objects.filter(id=buyer.account_id).update(is_blocked=False)
    confirm(as_buyer, "/account/send/", order)
    assert buyer.balance("EUR") == D("9949.75")


def test_to_an_address_that_nobody_has_yet(as_buyer: Client, merchant: Wallet) -> None:
    page, order = review(as_buyer, "/account/send/", {**SEND, "receiver": "nobody@example.com"})

    assert "the money waits" in page
    assert confirm(as_buyer, "/account/send/", order).status == "pending"


def test_the_limit_of_the_month(as_stranger: Client, stranger: Wallet, merchant: Wallet) -> None:
    _page, order = review(
        as_stranger,
        "/account/deposit/",
        {"wallet": stranger.id, "amount": "1000", "currency": "EUR", "paysystem": "VMF"},
    )
    confirm(as_stranger, "/account/deposit/", order)

    response = as_stranger.post("/account/send/", {**SEND, "wallet": stranger.id, "amount": "300.01"})

    assert "monthly limit" in response.content.decode()


# Exchange


def test_another_currency_is_suggested_to_exchange_into(as_buyer: Client) -> None:
    for query, into in (("", "USD"), ("?currency=USD", "EUR"), ("?currency=JPY", "EUR"), ("?into=GBP", "GBP")):
        form = as_buyer.get(f"/account/exchange/{query}").context["form"]
        assert form["into"].value() == into, query


def test_an_exchange(as_buyer: Client, buyer: Wallet) -> None:
    page, order = review(
        as_buyer, "/account/exchange/", {"wallet": buyer.id, "amount": "100", "currency": "EUR", "into": "USD"}
    )
    assert "110.00 USD" in page
    assert "1 EUR = 1.1000 USD" in page

    done = confirm(as_buyer, "/account/exchange/", order)

    assert buyer.balance("USD") == D("10110.00")
    history = as_buyer.get(f"/account/wallets/{buyer.id}/history/?kind=exchange").content.decode()
    assert "−100.00 EUR" in history
    assert "into 110.00 USD" in history
    assert f"/account/transactions/{done.id}/" in history


def test_a_rate_that_changed_meanwhile_is_shown_again(as_buyer: Client, buyer: Wallet) -> None:
    filled_in = {"wallet": buyer.id, "amount": "100", "currency": "EUR", "into": "USD"}
    _page, order = review(as_buyer, "/account/exchange/", filled_in)
    Currency.objects.filter(code="USD").update(per_euro=D("1.2"))

    page = as_buyer.post("/account/exchange/", {"order": order, "confirm": "1"}).content.decode()
    assert "The rate has changed" in page
    assert nothing_happened()

    [renewed] = re.findall(r'name="order" value="([^"]+)"', page)
    confirm(as_buyer, "/account/exchange/", renewed)
    assert buyer.balance("USD") == D("10120.00")


def test_a_currency_into_itself(as_buyer: Client, buyer: Wallet) -> None:
    response = as_buyer.post(
        "/account/exchange/", {"wallet": buyer.id, "amount": "100", "currency": "EUR", "into": "EUR"}
    )

    assert list(response.context["form"].errors) == ["into"]


# Deposit and withdraw


def test_a_deposit(as_merchant: Client, merchant: Wallet) -> None:
    page, order = review(
        as_merchant,
        "/account/deposit/",
        {"wallet": merchant.id, "amount": "25", "currency": "CHF", "paysystem": "BTC"},
    )
    assert "Bitcoin" in page

    done = confirm(as_merchant, "/account/deposit/", order)

    assert (done.kind, done.payment_method) == ("deposit", "BTC")
    assert merchant.balance("CHF") == D("25.00")


def test_every_way_out(as_buyer: Client, buyer: Wallet) -> None:
    page = as_buyer.get("/account/withdraw/").content.decode()
    expiry = timezone.now().year + 1
    accounts = {
        "wmt": {"account": PURSE},
        "qiw": {"account": "+7 903 1234567"},
        "ymo": {"account": "41001123456789"},
        "won": {"account": "1" * 12},
        "mfs": {"account": "somebody@example.com"},
        "card-ru": {"card_number": CARD},
        "card-world": {"card_number": CARD, "expiry_month": "12", "expiry_year": str(expiry)},
        "btc": {"account": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
    }
    assert set(re.findall(r'href="/account/withdraw/([\w-]+)/"', page)) == accounts.keys()

    for method, details in accounts.items():
        address = f"/account/withdraw/{method}/"
        assert as_buyer.get(address).status_code == 200
        filled_in = {"wallet": buyer.id, "amount": "1000", "currency": "USD", **details}
        _page, order = review(as_buyer, address, filled_in)
        done = confirm(as_buyer, address, order)
        assert done.kind == "withdrawal"
        shown = as_buyer.get(f"/account/transactions/{done.id}/").content.decode()
        assert done.withdrawal.paysystem_transaction_id in shown
        assert CARD not in shown


def test_a_card_number_stands_in_no_page(as_buyer: Client, buyer: Wallet) -> None:
    address = "/account/withdraw/card-ru/"
    page, order = review(as_buyer, address, {"wallet": buyer.id, "amount": "1000", "card_number": CARD})
    changed = as_buyer.post(address, {"order": order, "change": "1"}).content.decode()
    refused = as_buyer.post(address, {"wallet": buyer.id, "amount": "x", "card_number": CARD}).content.decode()

    assert "**** 1111" in page
    for each in (page, changed, refused):
        assert CARD not in each
    with pytest.raises(secrecy.SealBroken):
        secrecy.open_fresh(order, purpose="another purpose", max_age=timedelta(hours=1))


@pytest.mark.parametrize(
    ("method", "wrong", "field"),
    [
        ("wmt", {"account": "R123456789012"}, "account"),
        ("wmt", {"account": PURSE, "amount": "0.01"}, "amount"),
        ("card-ru", {"card_number": "4111111111111112"}, "card_number"),
        ("card-world", {"card_number": CARD, "expiry_month": "13", "expiry_year": "2099"}, "expiry_month"),
        ("card-world", {"card_number": CARD, "expiry_month": "12", "expiry_year": "2001"}, "expiry_year"),
    ],
)
def test_a_withdrawal_that_will_not_do(
    as_buyer: Client, buyer: Wallet, method: str, wrong: dict[str, str], field: str
) -> None:
    filled_in = {"wallet": buyer.id, "amount": "1000", "currency": "USD", **wrong}

    response = as_buyer.post(f"/account/withdraw/{method}/", filled_in)

    assert list(response.context["form"].errors) == [field]
    assert nothing_happened()


def test_a_payment_system_that_there_is_not(as_buyer: Client) -> None:
    assert as_buyer.get("/account/withdraw/sbr/").status_code == 404


def test_what_a_page_asks_the_database(
    as_buyer: Client, merchant: Wallet, django_assert_max_num_queries: Callable[..., object]
) -> None:
    with django_assert_max_num_queries(7):  # type: ignore[attr-defined]
        as_buyer.get("/account/send/")


@pytest.mark.parametrize("method", WITHDRAWALS)
def test_the_examples_of_accounts_are_accepted(as_buyer: Client, buyer: Wallet, method: str) -> None:
    form = as_buyer.get(f"/account/withdraw/{method}/").context["form"]
    if "account" in form.fields:
        system = WITHDRAWALS[method].system
        [payout] = [payout for (family, code), payout in PAYOUTS.items() if code == system and family != Family.CARD_RU]
        for currency, example in zip(payout.currencies, recipients.EXAMPLES[system], strict=False):
            assert example in form["account"].help_text
            assert recipients.check_account(system, example, currency=currency)
    else:
        assert recipients.EXAMPLE_CARD in form["card_number"].help_text
        assert recipients.check_card(recipients.EXAMPLE_CARD)
