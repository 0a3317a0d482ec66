"""A payment link or button that a merchant keeps in his account, and the keys that seal encrypted buttons."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox
from wallets import secrecy
from wallets.models import Transaction, Wallet

# Letters and digits that nobody mistakes for one another when he copies them from a poster.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_SEALED_FOR = "button key"


def new_link_id() -> str:
    """Nobody guesses another merchant's link, and it is short enough for a small QR code."""
    return _random(12)


def new_key_id() -> str:
    return _random(10)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _letter in range(length))


class PaymentLink(models.Model):
    """A payment form of a merchant's that is kept here. Its id is the variable ok_link."""

    id = models.CharField(_("link ID"), primary_key=True, max_length=12, default=new_link_id)
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="payment_links", verbose_name=_("wallet"))
    name = models.CharField(_("name"), max_length=127, help_text=_("That of the first item."))
    variables = models.JSONField(
        _("variables"), help_text=_("Pairs of name and value as a form sends them, ok_receiver among them.")
    )
    graphic = models.CharField(_("graphic"), max_length=10, blank=True, help_text=_("Empty: a text link."))
    graphic_language = models.CharField(_("language of the graphic"), max_length=10, default="en")
    caption = models.CharField(_("text of the link"), max_length=127, blank=True)
    is_encrypted = models.BooleanField(_("encrypted"), default=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    # Counts the changes of the variables. Encrypted buttons carry the one that they were sealed with.
    revision = models.PositiveIntegerField(_("revision"), default=1)
    oldest_revision = models.PositiveIntegerField(
        _("oldest revision"), default=1, help_text=_("Encrypted buttons of older ones are refused.")
    )
    created_at = models.DateTimeField(_("created"))
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("payment link")
        verbose_name_plural = _("payment links")
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(oldest_revision__lte=F("revision")), name="the_newest_buttons_of_a_link_are_accepted"
            ),
        )
        indexes = (models.Index(F("wallet"), F("created_at").desc(), name="payment_links_of_a_wallet"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    @property
    def sandbox(self) -> Sandbox:
        return self.wallet.account.sandbox

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.variables]

    @cached_property
    def clicks(self) -> int:
        """The checkouts opened by it. Of a whole page of links `links.count` counts them at once."""
        return self.sessions.count()

    @cached_property
    def payments(self) -> int:
        """Of these, the completed ones."""
        return self.sessions.filter(transaction__status=Transaction.Status.COMPLETED).count()

    @property
    def amount(self) -> str:
        """The price of a single item, as it was written; of several, or one that the customer enters, a word."""
        prices = [value for name, value in self.pairs if name.startswith("ok_item_") and name.endswith("_price")]
        names = [name for name, _value in self.pairs if name.startswith("ok_item_") and name.endswith("_name")]
        if len(names) > 1:
            return str(_("several items"))
        return f"{prices[0]} {self.value('ok_currency').upper() or 'EUR'}" if prices else str(_("any amount"))

    def value(self, variable: str) -> str:
        """What the form says, "" if it does not have the variable."""
        return dict(self.pairs).get(variable, "")


class ButtonKey(models.Model):
    """What seals encrypted buttons of a wallet: this site's key, or one that the merchant's own program uses."""

    id = models.CharField(_("key ID"), primary_key=True, max_length=10, default=new_key_id)
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="button_keys", verbose_name=_("wallet"))
    title = models.CharField(_("title"), max_length=127, blank=True)
    is_ours = models.BooleanField(_("used by this site"), default=False)
    # Recoverable, because seals are opened with it; so it is encrypted itself.
    secret_sealed = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("button key")
        verbose_name_plural = _("button keys")
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                "wallet", name="one_key_of_ours_per_wallet", condition=Q(is_ours=True, revoked_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def secret(self) -> bytes:
        """32 bytes. Never show or log them. Raises secrecy.KeyChanged."""
        return bytes.fromhex(secrecy.open_sealed(self.secret_sealed, purpose=_SEALED_FOR))

    @secret.setter
    def secret(self, secret: bytes) -> None:
        self.secret_sealed = secrecy.seal(secret.hex(), purpose=_SEALED_FOR)

    def reseal(self) -> None:
        """Encrypt it with the present SECRET_KEY. Raises secrecy.KeyChanged."""
        self.secret = self.secret
