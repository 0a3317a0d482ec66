"""The official "IPN Variable Reference" as data: what stands in a notification, when, and what it says.

wallets/variables.py writes the variables of a transaction, simulator.py those of a test; a test holds both to this
table. A name with `#` stands once per item, numbered from 1. Lengths are in characters, as the official table has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

Words = StrOrPromise


@dataclass(frozen=True)
class Variable:
    name: str
    length: int | None
    meaning: Words
    # When it stands in a message. Empty: always, be its value empty or not.
    when: Words = ""
    # The words that its value may be, where there are only some.
    values: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    title: Words
    variables: tuple[Variable, ...]


KINDS = {
    "send_money": _("Money was sent from a wallet: by the page Send Money or by the API."),
    "mass_pay": _("A row of a Mass Payment."),
    "payment_link": _("A payment form, link or button was paid."),
    "marketplace": _("Something was bought in the Marketplace."),
    "subscription": _("A payment of a subscription, or its end."),
}
STATUSES = {
    "completed": _("The money is in the wallet. Only now deliver."),
    "pending": _("Not decided yet; ok_txn_pending_reason says why. Another message follows with the end."),
    "reversed": _("Money went back; ok_txn_reversal_reason says why, ok_txn_parent_id what it belongs to."),
    "failed": _("The payment failed; nothing was moved."),
    "canceled": _("Somebody called it off; nothing is to be expected any more."),
    "error": _("Something went wrong on the way; nothing was moved."),
    "hold": _("The money is held back and may still go either way."),
}
PENDING_REASONS = {
    "review": _("OKPAY reviews the payment for risk."),
    "unilateral": _("It went to an address that is not registered or not confirmed."),
    "verify": _("The receiver must be verified before the payment can be accepted."),
    "other": _("Another reason."),
}
REVERSAL_REASONS = {
    "refund": _("The merchant gave the money back."),
    "chargeback": _("The payment system took the money back."),
    "other": _("Another reason."),
}
ITEM_TYPES = {
    "shipment": _("Goods that are sent."),
    "digital": _("Files, keys, codes."),
    "service": _("A service."),
    "donation": _("A donation."),
}

_NOT_ANONYMOUS = _("unless the payer is anonymous")
_IF_NOT_ZERO = _("unless it is zero")
_SUBSCRIPTIONS = _("subscriptions")

REFERENCE = (
    Group(
        _("Message"),
        (
            Variable("ok_charset", 20, _("Character set of the message, always utf-8.")),
            Variable(
                "ok_ipn_id",
                None,
                _("The message’s own number, the last variable. The same when it is sent again."),
                _("notifications; a browser’s return has none"),
            ),
            Variable(
                "ok_ipn_resend", 1, _("true: the message was sent before."), _("every sending after the first one")
            ),
            Variable(
                "ok_ipn_test",
                13,
                _("Above zero: a test. ipn-verify answers TEST, and nothing was paid."),
                _("messages of the IPN Simulator"),
            ),
        ),
    ),
    Group(
        _("Receiver"),
        (
            Variable(
                "ok_receiver",
                127,
                _("Who is paid, as the form or the sender wrote it: a wallet ID, an e-mail address or a phone number."),
            ),
            Variable("ok_receiver_id", 13, _("Account ID of the receiver.")),
            Variable("ok_receiver_wallet", 24, _("Wallet ID of the receiver. Compare it with your own.")),
            Variable("ok_receiver_email", 127, _("E-mail address of the receiver, in lower case.")),
            Variable(
                "ok_receiver_phone", 127, _("Phone of the receiver: country code, -, number."), _("when there is one")
            ),
        ),
    ),
    Group(
        _("Transaction"),
        (
            Variable("ok_txn_id", 19, _("ID of the transaction. Process each ID and status only once.")),
            Variable("ok_txn_parent_id", 19, _("The transaction that this one reverses."), _("reversals")),
            Variable("ok_txn_kind", 40, _("Where the payment came from."), values=KINDS),
            Variable(
                "ok_txn_payment_type",
                40,
                _("How it was paid."),
                values={"instant": _("From an OKPAY balance or by an instant transfer.")},
            ),
            Variable("ok_txn_payment_method", None, _("Code of the payment method, OKB for the OKPAY balance.")),
            Variable("ok_txn_gross", 15, _("What was paid, before the fee. Negative: it went back.")),
            Variable("ok_txn_amount", None, _("The same as ok_txn_net, under an older name.")),
            Variable("ok_txn_net", 15, _("What reaches the wallet: gross without the fee that the receiver bears.")),
            Variable("ok_txn_fee", 15, _("The fee that the receiver bears. Negative: it went back.")),
            Variable("ok_txn_currency", 3, _("Currency of all amounts, ISO 4217.")),
            Variable(
                "ok_txn_exchange_rate",
                10,
                _("The rate, if the payer paid from another currency."),
                _("when there was a conversion"),
            ),
            Variable("ok_txn_datetime", 19, _("YYYY-MM-DD HH:MM:SS, UTC.")),
            Variable("ok_txn_status", 40, _("Where the payment stands."), values=STATUSES),
            Variable(
                "ok_txn_pending_reason",
                40,
                _("Why it is not decided yet."),
                _("ok_txn_status is pending"),
                PENDING_REASONS,
            ),
            Variable(
                "ok_txn_reversal_reason", 40, _("Why it went back."), _("ok_txn_status is reversed"), REVERSAL_REASONS
            ),
            Variable("ok_txn_handling", 15, _("Handling of all items, without a sign."), _IF_NOT_ZERO),
            Variable("ok_txn_shipping", 15, _("Shipping of all items, without a sign."), _IF_NOT_ZERO),
            Variable(
                "ok_txn_shipping_method", 64, _("The shipping method that the buyer chose."), _("the IPN Simulator")
            ),
            Variable("ok_txn_tax", None, _("Tax of all items."), _IF_NOT_ZERO),
            Variable("ok_txn_comment", 255, _("What the payer wrote in the comment."), _("when there is one")),
            Variable("ok_invoice", 127, _("Your own number of the order, as you sent it. Empty when you sent none.")),
        ),
    ),
    Group(
        _("Payer"),
        (
            Variable(
                "ok_payer_status",
                20,
                _("Whether OKPAY knows who the payer is."),
                _NOT_ANONYMOUS,
                {"verified": _("The account is verified."), "unverified": _("It is not.")},
            ),
            Variable("ok_payer_id", 13, _("Account ID of the payer."), _NOT_ANONYMOUS),
            Variable("ok_payer_reputation", 5, _("The payer’s reputation number."), _NOT_ANONYMOUS),
            Variable("ok_payer_first_name", 64, _("First name; Anonymous for who pays without an account.")),
            Variable("ok_payer_last_name", 64, _("Last name; Anonymous for who pays without an account.")),
            Variable("ok_payer_business_name", 127, _("Name of the payer’s business."), _("when there is one")),
            Variable("ok_payer_email", 127, _("E-mail address of the payer.")),
            Variable("ok_payer_phone", 20, _("Phone of the payer: country code, -, number.")),
            Variable("ok_payer_country", 64, _("Country of the address, in English.")),
            Variable("ok_payer_city", 40, _("City of the address.")),
            Variable("ok_payer_country_code", 2, _("Country of the address, ISO 3166.")),
            Variable("ok_payer_state", 40, _("State or province of the address.")),
            Variable(
                "ok_payer_address_status",
                20,
                _("Whether the address was confirmed; empty without an address."),
                values={"confirmed": _("OKPAY has seen a proof of it."), "unconfirmed": _("Only the payer says so.")},
            ),
            Variable("ok_payer_street", 200, _("Street and number.")),
            Variable("ok_payer_zip", 20, _("Postal code.")),
            Variable("ok_payer_address_name", 128, _("The name at that address.")),
        ),
    ),
    Group(
        _("Items"),
        (
            Variable("ok_items_count", 2, _("How many items follow."), _("forms, links and the Marketplace")),
            Variable("ok_item_#_id", 19, _("Number of the product."), _("the Marketplace")),
            Variable("ok_item_#_name", 127, _("What was sold.")),
            Variable("ok_item_#_article", 40, _("Your article number, as you sent it.")),
            Variable("ok_item_#_type", 64, _("What kind of thing it is."), values=ITEM_TYPES),
            Variable("ok_item_#_quantity", 8, _("How many pieces.")),
            Variable("ok_item_#_gross", 15, _("All of this item: its pieces, handling, shipping and tax.")),
            Variable("ok_item_#_price", 15, _("Of one piece. Compare it with your own price.")),
            Variable("ok_item_#_handling", 15, _("Handling of this item."), _IF_NOT_ZERO),
            Variable("ok_item_#_shipping", 15, _("Shipping of this item."), _IF_NOT_ZERO),
            Variable("ok_item_#_tax", 15, _("Tax of this item."), _IF_NOT_ZERO),
            Variable("ok_item_#_custom_1_title", 127, _("Title of a line of your own."), _("when you sent one")),
            Variable(
                "ok_item_#_custom_1_value",
                127,
                _("Its value: yours, or what the buyer filled in."),
                _("with its title"),
            ),
            Variable("ok_item_#_custom_2_title", 127, _("Title of a second such line."), _("when you sent one")),
            Variable("ok_item_#_custom_2_value", 127, _("Its value."), _("with its title")),
        ),
    ),
    Group(
        _("Subscription"),
        (
            Variable("ok_s_title", None, _("Title of the subscription."), _SUBSCRIPTIONS),
            Variable("ok_s_trial_price", None, _("Price of a period of the trial."), _SUBSCRIPTIONS),
            Variable("ok_s_trial_cycle", None, _("How long it is, such as 7 D."), _SUBSCRIPTIONS),
            Variable("ok_s_regular_price", None, _("Price of a regular period."), _SUBSCRIPTIONS),
            Variable(
                "ok_s_regular_cycle",
                None,
                _("How long it is: a number and D, W, M or Y, such as 1 M."),
                _SUBSCRIPTIONS,
            ),
            Variable("ok_s_regular_count", None, _("How many periods; 0 without end."), _SUBSCRIPTIONS),
            Variable("ok_s_regular_payments_done", None, _("How many were paid so far."), _SUBSCRIPTIONS),
        ),
    ),
)

VARIABLES = {variable.name: variable for group in REFERENCE for variable in group.variables}
