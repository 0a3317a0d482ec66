"""The site's own app: what belongs to no other."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    name = "okpay_gateway"
    # Staff see it above the requests of visitors.
    verbose_name = _("Site")
