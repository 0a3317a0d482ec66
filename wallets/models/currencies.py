"""The 21 currencies of the official page "Currency Codes"."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.money import D


class Currency(models.Model):
    code = models.CharField(_("code"), primary_key=True, max_length=3)
    name = models.CharField(_("name"), max_length=40)
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("Its place on the official page."))
    enabled = models.BooleanField(_("enabled"), default=True)
    per_euro = models.DecimalField(
        _("units per euro"),
        max_digits=14,
        decimal_places=6,
        validators=[MinValueValidator(D("0.000001"))],
        help_text=_("Rates between currencies follow from this. A change holds for payments from then on."),
    )

    class Meta:
        verbose_name = _("currency")
        verbose_name_plural = _("currencies")
        ordering = ("position",)
        constraints = (models.CheckConstraint(condition=Q(per_euro__gt=0), name="rate_is_positive"),)

    def __str__(self) -> str:
        return self.code
