"""The ok_* variables of a transaction: names, order and formats as they went over the wire."""

from datetime import UTC, datetime

import pytest

from ipn.encoding import encode
from ipn.models import IpnMessage
from wallets import exchange, payments, reversals
from wallets.models import Currency, Transaction, TransactionItem, Wallet
from wallets.money import D
from wallets.variables import ipn_variables, rate_text

NOON = datetime(2026, 5, 4, 12, 0, 7, tzinfo=UTC)

# A real payment_link message, name by name, as far as every payment has them.
ORDER = [
    "ok_charset",
    "ok_receiver",
    "ok_receiver_id",
    "ok_receiver_wallet",
    "ok_receiver_email",
    "ok_receiver_phone",
    "ok_txn_id",
    "ok_txn_kind",
    "ok_txn_payment_type",
    "ok_txn_payment_method",
    "ok_txn_gross",
    "ok_txn_amount",
    "ok_txn_net",
    "ok_txn_fee",
    "ok_txn_currency",
    "ok_txn_datetime",
    "ok_txn_status",
    "ok_invoice",
    "ok_payer_status",
    "ok_payer_id",
    "ok_payer_reputation",
    "ok_payer_first_name",
    "ok_payer_last_name",
    "ok_payer_email",
    "ok_payer_phone",
    "ok_payer_country",
    "ok_payer_city",
    "ok_payer_country_code",
    "ok_payer_state",
    "ok_payer_address_status",
    "ok_payer_street",
    "ok_payer_zip",
    "ok_payer_address_name",
    "ok_items_count",
    "ok_item_1_name",
    "ok_item_1_article",
    "ok_item_1_type",
    "ok_item_1_quantity",
    "ok_item_1_gross",
    "ok_item_1_price",
]


def poster(**more: object) -> TransactionItem:
    return TransactionItem(**{"number": 1, "name": "OKPAY Poster", "price": D("100.00"), **more})


def order_of(merchant: Wallet, *items: TransactionItem, **more: object) -> payments.Order:
    fields = {"kind": Transaction.Kind.PAYMENT_LINK, "currency": "USD", "receiver_as_sent": "merchant@Example.com"}
    return payments.Order(receiver=merchant, items=items or (poster(),), **{**fields, **more})


def test_names_and_order_of_a_plain_payment(buyer: Wallet, merchant: Wallet) -> None:
    payment = payments.pay_from_balance(order_of(merchant), payer=buyer, now=NOON)

    assert [name for name, _ in ipn_variables(payment)] == ORDER


def test_values_of_a_plain_payment(buyer: Wallet, merchant: Wallet) -> None:
    payment = payments.pay_from_balance(order_of(merchant, invoice="99999"), payer=buyer, now=NOON)

    values = dict(ipn_variables(payment))

    assert values["ok_receiver"] == "merchant@Example.com"
    assert values["ok_receiver_email"] == "merchant@example.com"
    assert values["ok_receiver_id"] == "666146284"
    assert values["ok_receiver_wallet"] == "OK702746927"
    assert values["ok_txn_id"] == str(payment.id)
    assert values["ok_txn_id"].isdigit()
    assert len(values["ok_txn_id"]) == 7
    assert values["ok_txn_kind"] == "payment_link"
    assert values["ok_txn_payment_type"] == "instant"
    assert values["ok_txn_gross"] == values["ok_txn_net"] == values["ok_txn_amount"] == "100.00"
    assert values["ok_txn_fee"] == "0.00"
    assert values["ok_txn_datetime"] == "2026-05-04 12:00:07"
    assert values["ok_txn_status"] == "completed"
    assert values["ok_invoice"] == "99999"
    assert values["ok_payer_status"] == "verified"
    assert values["ok_payer_address_status"] == "confirmed"
    assert values["ok_payer_country"] == "Germany"
    assert values["ok_item_1_price"] == values["ok_item_1_gross"] == "100.00"
    assert values["ok_item_1_quantity"] == "1"
    assert values["ok_item_1_type"] == "digital"


def test_charges_of_items_are_summed(buyer: Wallet, merchant: Wallet) -> None:
    items = (
        poster(quantity=3, shipping=D("14.00"), tax=D("1.50"), custom_1_title="Size", custom_1_value="A1"),
        poster(number=2, name="Robot", handling=D("7.00"), tax=D("2.00"), article="777"),
    )
    values = dict(ipn_variables(payments.pay_from_balance(order_of(merchant, *items), payer=buyer, now=NOON)))

    assert values["ok_items_count"] == "2"
    assert values["ok_item_1_gross"] == "315.50"
    assert values["ok_item_2_gross"] == "109.00"
    assert values["ok_txn_gross"] == "424.50"
    assert (values["ok_txn_shipping"], values["ok_txn_handling"], values["ok_txn_tax"]) == ("14.00", "7.00", "3.50")
    assert (values["ok_item_1_custom_1_title"], values["ok_item_1_custom_1_value"]) == ("Size", "A1")
    assert "ok_item_1_handling" not in values
    assert "ok_item_2_shipping" not in values


def test_an_anonymous_payer_is_nobody(merchant: Wallet) -> None:
    values = dict(ipn_variables(payments.pay_from_outside(order_of(merchant), method="CC", payer=None, now=NOON)))

    assert values["ok_payer_first_name"] == values["ok_payer_last_name"] == "Anonymous"
    assert not {"ok_payer_status", "ok_payer_id", "ok_payer_reputation"} & set(values)
    assert {value for name, value in values.items() if name.startswith("ok_payer_")} == {"Anonymous", ""}
    assert values["ok_txn_payment_method"] == "CC"


@pytest.mark.parametrize(
    ("fee_payer", "gross", "fee", "net", "outside"),
    [("receiver", "100.00", "5.00", "95.00", "-100.00"), ("payer", "100.00", "0.00", "100.00", "-105.00")],
)
def test_who_bears_the_fee(merchant: Wallet, fee_payer: str, gross: str, fee: str, net: str, outside: str) -> None:
    payment = payments.pay_from_outside(
        order_of(merchant, fee_payer=Transaction.FeePayer(fee_payer)), method="CC", payer=None, now=NOON
    )
    values = dict(ipn_variables(payment))

    assert (values["ok_txn_gross"], values["ok_txn_fee"], values["ok_txn_net"]) == (gross, fee, net)
    assert payment.entries.get(wallet__role="outside").amount == D(outside)
    assert merchant.balance("USD") == D("10000.00") + D(net)


def test_paying_from_another_currency_tells_the_rate(buyer: Wallet, merchant: Wallet) -> None:
    payment = payments.pay_from_balance(order_of(merchant), payer=buyer, from_currency="EUR", now=NOON)

    assert dict(ipn_variables(payment))["ok_txn_exchange_rate"] == "1.1000"
    assert buyer.balance("EUR") == D("10000.00") - D("90.91")
    assert buyer.balance("USD") == D("10000.00")
    assert merchant.balance("USD") == D("10100.00")


@pytest.mark.usefixtures("world")
def test_a_rate_never_needs_more_than_ten_characters() -> None:
    everything = Currency.objects.all()
    for source in everything:
        for target in everything:
            rate = exchange.rate(source, target)
            assert rate > 0
            assert len(rate_text(rate)) <= 10


def test_a_pending_payment_says_why(merchant: Wallet) -> None:
    payment = payments.pay_from_outside(order_of(merchant), method="SF", payer=None, outcome=payments.PENDING, now=NOON)
    values = dict(ipn_variables(payment))

    assert (values["ok_txn_status"], values["ok_txn_pending_reason"]) == ("pending", "other")
    assert dict(ipn_variables(payments.approve(payment, now=NOON)))["ok_txn_status"] == "completed"


def test_a_refund_names_its_parent_and_is_negative(buyer: Wallet, merchant: Wallet) -> None:
    payment = payments.pay_from_outside(order_of(merchant, invoice="99999"), method="CC", payer=buyer.account, now=NOON)
    values = dict(ipn_variables(reversals.refund(payment, amount=D("40"), now=NOON)))

    assert values["ok_txn_parent_id"] == str(payment.id) != values["ok_txn_id"]
    assert (values["ok_txn_status"], values["ok_txn_reversal_reason"]) == ("reversed", "refund")
    assert (values["ok_txn_gross"], values["ok_txn_fee"], values["ok_txn_net"]) == ("-40.00", "-2.00", "-38.00")
    assert values["ok_invoice"] == "99999"


class TestAnnouncements:
    """Which listener hears of a payment."""

    OWN, WALLETS = "http://127.0.0.1:9/own", "http://127.0.0.1:9/wallet"

    @pytest.mark.parametrize(
        ("enabled", "ok_ipn", "expected"),
        [(True, "", WALLETS), (True, OWN, OWN), (False, OWN, OWN), (False, "", None)],
    )
    def test_ok_ipn_wins_and_the_wallets_needs_to_be_enabled(
        self, buyer: Wallet, merchant: Wallet, enabled: bool, ok_ipn: str, expected: str | None
    ) -> None:
        merchant.ipn_url, merchant.ipn_enabled = self.WALLETS, enabled
        merchant.save()

        payments.pay_from_balance(order_of(merchant, ipn_url=ok_ipn), payer=buyer, now=NOON)

        assert list(IpnMessage.objects.values_list("url", flat=True)) == ([expected] if expected else [])

    def test_every_change_of_status_is_told(self, buyer: Wallet, merchant: Wallet) -> None:
        order = order_of(merchant, ipn_url=self.OWN)
        pending = payments.pay_from_outside(order, method="CC", payer=None, outcome=payments.PENDING, now=NOON)
        payments.approve(pending, now=NOON)
        payments.pay_from_outside(
            order_of(merchant, ipn_url=self.OWN), method="CC", payer=None, outcome=payments.REFUSED, now=NOON
        )
        reversals.chargeback(pending, now=NOON)

        told = [dict(message.pairs)["ok_txn_status"] for message in IpnMessage.objects.order_by("id")]
        assert told == ["pending", "completed", "failed", "reversed"]

    def test_the_message_is_sealed(self, buyer: Wallet, merchant: Wallet) -> None:
        payment = payments.pay_from_balance(order_of(merchant, ipn_url=self.OWN), payer=buyer, now=NOON)

        message = IpnMessage.objects.get()
        assert message.body(resend=False) == f"{encode(ipn_variables(payment))}&ok_ipn_id={message.id}"
        assert message.body(resend=True).endswith(f"&ok_ipn_resend=true&ok_ipn_id={message.id}")
        assert "ok_txn_datetime=2026-05-04+12%3a00%3a07" in message.variables
        assert len(str(message.id)) == 7
