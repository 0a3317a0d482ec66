"""Fields that several forms share: an own wallet, a currency, an amount, a web address, addresses of servers."""

import ipaddress
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from sandbox.api import is_web_address
from wallets import money
from wallets.models import Account, Currency, Wallet
from wallets.web_addresses import no_listener, no_way_back

# Letters of some languages, and emoji, are joined by these two; every other invisible sign is there to deceive.
JOINERS = "\u200c\u200d"


class OwnWalletField(forms.ModelChoiceField[Wallet]):
    """One of the client's wallets; somebody else's is as unknown as one that does not exist."""

    def __init__(self, client: Account, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Wallet"))
        super().__init__(own_wallets(client), empty_label=None, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.title} ({obj.id})"


class CurrencyField(forms.ModelChoiceField[Currency]):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Currency"))
        super().__init__(Currency.objects.filter(enabled=True), empty_label=None, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.code} · {obj.name}"


class AmountField(forms.CharField):
    """An amount of money, at least a cent, as a Decimal."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Amount"))
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=20, widget=widget, **kwargs)

    def clean(self, value: Any) -> Decimal:
        text = super().clean(value)
        try:
            amount = money.parse_price(text)
        except ValueError:
            amount = money.ZERO
        if not money.is_amount(amount):
            raise ValidationError(_("Write an amount of at least 0.01 with a point, such as 25.00."), code="amount")
        return amount


class WebAddressField(forms.CharField):
    """An http or https address. The host may be a bare name: in a compose file a shop is called `shop`."""

    widget = forms.URLInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2000, empty_value="", **kwargs)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if text and not is_web_address(text):
            raise ValidationError(
                _("Write a whole address that begins with http:// or https://, such as https://shop.example.com/ipn."),
                code="address",
            )
        return text


class ReturnAddressField(WebAddressField):
    """Where a buyer's browser goes."""

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if text and (reason := no_way_back(text)):
            raise ValidationError(reason, code="no_way_back")
        return text


class ListenerAddressField(WebAddressField):
    """Where notifications are posted to."""

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if text and (reason := no_listener(text)):
            raise ValidationError(reason, code="no_listener")
        return text


class NetworksField(forms.CharField):
    """Addresses and networks, one a line, as a list in the form in which they are compared."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        lines = str(super().clean(value) or "").splitlines()
        found, errors = [], []
        for number, line in enumerate(lines, start=1):
            if not (text := line.strip().rstrip(",")):
                continue
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError:
                errors.append(
                    ValidationError(
                        _("Line %(number)d: %(text)s is no IPv4 or IPv6 address and no network."),
                        params={"number": number, "text": text[:60]},
                    )
                )
                continue
            whole = network.prefixlen == network.max_prefixlen
            found.append(str(network.network_address if whole else network))
        if errors:
            raise ValidationError(errors)
        return list(dict.fromkeys(found))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


def plain_text(text: str) -> None:
    """For what others read as a name. Raises ValidationError for what cannot be seen, or makes text run backwards."""
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs", "Cn") and sign not in JOINERS for sign in text):
        raise ValidationError(_("Write plain text: there are invisible signs in it."), code="invisible")


def own_wallets(client: Account) -> QuerySet[Wallet]:
    return Wallet.objects.filter(account=client, role=Wallet.Role.CLIENT).order_by("created_at", "id")
