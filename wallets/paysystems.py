"""The payment systems by which money comes in and goes out, under the codes that shops send in ok_paysystems."""

from dataclasses import dataclass
from decimal import Decimal

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
        """At least one cent, rounded up to the cent."""
        return max(CENT, round_up(amount * self.percent / 100))


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
