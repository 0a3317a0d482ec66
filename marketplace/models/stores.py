"""A merchant's store in the Marketplace: registered by its owner, let in by staff."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox
from wallets.models import Account, Wallet


class StoreQuerySet(models.QuerySet["Store"]):
    def selling(self, sandbox: Sandbox) -> "StoreQuerySet":
        return self.filter(status=Store.Status.APPROVED, account__is_blocked=False, account__sandbox=sandbox)


class Store(models.Model):
    """One of each account. Only what an approved store of an account that is not blocked sells can be bought."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting for approval")
        APPROVED = "approved", _("Approved")
        SUSPENDED = "suspended", _("Suspended")

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="store", verbose_name=_("owner"))
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.CASCADE,
        related_name="stores",
        verbose_name=_("wallet"),
        help_text=_("It receives the money, and its Integration settings tell the listener."),
    )
    name = models.CharField(_("name"), max_length=127)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    email = models.EmailField(_("e-mail for buyers"), max_length=127, blank=True)
    phone = models.CharField(_("phone for buyers"), max_length=30, blank=True)
    url = models.CharField(_("web address for buyers"), max_length=400, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING)
    # What staff tell the owner about it.
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("registered"))

    objects = StoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name

    @property
    def sandbox(self) -> Sandbox:
        return self.account.sandbox

    @property
    def sells(self) -> bool:
        return self.status == self.Status.APPROVED and not self.account.is_blocked
