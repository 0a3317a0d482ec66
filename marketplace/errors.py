"""What can be wrong with a purchase. Names as the service writes its errors; no official page has these, so the numbers
are ours."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallets.errors import PaymentError, WrongState


class ProductNotOnSale(PaymentError):
    number, name, field = 320, "Product_Not_On_Sale", "product"
    text = _("This product is not for sale at present.")


class OutOfStock(PaymentError):
    """`left` is how many pieces could be bought."""

    number, name, field = 321, "Out_Of_Stock", "quantity"
    text = _("This product is sold out.")

    def __init__(self, title: str, left: int) -> None:
        super().__init__(title, left)
        self.title, self.left = title, left

    def __str__(self) -> str:
        values = {"title": self.title, "left": self.left}
        if not self.left:
            return str(_("“%(title)s” is sold out.")) % values
        return (
            ngettext(
                "Of “%(title)s” only %(left)d piece is left.",
                "Of “%(title)s” only %(left)d pieces are left.",
                self.left,
            )
            % values
        )


class PriceChanged(PaymentError):
    number, name, field = 322, "Price_Changed", "total"
    text = _("The price has changed meanwhile.")

    def __init__(self, total: Decimal, currency: str) -> None:
        super().__init__(total, currency)
        self.total, self.currency = total, currency

    def __str__(self) -> str:
        values = {"total": self.total, "currency": self.currency}
        return str(_("The price has changed meanwhile: it is %(total)s %(currency)s now. Nothing was bought.")) % values


class OtherSandbox(PaymentError):
    number, name, field = 323, "Other_Sandbox", "payer"
    text = _("Buyer and store live in different sandboxes, which know nothing of one another.")


class WrongOrderState(WrongState):
    text = _("The order's status, %(status)s, does not allow this.")


class StockChanged(PaymentError):
    """Pieces were sold, or given back, while somebody was about to write another number."""

    number, name, field = 325, "Stock_Changed", "stock"
    text = _("The stock has changed meanwhile.")

    def __init__(self, stock: int | None) -> None:
        super().__init__(stock)
        self.stock = stock

    def __str__(self) -> str:
        if self.stock is None:
            return str(
                _("The stock has changed meanwhile: it is unlimited now. Look again, and write what it shall be.")
            )
        text = _("The stock has changed meanwhile: there are %(stock)d now. Look again, and write what it shall be.")
        return str(text) % {"stock": self.stock}
