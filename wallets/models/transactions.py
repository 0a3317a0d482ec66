"""A transaction is the one fact; notifications, return variables, SOAP answers, JSON and admin rows are views of it."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sandbox import correlation
from sandbox.models import Sandbox
from wallets.models.currencies import Currency
from wallets.models.parties import Account, Wallet
from wallets.money import ZERO


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def involving(self, wallet: Wallet) -> "TransactionQuerySet":
        return self.filter(Q(payer_wallet=wallet) | Q(receiver_wallet=wallet))


class Transaction(models.Model):
    """One payment, deposit, withdrawal, exchange or reversal, from the official page "IPN Variable Reference".

    Amounts are seen by the receiver: `gross` is what was paid for, `fee` what OKPAY keeps, `net` what arrives.
    A fee that the payer bears is on top of `gross` and no concern of the receiver: then `net` equals `gross`.
    A reversal is a transaction of its own with a `parent`; its amounts are negative, as the official page says.
    """

    class Kind(models.TextChoices):
        PAYMENT_LINK = "payment_link", _("Payment link or button")
        SEND_MONEY = "send_money", _("Send Money")
        MASS_PAY = "mass_pay", _("Mass Payment")
        MARKETPLACE = "marketplace", _("Marketplace")
        DEPOSIT = "deposit", _("Deposit")
        WITHDRAWAL = "withdrawal", _("Withdrawal")
        EXCHANGE = "exchange", _("Exchange")
        DEBIT_CARD = "debit_card", _("Debit card")

    class Status(models.TextChoices):
        COMPLETED = "completed", _("Completed")
        PENDING = "pending", _("Pending")
        FAILED = "failed", _("Failed")
        REVERSED = "reversed", _("Reversed")
        CANCELED = "canceled", _("Canceled")

    class PendingReason(models.TextChoices):
        REVIEW = "review", _("Being reviewed by OKPAY for risk")
        UNILATERAL = "unilateral", _("Sent to an e-mail address that is not yet registered or confirmed")
        VERIFY = "verify", _("The receiver is not yet verified")
        OTHER = "other", _("Other")

    class ReversalReason(models.TextChoices):
        REFUND = "refund", _("Refund")
        CHARGEBACK = "chargeback", _("Chargeback")
        OTHER = "other", _("Other")

    class FeePayer(models.TextChoices):
        PAYER = "payer", _("Payer")
        RECEIVER = "receiver", _("Receiver")

    # Seven digits, growing (the migration starts the sequence).
    id = models.BigAutoField(_("transaction ID"), primary_key=True)
    sandbox = models.ForeignKey(
        Sandbox, on_delete=models.CASCADE, related_name="transactions", verbose_name=_("sandbox")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    pending_reason = models.CharField(_("pending reason"), max_length=20, choices=PendingReason.choices, blank=True)
    reversal_reason = models.CharField(_("reversal reason"), max_length=20, choices=ReversalReason.choices, blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="reversals", verbose_name=_("parent")
    )

    # The other side of outside money is a house wallet. An anonymous payer's wallet is that of the payment system.
    payer_wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="paid", verbose_name=_("payer"))
    receiver_wallet = models.ForeignKey(
        Wallet, on_delete=models.CASCADE, related_name="received", verbose_name=_("receiver")
    )
    # Who paid from outside while logged in: the money came from the payment system, the person is known.
    payer_account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="paid", verbose_name=_("payer account")
    )
    receiver_as_sent = models.CharField(_("receiver as sent"), max_length=127, blank=True)
    payment_method = models.CharField(_("payment method"), max_length=10, help_text=_("OKB: an OKPAY balance."))

    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", verbose_name=_("currency"))
    gross = models.DecimalField(_("gross"), max_digits=20, decimal_places=2)
    fee = models.DecimalField(_("fee"), max_digits=20, decimal_places=2, default=ZERO)
    fee_payer = models.CharField(_("fee paid by"), max_length=10, choices=FeePayer.choices, default=FeePayer.RECEIVER)
    # What left the payer's balance when it was in another currency.
    paid_currency = models.ForeignKey(
        Currency, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("paid in")
    )
    paid_amount = models.DecimalField(_("paid amount"), max_digits=20, decimal_places=2, null=True, blank=True)
    exchange_rate = models.DecimalField(
        _("exchange rate"),
        max_digits=16,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("Units of the payment's currency for one unit of the payer's."),
    )

    invoice = models.CharField(_("invoice"), max_length=127, blank=True)
    comment = models.CharField(_("comment"), max_length=255, blank=True)
    ipn_url = models.TextField(_("notification URL"), blank=True, help_text=_("ok_ipn: overrides the wallet's."))
    correlation = models.CharField(
        _("correlation"),
        max_length=40,
        default=correlation.current,
        db_default="",
        help_text=_("What it shares with the request that caused it, with its notifications and their verification."),
    )
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("last change"))

    objects = TransactionQuerySet.as_manager()

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ("-id",)
        indexes = (
            models.Index(F("payer_wallet"), F("id").desc(), name="paid_newest_first"),
            models.Index(F("receiver_wallet"), F("id").desc(), name="received_newest_first"),
            models.Index(F("sandbox"), F("id").desc(), name="sandbox_newest_first"),
            # A wallet's history: what it is filtered by stands in the index itself (statement.py).
            *(
                models.Index(
                    fields=[side, "-created_at", "-id"],
                    include=["kind", "status", "currency", "paid_currency", "parent", *added],
                    name=name,
                )
                for side, name, added in (
                    ("payer_wallet", "paid_by_time", ()),
                    # What was sold is added up from the index alone (okpay_gateway/merchant/figures.py).
                    ("receiver_wallet", "received_by_time", ("gross", "fee", "fee_payer")),
                )
            ),
            # The few to which something happened later.
            models.Index(
                F("sandbox"), F("id").desc(), name="transaction_changed", condition=Q(updated_at__gt=F("created_at"))
            ),
            models.Index(F("invoice"), name="transaction_invoice", condition=~Q(invoice="")),
            models.Index(F("correlation"), name="transaction_correlation", condition=~Q(correlation="")),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.gross} {self.currency_id}"

    @property
    def receiver_fee(self) -> Decimal:
        """The fee as the receiver sees it: none when the payer bears it."""
        return self.fee if self.fee_payer == self.FeePayer.RECEIVER else ZERO

    @property
    def payer_fee(self) -> Decimal:
        return self.fee - self.receiver_fee

    @property
    def net(self) -> Decimal:
        """What the receiver's balance gains."""
        return self.gross - self.receiver_fee

    @property
    def total(self) -> Decimal:
        """What the payer pays, in the payment's currency."""
        return self.gross + self.payer_fee

    @property
    def story(self) -> str:
        """The correlation under which all that belongs to it is found, also of one that was born without."""
        return self.correlation or f"transaction-{self.id}"

    @property
    def payer(self) -> Account | None:
        """The account that pays, None for an anonymous payer."""
        if self.payer_wallet.is_house:
            return self.payer_account
        return self.payer_wallet.account


class PaymentItem(models.Model):
    """One line of what is paid for, ok_item_#_*: of an order at the checkout, and then of its payment."""

    class Type(models.TextChoices):
        SHIPMENT = "shipment", _("Tangible goods")
        DIGITAL = "digital", _("Digital products")
        SERVICE = "service", _("Services")
        DONATION = "donation", _("Donations")

    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=127)
    article = models.CharField(_("article"), max_length=40, blank=True)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices, default=Type.DIGITAL)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    handling = models.DecimalField(_("handling"), max_digits=20, decimal_places=2, default=ZERO)
    shipping = models.DecimalField(
        _("shipping"), max_digits=20, decimal_places=2, default=ZERO, help_text=_("Of all pieces.")
    )
    tax = models.DecimalField(_("tax"), max_digits=20, decimal_places=2, default=ZERO)
    custom_1_title = models.CharField(_("custom field 1 title"), max_length=127, blank=True)
    custom_1_value = models.CharField(_("custom field 1 value"), max_length=127, blank=True)
    custom_2_title = models.CharField(_("custom field 2 title"), max_length=127, blank=True)
    custom_2_value = models.CharField(_("custom field 2 value"), max_length=127, blank=True)
    # The ID of a Marketplace item; none for what a shop sells on its own pages.
    product_id = models.BigIntegerField(_("Marketplace item"), null=True, blank=True)

    class Meta:
        abstract = True
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ("number",)

    def __str__(self) -> str:
        return self.name

    @property
    def custom_fields(self) -> list[tuple[str, str]]:
        """(title, value) of those that have a title; at the checkout an empty value is for the buyer to fill in."""
        fields = [(self.custom_1_title, self.custom_1_value), (self.custom_2_title, self.custom_2_value)]
        return [(title, value) for title, value in fields if title]


class TransactionItem(PaymentItem):
    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="items")
    price = models.DecimalField(_("price"), max_digits=20, decimal_places=2, help_text=_("Of one piece."))

    class Meta(PaymentItem.Meta):
        constraints = (models.UniqueConstraint("transaction", "number", name="one_item_per_number"),)

    @property
    def gross(self) -> Decimal:
        """ItemTotal of the official page: price x quantity + tax + handling + shipping."""
        return self.price * self.quantity + self.tax + self.handling + self.shipping


class DeliveryAddress(models.Model):
    """Where the shipment items of a payment go, as given at the checkout."""

    transaction = models.OneToOneField(Transaction, on_delete=models.CASCADE, related_name="delivery_address")
    name = models.CharField(_("name"), max_length=128)
    country_code = models.CharField(_("country"), max_length=2)
    city = models.CharField(_("city"), max_length=40)
    state = models.CharField(_("state or province"), max_length=40, blank=True)
    street = models.CharField(_("street"), max_length=200)
    zip = models.CharField(_("postal code"), max_length=20, blank=True)
    confirmed = models.BooleanField(_("confirmed"), default=False)

    class Meta:
        verbose_name = _("delivery address")
        verbose_name_plural = _("delivery addresses")

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"
