"""A session and what the buyer chose become an Order for the verbs that pay; and what there is to ask and to choose."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from checkout.models import CheckoutSession, SessionItem
from wallets import exchange, money, payments
from wallets.models import Account, Balance, Transaction, TransactionItem, Wallet
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS, PaySystem

COMMENT_LENGTH = 255
CUSTOM_LENGTH = 127
ENTER_A_PRICE = gettext_lazy("Enter a price above zero, such as 25.00.")


class CheckoutError(Exception):
    """An expected refusal of the checkout itself. `field` is what the caller should look at."""

    field = ""
    text: StrOrPromise = ""

    def __str__(self) -> str:
        return str(self.text)


class ChoiceMissing(CheckoutError):
    """Something that only the buyer knows is missing or unusable."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(field, text)
        self.field, self.text = field, text


@dataclass(frozen=True)
class Choices:
    """What the buyer decides. Defaults: the OKPAY balance of the first wallet, in the order's currency."""

    method: str = OKPAY_BALANCE
    wallet: str = ""
    from_currency: str = ""
    comment: str = ""
    # Under the official names: ok_item_1_price, ok_item_1_custom_1_value.
    values: Mapping[str, str] = field(default_factory=dict)
    address: payments.Address | None = None
    # Of a program: what it asked for, as a hash, so that the same request is known again.
    asked: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"values": dict(self.values)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Choices":
        address = data.get("address")
        return cls(**data | {"address": payments.Address(**address) if address else None})


@dataclass(frozen=True)
class Question:
    """Something that the shop left to the buyer: a price, or the value of a custom field."""

    name: str
    label: str
    item: SessionItem
    is_price: bool


def questions(session: CheckoutSession) -> list[Question]:
    """What the buyer must fill in, in the order of the items."""
    asked = []
    for item in session.items.all():
        prefix = f"ok_item_{item.number}_"
        if item.price is None:
            asked.append(Question(f"{prefix}price", _("Price (%s)") % session.currency_id, item, is_price=True))
        for custom in ("custom_1", "custom_2"):
            title = getattr(item, f"{custom}_title")
            if title and not getattr(item, f"{custom}_value"):
                asked.append(Question(f"{prefix}{custom}_value", title, item, is_price=False))
    return asked


def needs_address(session: CheckoutSession) -> bool:
    """Goods want to know where to, and so does a charge for shipping: the sample "Taxes and Handling" names no type."""
    return any(item.type == TransactionItem.Type.SHIPMENT or item.shipping for item in session.items.all())


def order(session: CheckoutSession, choices: Choices) -> payments.Order:
    """The order to pay. Raises ChoiceMissing when the buyer has not said everything that is asked."""
    for question in questions(session):
        value = choices.values.get(question.name, "").strip()
        if question.is_price:
            _price(question.name, value)
        elif not value or len(value) > CUSTOM_LENGTH:
            text = _("The shop asks for “%(title)s”: fill it in, with at most %(most)d characters.")
            raise ChoiceMissing(question.name, text % {"title": question.label, "most": CUSTOM_LENGTH})
    if len(choices.comment) > COMMENT_LENGTH:
        raise ChoiceMissing("comment", _("The comment has room for %d characters.") % COMMENT_LENGTH)
    address = choices.address if needs_address(session) else None
    if needs_address(session) and not (address and address.name and address.street and address.city):
        raise ChoiceMissing("address", _("Tell the shop where to deliver to."))
    return _order(session, choices, address)


@dataclass(frozen=True)
class Line:
    """An item as it is shown; without a price, as long as the buyer has not entered one."""

    item: SessionItem
    price: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True)
class Summary:
    """The order in figures, in the session's currency; `total` is None while a price is missing."""

    lines: list[Line]
    handling: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal | None

    @property
    def has_extras(self) -> bool:
        return bool(self.handling or self.shipping or self.tax)

    @property
    def goods(self) -> Decimal | None:
        return None if self.total is None else self.total - self.handling - self.shipping - self.tax


def summary(session: CheckoutSession, values: Mapping[str, str]) -> Summary:
    """What is bought, with the prices that the buyer has entered so far."""
    drafted = draft(session, Choices(values=values))
    items = list(session.items.all())
    prices = [item.price for item in (drafted.items if drafted else items)]
    return Summary(
        lines=[
            Line(item, price, None if price is None else price * item.quantity)
            for item, price in zip(items, prices, strict=True)
        ],
        handling=sum((item.handling for item in items), money.ZERO),
        shipping=sum((item.shipping for item in items), money.ZERO),
        tax=sum((item.tax for item in items), money.ZERO),
        total=drafted.gross if drafted else None,
    )


def draft(session: CheckoutSession, choices: Choices) -> payments.Order | None:
    """The order as far as it is known, to show what it costs; None while a price is missing or beyond all bounds."""
    try:
        drafted = _order(session, choices, None)
    except ChoiceMissing:
        return None
    return drafted if drafted.gross <= money.LARGEST else None


def _order(session: CheckoutSession, choices: Choices, address: payments.Address | None) -> payments.Order:
    values = choices.values
    items = []
    for item in session.items.all():
        prefix = f"ok_item_{item.number}_"
        price = item.price
        if price is None:
            price = _price(f"{prefix}price", values.get(f"{prefix}price", ""))
        items.append(
            TransactionItem(
                number=item.number,
                name=item.name,
                article=item.article,
                type=item.type,
                quantity=item.quantity,
                price=price,
                handling=item.handling,
                shipping=item.shipping,
                tax=item.tax,
                custom_1_title=item.custom_1_title,
                custom_1_value=item.custom_1_value or values.get(f"{prefix}custom_1_value", "").strip(),
                custom_2_title=item.custom_2_title,
                custom_2_value=item.custom_2_value or values.get(f"{prefix}custom_2_value", "").strip(),
                product_id=item.product_id,
            )
        )
    return payments.Order(
        kind=Transaction.Kind(session.kind),
        receiver=session.receiver,
        currency=session.currency_id,
        items=items,
        fee_payer=Transaction.FeePayer(session.fee_payer),
        receiver_as_sent=session.receiver_as_sent,
        invoice=session.invoice,
        comment=choices.comment.strip(),
        ipn_url=session.ipn_url,
        delivery_address=address,
    )


def _price(name: str, value: str) -> Decimal:
    try:
        return read_price(value)
    except ValueError:
        raise ChoiceMissing(name, str(ENTER_A_PRICE)) from None


def read_price(value: str) -> Decimal:
    """A buyer's price, also with a decimal comma. Raises ValueError for anything else and for zero."""
    value = value.strip()
    if re.fullmatch(r"\d+,\d{1,2}", value, re.ASCII):
        value = value.replace(",", ".")
    price = money.parse_price(value)
    if not price:
        raise ValueError("zero")
    return price


# What may be chosen


@dataclass(frozen=True)
class Option:
    """One way to pay, with what it costs; `total` is None while a price is missing."""

    value: str
    method: str
    name: str
    total: Decimal | None
    currency: str
    fee: Decimal = money.ZERO
    wallet: str = ""
    # Of a balance: what it holds, whether that is enough, and the rate when it is in another currency.
    available: Decimal | None = None
    sufficient: bool = True
    exchange_rate: Decimal | None = None

    @property
    def from_currency(self) -> str:
        return self.currency if self.method == OKPAY_BALANCE else ""


def balance_is_allowed(session: CheckoutSession) -> bool:
    """Always, the official samples say, unless the shop sends the buyer to one payment system directly."""
    return session.direct_method in ("", OKPAY_BALANCE)


def allowed_systems(session: CheckoutSession) -> list[PaySystem]:
    if session.direct_method:
        return [system for system in PAYSYSTEMS.values() if system.code == session.direct_method]
    wanted = session.paysystems
    return [system for system in PAYSYSTEMS.values() if wanted is None or system.code in wanted]


def balances(session: CheckoutSession, payer: Account, drafted: payments.Order | None) -> list[Option]:
    """The payer's balances: the order's currency first, that of the first wallet even when there is none."""
    if not balance_is_allowed(session):
        return []
    total = payments.quote(drafted, method=OKPAY_BALANCE).total if drafted else None
    wallets = list(payer.wallets.filter(role=Wallet.Role.CLIENT).order_by("created_at", "id"))
    held = Balance.objects.filter(wallet__in=wallets, amount__gt=0, currency__enabled=True).select_related("currency")
    amounts = {(balance.wallet_id, balance.currency_id): balance for balance in held.order_by("currency__position")}
    target = session.currency
    options = []
    for place, wallet in enumerate(wallets):
        own = amounts.pop((wallet.id, target.code), None)
        if own or place == 0:
            options.append(_own_currency(wallet, place, target.code, own.amount if own else money.ZERO, total))
    for (wallet_id, code), balance in amounts.items():
        rate = exchange.rate(balance.currency, target)
        price = exchange.price_in(total, at=rate) if total else None
        place = next(place for place, wallet in enumerate(wallets) if wallet.id == wallet_id)
        options.append(
            Option(
                value=f"{OKPAY_BALANCE}.{code}" + (f".{wallet_id}" if place else ""),
                method=OKPAY_BALANCE,
                name=_("%s balance") % code,
                total=price,
                currency=code,
                wallet=wallet_id,
                available=balance.amount,
                sufficient=price is None or price <= balance.amount,
                exchange_rate=rate,
            )
        )
    return options


def _own_currency(wallet: Wallet, place: int, currency: str, amount: Decimal, total: Decimal | None) -> Option:
    return Option(
        value=OKPAY_BALANCE if place == 0 else f"{OKPAY_BALANCE}.{currency}.{wallet.id}",
        method=OKPAY_BALANCE,
        name=_("OKPAY balance"),
        total=total,
        currency=currency,
        wallet=wallet.id,
        available=amount,
        sufficient=(total or money.ZERO) <= amount,
    )


def systems(session: CheckoutSession, drafted: payments.Order | None) -> list[Option]:
    """The payment systems that the shop allows, each with its total."""
    options = []
    for system in allowed_systems(session):
        price = payments.quote(drafted, method=system.code) if drafted else None
        options.append(
            Option(
                value=system.code,
                method=system.code,
                name=str(system.name),
                total=price.total if price else None,
                currency=session.currency_id,
                fee=price.total - price.gross if price else money.ZERO,
            )
        )
    return options
