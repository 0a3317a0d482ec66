"""A session is opened whole, paid once, and closed in time."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from checkout import orders, payment_form, sessions, tasks
from checkout.models import CheckoutSession, SessionItem
from checkout.orders import ChoiceMissing, Choices
from checkout.sessions import MethodNotAllowed, OtherSandbox, SessionClosed
from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import Sandbox
from tests.checkout.conftest import Open, form
from wallets import parties, payments, registration
from wallets.errors import (
    CannotPaySelf,
    CurrencyDisabled,
    IncorrectAmount,
    InsufficientFunds,
    LimitsExceeded,
    PaymentError,
    SourceAccountBlocked,
    SourceAccountDoesntExist,
    TargetAccountBlocked,
)
from wallets.models import Account, Currency, Transaction, Wallet
from wallets.money import D
from wallets.payments import PENDING, REFUSED, Address

SOFORT = Choices(method="SF")
BERLIN = Address("Bob Buyer", "DE", "Berlin", "Lindenstraße 5", zip="10969")


@pytest.fixture
def now(world: Sandbox) -> datetime:
    return clock.now(world)


# Opening


def test_what_the_shop_asked_for_is_kept(open_session: Open, merchant: Wallet, world: Sandbox) -> None:
    session = open_session(
        ok_invoice="99999",
        ok_fees="1",
        ok_paysystems="CC SF",
        ok_language="cn",
        ok_payer_email="new@example.com",
        ok_item_1_quantity="3",
        ok_item_1_shipping="10",
        ok_item_1_shipping2="4",
        ok_item_2_name="Robot",
    )

    kept = CheckoutSession.objects.get(token=session.token)
    assert (kept.status, kept.receiver, kept.sandbox) == ("open", merchant, world)
    assert (kept.currency_id, kept.invoice, kept.fee_payer, kept.paysystems) == ("USD", "99999", "payer", ["CC", "SF"])
    assert kept.payer_details == {"email": "new@example.com"}
    assert kept.language == ""  # Chinese is not spoken here, so cookie and browser decide
    assert kept.expires_at - kept.created_at == settings.CHECKOUT_LIFETIME
    assert len(kept.token) == 32
    poster, robot = kept.items.all()
    assert (poster.number, poster.quantity, poster.price, poster.shipping) == (1, 3, D("100.00"), D("18.00"))
    assert (robot.number, robot.name, robot.price) == (2, "Robot", None)


def test_opening_stores_all_or_nothing(world: Sandbox) -> None:
    request = payment_form.parse(form(ok_item_2_name="Robot").items())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE checkout_sessionitem ADD CONSTRAINT only_one CHECK (number < 2) NOT VALID")

    with pytest.raises(IntegrityError), transaction.atomic():
        sessions.open_session(request, now=clock.now(world))

    assert not CheckoutSession.objects.exists()
    assert not SessionItem.objects.exists()


# Paying


def test_a_balance_pays_free_of_charge(open_session: Open, buyer: Wallet, merchant: Wallet, now: datetime) -> None:
    session = open_session(ok_invoice="99999", ok_item_1_article="555", ok_fees="1")

    payment = sessions.pay(session, payer=buyer.account, choices=Choices(comment=" Thanks "), now=now)

    assert (payment.kind, payment.status, payment.payment_method) == ("payment_link", "completed", "OKB")
    assert (payment.gross, payment.fee, payment.invoice, payment.comment) == (D("100"), D("0"), "99999", "Thanks")
    assert (payment.payer_wallet, payment.receiver_wallet) == (buyer, merchant)
    assert payment.receiver_as_sent == "OK702746927"
    (item,) = payment.items.all()
    assert (item.name, item.article, item.price, item.quantity) == ("OKPAY Poster", "555", D("100.00"), 1)
    assert buyer.balance("USD") == D("9900.00")
    assert merchant.balance("USD") == D("10100.00")
    assert (session.status, session.transaction, session.payer_account) == ("paid", payment, buyer.account)
    assert session.finished_at == now


def test_the_parts_of_the_price_arrive_with_the_transaction(open_session: Open, buyer: Wallet, now: datetime) -> None:
    session = open_session(
        ok_item_1_quantity="3",
        ok_item_1_shipping="10",
        ok_item_1_shipping2="4",
        ok_item_1_handling="7",
        ok_item_1_tax="3",
    )

    payment = sessions.pay(session, payer=buyer.account, choices=Choices(address=BERLIN), now=now)

    (item,) = payment.items.all()
    assert (item.shipping, item.handling, item.tax, item.gross) == (D("18"), D("7"), D("3"), D("328"))
    assert payment.gross == D("328.00")


def test_pressed_again_it_is_the_first_payment(
    open_session: Open, buyer: Wallet, poor_buyer: Wallet, merchant: Wallet, now: datetime
) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/ipn")
    session = open_session()

    payment = sessions.pay(session, payer=buyer.account, choices=Choices(), now=now)

    assert sessions.pay(session, payer=buyer.account, choices=Choices(), now=now) == payment
    assert sessions.pay(session, payer=poor_buyer.account, choices=SOFORT, now=now + timedelta(days=9)) == payment
    assert buyer.balance("USD") == D("9900.00")
    assert IpnMessage.objects.count() == 1


def test_a_balance_in_another_currency_is_converted(
    open_session: Open, buyer: Wallet, merchant: Wallet, now: datetime
) -> None:
    session = open_session()

    payment = sessions.pay(session, payer=buyer.account, choices=Choices(from_currency="EUR"), now=now)

    assert (payment.paid_amount, payment.paid_currency_id, payment.exchange_rate) == (D("90.91"), "EUR", D("1.1"))
    assert buyer.balance("EUR") == D("9909.09")
    assert buyer.balance("USD") == D("10000.00")
    assert merchant.balance("USD") == D("10100.00")


def test_another_wallet_of_the_payer_may_pay(open_session: Open, buyer: Wallet, now: datetime) -> None:
    second = parties.open_wallet(buyer.account, title="Travel", now=now)
    payments.send_money(payer=parties.find_wallet("OK702746927"), receiver=second.id, currency="USD",
                        amount=D("150"), now=now)  # fmt: skip
    session = open_session()

    payment = sessions.pay(session, payer=buyer.account, choices=Choices(wallet=second.id), now=now)

    assert payment.payer_wallet == second
    assert second.balance("USD") == D("50.00")


def test_a_strangers_wallet_does_not_pay(
    open_session: Open, buyer: Wallet, merchant: Wallet, poor_buyer: Wallet, now: datetime
) -> None:
    with pytest.raises(SourceAccountDoesntExist):
        sessions.pay(open_session(), payer=poor_buyer.account, choices=Choices(wallet=buyer.id), now=now)


@pytest.mark.parametrize(
    ("outcome", "status", "transaction_status", "arrives"),
    [
        (payments.PAID, "paid", "completed", "97.00"),
        (PENDING, "pending", "pending", "0.00"),
        (REFUSED, "failed", "failed", "0.00"),
    ],
)
def test_a_payment_system_answers(
    open_session: Open,
    merchant: Wallet,
    now: datetime,
    outcome: payments.Outcome,
    status: str,
    transaction_status: str,
    arrives: str,
) -> None:
    session = open_session()

    payment = sessions.pay(session, choices=SOFORT, outcome=outcome, now=now)

    assert (session.status, payment.status) == (status, transaction_status)
    assert (payment.payment_method, payment.payer) == ("SF", None)
    assert merchant.balance("USD") - D("10000") == D(arrives)


def test_the_buyer_may_bear_the_fee(open_session: Open, merchant: Wallet, now: datetime) -> None:
    payment = sessions.pay(open_session(ok_fees="1"), choices=SOFORT, now=now)

    assert (payment.gross, payment.total, payment.net) == (D("100.00"), D("103.00"), D("100.00"))
    assert merchant.balance("USD") == D("10100.00")


def test_choices_are_remembered_for_the_payment_system(open_session: Open, buyer: Wallet, now: datetime) -> None:
    session = open_session(ok_item_1_type="shipment", ok_item_1_price=None, ok_item_1_custom_1_title="Nickname")
    values = {"ok_item_1_price": "12,50", "ok_item_1_custom_1_value": " Bob "}
    choices = Choices(method="CC", comment="By night", values=values, address=BERLIN)

    sessions.choose(session, payer=buyer.account, choices=choices, now=now)
    payment = sessions.pay(CheckoutSession.objects.get(token=session.token), now=now)

    assert (payment.gross, payment.comment, payment.payer) == (D("12.50"), "By night", buyer.account)
    assert payment.items.get().custom_1_value == "Bob"
    assert (payment.delivery_address.street, payment.delivery_address.zip) == ("Lindenstraße 5", "10969")


@pytest.mark.parametrize(
    ("changes", "choices", "field"),
    [
        ({"ok_item_1_price": None}, Choices(), "ok_item_1_price"),
        ({"ok_item_1_price": None}, Choices(values={"ok_item_1_price": "0"}), "ok_item_1_price"),
        ({"ok_item_1_price": None}, Choices(values={"ok_item_1_price": "free"}), "ok_item_1_price"),
        ({"ok_item_1_custom_1_title": "Size"}, Choices(), "ok_item_1_custom_1_value"),
        ({"ok_item_1_custom_2_title": "Size"}, Choices(values={"ok_item_1_custom_2_value": " "}),
         "ok_item_1_custom_2_value"),
        ({"ok_item_1_custom_1_title": "Size"}, Choices(values={"ok_item_1_custom_1_value": "x" * 128}),
         "ok_item_1_custom_1_value"),
        ({"ok_item_1_type": "shipment"}, Choices(), "address"),
        ({"ok_item_1_shipping": "10"}, Choices(), "address"),
        ({}, Choices(comment="x" * 256), "comment"),
    ],
)  # fmt: skip
def test_nothing_is_paid_before_everything_is_said(
    open_session: Open, buyer: Wallet, now: datetime, changes: dict[str, str | None], choices: Choices, field: str
) -> None:
    session = open_session(**changes)

    with pytest.raises(ChoiceMissing) as refused:
        sessions.pay(session, payer=buyer.account, choices=choices, now=now)

    assert refused.value.field == field
    assert str(refused.value)
    session.refresh_from_db()
    assert session.is_open


def test_what_the_shop_has_set_the_buyer_does_not_change(open_session: Open, buyer: Wallet, now: datetime) -> None:
    session = open_session(ok_item_1_custom_1_title="Size", ok_item_1_custom_1_value="A1")
    values = {"ok_item_1_price": "1", "ok_item_1_custom_1_value": "A5"}

    payment = sessions.pay(session, payer=buyer.account, choices=Choices(values=values), now=now)

    assert payment.gross == D("100.00")
    assert payment.items.get().custom_1_value == "A1"


@pytest.mark.parametrize(
    ("changes", "choices"),
    [
        ({"ok_paysystems": "CC"}, SOFORT),
        ({"ok_paysystems": "OKB"}, SOFORT),
        ({"ok_directdeposit": "CC"}, SOFORT),
        ({"ok_directdeposit": "CC"}, Choices()),
        ({}, Choices(method="XX")),
        ({}, Choices(method="")),
    ],
)
def test_only_what_the_shop_allows(
    open_session: Open, buyer: Wallet, now: datetime, changes: dict[str, str], choices: Choices
) -> None:
    with pytest.raises(MethodNotAllowed):
        sessions.pay(open_session(**changes), payer=buyer.account, choices=choices, now=now)


def test_the_balance_is_always_allowed_beside_the_payment_systems_of_the_shop(
    open_session: Open, buyer: Wallet, now: datetime
) -> None:
    assert sessions.pay(open_session(ok_paysystems="CC SF"), payer=buyer.account, choices=Choices(), now=now)


# Refusals leave the session payable


@pytest.mark.parametrize(
    ("payer", "changes", "refusal"),
    [
        ("OK100000002", {}, InsufficientFunds),
        ("OK100000003", {"ok_item_1_price": "1"}, SourceAccountBlocked),
        ("OK702746927", {}, CannotPaySelf),
        ("OK100000001", {"ok_item_1_price": "200,000"}, LimitsExceeded),
        ("OK100000001", {"ok_item_1_price": None, "ok_item_1_quantity": "99999999"}, IncorrectAmount),
    ],
)
def test_a_refused_payment_leaves_the_session_payable(
    open_session: Open,
    buyer: Wallet,
    now: datetime,
    payer: str,
    changes: dict[str, str | None],
    refusal: type[PaymentError],
) -> None:
    session = open_session(**changes)
    account = Account.objects.get(wallets__id=payer)
    choices = Choices(values={"ok_item_1_price": "999999999999.99"})

    with pytest.raises(refusal):
        sessions.pay(session, payer=account, choices=choices, now=now)

    session.refresh_from_db()
    assert (session.status, session.transaction, session.choices) == ("open", None, None)
    assert not Transaction.objects.filter(kind="payment_link").exists()
    affordable = Choices(method="SF", values={"ok_item_1_price": "0.01"})
    assert sessions.pay(session, choices=affordable, now=now).status == "completed"


def test_what_happens_meanwhile_is_refused_in_words(
    open_session: Open, buyer: Wallet, merchant: Wallet, now: datetime
) -> None:
    session = open_session()
    Account.objects.filter(id=merchant.account_id).update(is_blocked=True)
    with pytest.raises(TargetAccountBlocked):
        sessions.pay(session, payer=buyer.account, choices=Choices(), now=now)

    Account.objects.filter(id=merchant.account_id).update(is_blocked=False)
    Currency.objects.filter(code="USD").update(enabled=False)
    with pytest.raises(CurrencyDisabled):
        sessions.pay(session, payer=buyer.account, choices=Choices(), now=now)

    Currency.objects.filter(code="USD").update(enabled=True)
    assert sessions.pay(session, payer=buyer.account, choices=Choices(), now=now)


def test_sandboxes_know_nothing_of_one_another(open_session: Open, now: datetime) -> None:
    elsewhere = Sandbox.objects.create(id="elsewhere")
    stranger = registration.register(sandbox=elsewhere, email="far@example.com", password="far-away", now=now)

    with pytest.raises(OtherSandbox):
        sessions.pay(open_session(), payer=stranger, choices=SOFORT, now=now)


def test_nobody_pays_from_a_balance_without_an_account(open_session: Open, now: datetime) -> None:
    with pytest.raises(SourceAccountDoesntExist):
        sessions.pay(open_session(), choices=Choices(), now=now)


# Ends


def test_a_canceled_session_cannot_be_paid(open_session: Open, buyer: Wallet, now: datetime) -> None:
    session = open_session()

    sessions.cancel(session, now=now)
    sessions.cancel(session, now=now)

    assert (session.status, session.finished_at) == ("canceled", now)
    with pytest.raises(SessionClosed):
        sessions.pay(session, payer=buyer.account, choices=Choices(), now=now)
    with pytest.raises(SessionClosed):
        sessions.choose(session, payer=buyer.account, choices=SOFORT, now=now)


def test_a_paid_session_cannot_be_canceled(open_session: Open, buyer: Wallet, now: datetime) -> None:
    session = open_session()
    sessions.pay(session, payer=buyer.account, choices=Choices(), now=now)

    with pytest.raises(SessionClosed):
        sessions.cancel(session, now=now)

    session.refresh_from_db()
    assert session.status == "paid"


def test_sessions_expire_by_the_time_of_their_sandbox(
    open_session: Open, buyer: Wallet, world: Sandbox, now: datetime
) -> None:
    early, paid = open_session(), open_session()
    sessions.pay(paid, payer=buyer.account, choices=Choices(), now=now)
    last_moment = early.expires_at - timedelta(microseconds=1)

    assert sessions.expire_due(world, last_moment) == []
    assert sessions.expire_due(Sandbox.objects.create(id="elsewhere"), early.expires_at) == []
    assert [each.token for each in sessions.expire_due(world, early.expires_at)] == [early.token]

    early.refresh_from_db()
    paid.refresh_from_db()
    assert (early.status, early.finished_at, paid.status) == ("expired", early.expires_at, "paid")


def test_nobody_pays_after_the_expiry_even_if_the_scheduler_sleeps(open_session: Open, buyer: Wallet) -> None:
    session = open_session()

    with pytest.raises(SessionClosed):
        sessions.pay(session, payer=buyer.account, choices=Choices(), now=session.expires_at)


def test_the_scheduler_closes_what_is_due(open_session: Open, world: Sandbox) -> None:
    session = open_session()
    clock.advance(world, settings.CHECKOUT_LIFETIME)

    assert tasks.expire() == 1

    session.refresh_from_db()
    assert session.status == "expired"


# What is offered


def test_balances_come_first_in_the_orders_currency(open_session: Open, buyer: Wallet) -> None:
    session = open_session()

    options = orders.balances(session, buyer.account, orders.draft(session, Choices()))

    assert [option.currency for option in options[:3]] == ["USD", "EUR", "GBP"]
    assert (options[0].value, options[0].total, options[0].exchange_rate) == ("OKB", D("100.00"), None)
    assert (options[1].value, options[1].total, options[1].exchange_rate) == ("OKB.EUR", D("90.91"), D("1.1"))
    assert {option.currency: option.sufficient for option in options}["JPY"] is False


def test_payment_systems_show_the_total_with_the_fee_that_the_buyer_bears(open_session: Open) -> None:
    session = open_session(ok_paysystems="SF BTC", ok_fees="1")

    options = orders.systems(session, orders.draft(session, Choices()))

    assert [(option.value, option.total, option.fee) for option in options] == [
        ("SF", D("103.00"), D("3.00")),
        ("BTC", D("101.00"), D("1.00")),
    ]
