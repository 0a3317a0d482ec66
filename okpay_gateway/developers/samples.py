"""The twelve forms of the official page "Code Samples", in our words: what each is for and what it adds."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

Pair = tuple[str, str]

# Whose wallet the official samples pay; the demo merchant has it.
RECEIVER = "OK702746927"
_POSTER = (("ok_item_1_name", "OKPAY Poster"), ("ok_item_1_price", "100"))
_USD = ("ok_currency", "USD")


@dataclass(frozen=True)
class Sample:
    """`title` is the official one and stays in English; `pairs` are all variables but the receiver."""

    title: str
    text: StrOrPromise
    pairs: tuple[Pair, ...]
    # Variables that make the difference.
    adds: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        return slugify(self.title)

    def form(self, receiver: str) -> list[Pair]:
        return [("ok_receiver", receiver), *self.pairs]

    def html(self, *, receiver: str, origin: str) -> str:
        """The source, to be copied to a web page."""
        inputs = "".join(
            f'   <input type="hidden" name="{escape(name)}" value="{escape(value)}"/>\n'
            for name, value in self.form(receiver)
        )
        return (
            f'<form  method="post" action="{origin}/process.html">\n{inputs}'
            f'   <input type="image" name="submit" alt="OKPAY Payment" src="{origin}/img/buttons/x02.gif"/>\n</form>\n'
        )


def _sample(title: str, text: StrOrPromise, pairs: Iterable[Pair], *adds: str) -> Sample:
    return Sample(title, text, tuple(pairs), adds)


SAMPLES = (
    _sample("Basic", _("The least there is: one thing at one price."), (*_POSTER, _USD)),
    _sample(
        "Basic with Invoice",
        _("With your own number of the order, which comes back with the payment."),
        (*_POSTER, _USD, ("ok_invoice", "99999")),
        "ok_invoice",
    ),
    _sample(
        "Several Items",
        _("A shopping cart: items are numbered from 1, and paid together."),
        (
            *_POSTER,
            ("ok_item_1_article", "555"),
            ("ok_item_2_name", "Robot"),
            ("ok_item_2_price", "50"),
            ("ok_item_2_article", "777"),
            _USD,
        ),
        "ok_item_#_name",
        "ok_item_#_price",
        "ok_item_#_article",
    ),
    _sample(
        "Items Quantity",
        _("Three pieces of the same; the price is that of one."),
        (*_POSTER, ("ok_item_1_quantity", "3"), _USD),
        "ok_item_#_quantity",
    ),
    _sample(
        "Shipping",
        _("Goods that are sent: the buyer is asked where to, and pays for it."),
        (*_POSTER, ("ok_item_1_type", "shipment"), ("ok_item_1_shipping", "10"), _USD),
        "ok_item_#_type",
        "ok_item_#_shipping",
    ),
    _sample(
        "Taxes and Handling",
        _("Shipping, handling and tax come on top of the price."),
        (*_POSTER, ("ok_item_1_shipping", "10"), ("ok_item_1_handling", "7"), ("ok_item_1_tax", "3"), _USD),
        "ok_item_#_handling",
        "ok_item_#_tax",
    ),
    _sample(
        "Payment Argument",
        _("A question to the buyer: a title without a value must be filled in before the payment."),
        (*_POSTER, _USD, ("ok_item_1_custom_1_title", "Description")),
        "ok_item_#_custom_1_title",
    ),
    _sample(
        "Custom Payment Arguments",
        _("Two lines of your own, shown to the buyer and given back to you."),
        (
            *_POSTER,
            _USD,
            ("ok_item_1_custom_1_title", "Description"),
            ("ok_item_1_custom_1_value", "OKPAY Company promo wall poster"),
            ("ok_item_1_custom_2_title", "Size"),
            ("ok_item_1_custom_2_value", "A1 Poster"),
        ),
        "ok_item_#_custom_1_value",
        "ok_item_#_custom_2_title",
        "ok_item_#_custom_2_value",
    ),
    _sample(
        "Custom Price",
        _("No price: the buyer says how much he wants to give. Made for donations."),
        (("ok_item_1_name", "OKPAY Poster"), _USD),
        "ok_item_#_price",
    ),
    _sample(
        "Commission on Buyer",
        _("The buyer bears the fee; each way to pay shows what it costs in all."),
        (*_POSTER, _USD, ("ok_fees", "1")),
        "ok_fees",
    ),
    _sample(
        "Custom Payment Options",
        _("Only some ways to pay, beside the OKPAY balance: here cards and Sofort."),
        (*_POSTER, _USD, ("ok_paysystems", "CC SF")),
        "ok_paysystems",
    ),
    _sample(
        "Direct Payment Processing",
        _("Straight to one payment system, here Sofort, without login and review."),
        (*_POSTER, _USD, ("ok_directdeposit", "SF")),
        "ok_directdeposit",
    ),
)
