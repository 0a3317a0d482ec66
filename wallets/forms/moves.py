"""Forms by which a client moves money: send, exchange, deposit, withdraw.

Each is shown, reviewed and confirmed in the same way (pages/moves.py): `carry_out` does it, `summary` tells what it
does or did. A review is the real thing, done and taken back, so what it shows is what will happen.
"""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from wallets import conversions, deposits, payments, recipients, statement, variables, withdrawals
from wallets.forms.fields import AmountField, CurrencyField, OwnWalletField
from wallets.models import Account, Currency, Transaction, Wallet
from wallets.paysystems import CARDS, PAYOUTS, PAYSYSTEMS, Family

Row = tuple[StrOrPromise, str]


class MoveForm(forms.Form):
    """What all have in common: an own wallet, an amount, a currency."""

    title: ClassVar[StrOrPromise]
    lead: ClassVar[StrOrPromise] = ""
    verb: ClassVar[StrOrPromise]
    # Where what PaymentError.field names stands in this form.
    fields_of_errors: ClassVar[dict[str, str]] = {}

    amount = AmountField()
    currency = CurrencyField()

    def __init__(self, client: Account, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.client = client
        self.fields["wallet"] = OwnWalletField(client)
        self.order_fields(self.field_order)

    @property
    def wallet(self) -> Wallet:
        wallet: Wallet = self.cleaned_data["wallet"]
        wallet.account = self.client
        return wallet

    def carry_out(self, now: datetime) -> Transaction:
        """Raises PaymentError."""
        raise NotImplementedError

    def summary(self, transaction: Transaction) -> list[Row]:
        raise NotImplementedError

    def terms(self, transaction: Transaction) -> str:
        """What must not differ between what was reviewed and what is done."""
        return f"{transaction.total} {transaction.net} {transaction.paid_amount} {transaction.exchange_rate}"

    def add_refusal(self, field: str, text: str) -> None:
        field = self.fields_of_errors.get(field, field)
        self.add_error(field if field in self.fields else None, text)

    def _from(self) -> Row:
        return _("From"), f"{self.wallet.title} ({self.wallet.id})"


class SendMoneyForm(MoveForm):
    title, verb = gettext_lazy("Send Money"), gettext_lazy("Send")
    lead = gettext_lazy("To a wallet ID, an e-mail address or a phone number.")
    fields_of_errors = {"payer": "wallet"}
    field_order = ("wallet", "receiver", "amount", "currency", "receiver_pays_fee", "comment", "invoice")

    receiver = forms.CharField(
        label=gettext_lazy("Receiver"),
        max_length=127,
        help_text=gettext_lazy("Such as OK123456789, name@example.com or +49 30 1234567."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    receiver_pays_fee = forms.BooleanField(label=gettext_lazy("The receiver pays the fee"), required=False)
    comment = forms.CharField(label=gettext_lazy("Comment"), max_length=255, required=False)
    invoice = forms.CharField(label=gettext_lazy("Invoice"), max_length=127, required=False)

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return payments.send_money(
            payer=self.wallet,
            receiver=data["receiver"],
            currency=data["currency"].code,
            amount=data["amount"],
            now=now,
            comment=data["comment"],
            invoice=data["invoice"],
            receiver_pays_fee=data["receiver_pays_fee"],
        )

    def summary(self, transaction: Transaction) -> list[Row]:
        currency = transaction.currency_id
        rows: list[Row] = [
            self._from(),
            (_("To"), transaction.receiver_as_sent),
            (_("The receiver gets"), f"{transaction.net} {currency}"),
            (
                _("Fee, borne by the receiver") if transaction.receiver_fee else _("Fee"),
                f"{transaction.fee} {currency}",
            ),
            (_("You pay"), f"{transaction.total} {currency}"),
        ]
        if transaction.status == Transaction.Status.PENDING:
            waits = _("Nobody is registered with this address: the money waits until its owner registers.")
            rows.append((_("Please note"), waits))
        rows += [(_("Comment"), transaction.comment)] if transaction.comment else []
        rows += [(_("Invoice"), transaction.invoice)] if transaction.invoice else []
        return rows


class ExchangeForm(MoveForm):
    title, verb = gettext_lazy("Exchange"), gettext_lazy("Exchange")
    lead = gettext_lazy("Your own money from one currency into another, free of charge.")
    fields_of_errors = {"payer": "wallet"}
    field_order = ("wallet", "amount", "currency", "into")

    into = CurrencyField(label=gettext_lazy("Into"))

    def __init__(self, client: Account, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(client, data, initial=initial)
        # Into itself nothing can be exchanged, so another one is suggested.
        first = [currency.code for currency in Currency.objects.filter(enabled=True)[:2]]
        others = [code for code in first if code != self.initial.get("currency", first[0])]
        self.initial.setdefault("into", others[0] if others else "")

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return conversions.convert(
            self.wallet, amount=data["amount"], currency=data["currency"].code, into=data["into"].code, now=now
        )

    def summary(self, transaction: Transaction) -> list[Row]:
        assert transaction.exchange_rate is not None
        rate = variables.rate_text(transaction.exchange_rate)
        return [
            (_("Wallet"), f"{self.wallet.title} ({self.wallet.id})"),
            (_("You pay"), f"{transaction.paid_amount} {transaction.paid_currency_id}"),
            (_("You get"), f"{transaction.gross} {transaction.currency_id}"),
            (_("Rate"), f"1 {transaction.paid_currency_id} = {rate} {transaction.currency_id}"),
        ]


class DepositForm(MoveForm):
    title, verb = gettext_lazy("Deposit"), gettext_lazy("Deposit")
    lead = gettext_lazy("From a simulated payment system: the money is made up, the bookings are not.")
    field_order = ("wallet", "paysystem", "amount", "currency")

    paysystem = forms.ChoiceField(
        label=gettext_lazy("Payment system"), choices=[(system.code, system.name) for system in PAYSYSTEMS.values()]
    )

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return deposits.deposit(
            self.wallet,
            currency=data["currency"].code,
            amount=data["amount"],
            now=now,
            paysystem=data["paysystem"],
        )

    def summary(self, transaction: Transaction) -> list[Row]:
        return [
            (_("From"), statement.who_pays(transaction)),
            (_("To"), f"{self.wallet.title} ({self.wallet.id})"),
            (_("Fee"), f"{transaction.fee} {transaction.currency_id}"),
            (_("You get"), f"{transaction.net} {transaction.currency_id}"),
        ]


class WithdrawForm(MoveForm):
    """What withdrawals have in common. `system` is set by the page that lists them."""

    verb = gettext_lazy("Withdraw")
    lead = gettext_lazy("To a simulated payment system.")
    fields_of_errors = {"payer": "wallet", "payment_method": "currency"}
    system: ClassVar[str]

    def __init__(self, client: Account, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(client, data, initial=initial)
        if account := self.fields.get("account"):
            account.help_text = _such_as(*recipients.EXAMPLES[self.system])
        if card := self.fields.get("card_number"):
            card.help_text = _such_as(recipients.EXAMPLE_CARD)

    def summary(self, transaction: Transaction) -> list[Row]:
        withdrawal = transaction.withdrawal
        return [
            self._from(),
            (_("To"), f"{PAYSYSTEMS[transaction.payment_method].name}, {withdrawal.account}"),
            (_("Arrives"), f"{withdrawal.amount.normalize():f} {withdrawal.currency}"),
            (_("Fee"), f"{transaction.fee} {transaction.currency_id}"),
            (_("You pay"), f"{transaction.total} {transaction.currency_id}"),
        ]

    def terms(self, transaction: Transaction) -> str:
        return f"{super().terms(transaction)} {transaction.withdrawal.amount.normalize():f}"


class EcurrencyForm(WithdrawForm):
    field_order = ("wallet", "account", "amount", "currency", "fees_from_amount")

    account = forms.CharField(
        label=gettext_lazy("Account there"), max_length=127, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    fees_from_amount = forms.BooleanField(label=gettext_lazy("Take the fee out of the amount"), required=False)

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return withdrawals.to_ecurrency(
            self.wallet,
            method=self.system,
            account=data["account"],
            amount=data["amount"],
            currency=data["currency"].code,
            fees_from_amount=data["fees_from_amount"],
            now=now,
        )


class CryptoForm(WithdrawForm):
    field_order = ("wallet", "account", "amount", "currency")

    account = forms.CharField(
        label=gettext_lazy("Address there"), max_length=127, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return withdrawals.to_cryptocurrency(
            self.wallet,
            method=self.system,
            account=data["account"],
            amount=data["amount"],
            currency=data["currency"].code,
            now=now,
        )


class CardRuForm(WithdrawForm):
    """Roubles, so it asks for no currency."""

    fields_of_errors = {"payer": "wallet", "account": "card_number", "currency": "amount"}
    field_order = ("wallet", "card_number", "amount")

    # None takes the field of the parent away.
    currency = None  # type: ignore[assignment]
    amount = AmountField(label=gettext_lazy("Amount in RUB"))
    # A password field, so that no page ever gives the number back.
    card_number = forms.CharField(
        label=gettext_lazy("Card number"),
        max_length=23,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return withdrawals.to_card_ru(self.wallet, card_number=data["card_number"], amount=data["amount"], now=now)


class CardWorldForm(WithdrawForm):
    fields_of_errors = {"payer": "wallet", "account": "card_number"}
    field_order = ("wallet", "card_number", "expiry_month", "expiry_year", "amount", "currency")

    card_number = forms.CharField(
        label=gettext_lazy("Card number"),
        max_length=23,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    expiry_month = forms.CharField(
        label=gettext_lazy("Expiry month"), max_length=2, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    expiry_year = forms.CharField(
        label=gettext_lazy("Expiry year"), max_length=4, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )

    def carry_out(self, now: datetime) -> Transaction:
        data = self.cleaned_data
        return withdrawals.to_card_world(
            self.wallet,
            card_number=data["card_number"],
            currency=data["currency"].code,
            amount=data["amount"],
            expiry_month=data["expiry_month"],
            expiry_year=data["expiry_year"],
            now=now,
        )


def _such_as(*examples: str) -> str:
    return _("Such as %(examples)s.") % {"examples": ", ".join(examples)}


_BY_FAMILY: dict[Family, type[WithdrawForm]] = {
    Family.ECURRENCY: EcurrencyForm,
    Family.CARD_RU: CardRuForm,
    Family.CARD_WORLD: CardWorldForm,
    Family.CRYPTO: CryptoForm,
}


def _withdrawal(family: Family, system: str) -> type[WithdrawForm]:
    name = family.label if system == CARDS else PAYSYSTEMS[system].name
    return type("WithdrawalForm", (_BY_FAMILY[family],), {"title": name, "system": system})


# By what stands in the address of their pages: wmt, card-ru, btc.
WITHDRAWALS: dict[str, type[WithdrawForm]] = {
    (family.value.replace("_", "-") if system == CARDS else system.lower()): _withdrawal(family, system)
    for family, system in PAYOUTS
}
