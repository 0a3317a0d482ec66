"""Pictures of products and stores, kept in the database as clients' documents are: in every backup, copy and reset."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models.products import Product
from marketplace.models.stores import Store


def new_name() -> str:
    """Part of the picture's address. It cannot be guessed, and another picture never has the same."""
    return secrets.token_urlsafe(12)


class Picture(models.Model):
    """One picture of a product or, without a product, the store's logo."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="pictures", verbose_name=_("store"))
    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.CASCADE, related_name="images", verbose_name=_("product")
    )
    name = models.CharField(_("name"), max_length=16, unique=True, default=new_name)
    position = models.PositiveIntegerField(_("position"), default=0)
    alt = models.CharField(_("description"), max_length=127, blank=True, help_text=_("For those who cannot see it."))
    created_at = models.DateTimeField(_("uploaded"))

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint("store", name="one_logo_per_store", condition=Q(product=None)),)

    def __str__(self) -> str:
        return self.name


class Rendition(models.Model):
    """The picture in one size, encoded by us: nothing of the file that was uploaded is kept or served."""

    class Size(models.TextChoices):
        """The longest edge is at most this many pixels: see pictures.py."""

        SMALL = "small", _("Small")
        MEDIUM = "medium", _("Medium")
        LARGE = "large", _("Large")

    picture = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions", verbose_name=_("picture"))
    size = models.CharField(_("size"), max_length=6, choices=Size.choices)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    content = models.BinaryField()

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        constraints = (models.UniqueConstraint("picture", "size", name="one_rendition_per_size"),)

    def __str__(self) -> str:
        return f"{self.picture_id} {self.size}"
