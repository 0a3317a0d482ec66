"""The payment systems by which money comes in and goes out, under the codes that shops send in ok_paysystems."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from wallets.money import CENT, D, round_up

# The one method that is none: a wallet's own balance.
OKPAY_BALANCE = "OKB"


@dataclass(frozen=True)
class PaySystem:
    code: str
    name: StrOrPromise
    # What OKPAY keeps of a checkout payment through it, in per cent of the gross.
    percent: Decimal

    def fee(self, amount: Decimal) -> Decimal:
        return percentage(amount, self.percent)


class Family(TextChoices):
    """The withdrawal functions of the SOAP API, by what they pay to."""

    ECURRENCY = "ecurrency", _("E-currency")
    CARD_RU = "card_ru", _("Card, Russia")
    CARD_WORLD = "card_world", _("Card, world")
    CRYPTO = "crypto", _("Crypto-currency")


@dataclass(frozen=True)
class Payout:
    """How money leaves through a payment system."""

    family: Family
    system: str
    # What accounts there hold, the usual one first.
    currencies: tuple[str, ...]
    # What OKPAY keeps, in per cent of the amount asked for.
    percent: Decimal
    # In euros; they hold for what is sent, without the fee.
    least: Decimal
    most: Decimal

    def fee(self, amount: Decimal) -> Decimal:
        return percentage(amount, self.percent)

    def currency_for(self, currency: str) -> str:
        """What arrives: the wallet's own currency if the payment system has it, else its usual one."""
        return currency if currency in self.currencies else self.currencies[0]


def percentage(amount: Decimal, percent: Decimal) -> Decimal:
    """A fee: at least one cent, rounded up to the cent."""
    return max(CENT, round_up(amount * percent / 100))


# Only one percentage was ever recorded, 1.00 -> 0.05; docs/decisions.md has the others.
PAYSYSTEMS = {
    system.code: system
    for system in (
        PaySystem("CC", _("Credit cards"), D("5")),
        PaySystem("VMF", _("Visa & MasterCard"), D("5")),
        PaySystem("SF", _("Sofort"), D("3")),
        PaySystem("WMT", _("WebMoney"), D("2")),
        PaySystem("BTC", _("Bitcoin"), D("1")),
        PaySystem("QIW", _("QIWI"), D("5")),
        PaySystem("YMO", _("Yandex Money"), D("4")),
        PaySystem("SBR", _("Sberbank"), D("3")),
        PaySystem("ALF", _("Alfa-Click"), D("3")),
        PaySystem("PSB", _("PromSvyazBank"), D("3")),
        PaySystem("MTS", _("MTS"), D("5")),
        PaySystem("TL2", _("Tele2"), D("5")),
        PaySystem("BLN", _("Beeline"), D("5")),
        PaySystem("MGF", _("MegaFon"), D("5")),
        PaySystem("MFS", _("Money Polo"), D("3")),
        PaySystem("WON", _("W1"), D("4")),
    )
}

CARDS = "VMF"
# Percentages and limits are ours: round and plausible, none was recorded.
PAYOUTS = {
    (payout.family, payout.system): payout
    for payout in (
        Payout(Family.ECURRENCY, "WMT", ("USD", "EUR", "RUB"), D("2"), least=D("1"), most=D("5000")),
        Payout(Family.ECURRENCY, "QIW", ("RUB",), D("3"), least=D("1"), most=D("1000")),
        Payout(Family.ECURRENCY, "YMO", ("RUB",), D("3"), least=D("1"), most=D("1000")),
        Payout(Family.ECURRENCY, "WON", ("RUB", "USD", "EUR"), D("2"), least=D("1"), most=D("3000")),
        Payout(Family.ECURRENCY, "MFS", ("USD", "EUR"), D("1"), least=D("1"), most=D("10000")),
        Payout(Family.CARD_RU, CARDS, ("RUB",), D("3"), least=D("5"), most=D("750")),
        Payout(Family.CARD_WORLD, CARDS, ("USD", "EUR", "GBP"), D("3"), least=D("10"), most=D("2500")),
        Payout(Family.CRYPTO, "BTC", ("BTC",), D("1"), least=D("5"), most=D("20000")),
    )
}
# Units per euro of what no balance holds, so it stands in no row of Currency.
CRYPTO_PER_EURO = {"BTC": D("0.00002")}
