"""The staff's pages carry the site's name."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from okpay_gateway.journal import admin as _journal  # noqa: F401 (its pages register themselves)
from okpay_gateway.shop_systems import admin as _shop_systems  # noqa: F401

admin.site.site_header = _("OKPAY gateway")
admin.site.site_title = _("OKPAY gateway")
admin.site.index_title = _("Staff")
admin.site.index_template = "site/staff.html"
admin.site.login_template = "site/staff_login.html"
