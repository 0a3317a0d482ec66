"""Every address of the site, in the order of the contract in README.md."""

from django.contrib import admin
from django.urls import include, path, re_path

from checkout import views as checkout
from ipn import views as ipn
from okpay_gateway import health, marketplace_checkout, views
from okpay_gateway.journal import page_urls as journal
from soapapi import views as soapapi
from wallets.pages import okpay_seal, shops

urlpatterns = [
    path("", views.home, name="home"),
    path("process.html", checkout.process, name="process"),
    path("checkout/", include("checkout.urls")),
    path("img/buttons/<slug:name>.gif", checkout.graphic, name="graphic"),
    path("ipn-verify.html", ipn.verify, name="ipn-verify"),
    path("ipn-verify", ipn.verify),
    path("OkPayAPI", soapapi.okpay_api, name="okpay-api"),
    path("account/ipn/", include("ipn.page_urls")),
    path("account/buttons/", include("checkout.page_urls")),
    path("account/journal/", include(journal.for_clients)),
    path("account/scenarios/", include("okpay_gateway.scenarios.page_urls")),
    path("account/marketplace/", include("marketplace.page_urls")),
    path("account/merchant/", include("okpay_gateway.merchant.page_urls")),
    path("account/", include("wallets.urls")),
    path("admin/journal/", include(journal.for_staff)),
    path("marketplace/buy/", marketplace_checkout.buy, name="marketplace-buy"),
    path("marketplace/bought/<slug:token>/", marketplace_checkout.bought, name="marketplace-bought"),
    path("marketplace/", include("marketplace.urls")),
    path("shop-systems/", include("okpay_gateway.shop_systems.page_urls")),
    path("developers/", include("okpay_gateway.developers.page_urls")),
    path("seal/<str:wallet_id>/", okpay_seal.seal, name="seal"),
    re_path(r"^shop-logos/(?P<name>[\w-]{16})\.webp$", shops.logo, name="shop-logo"),
    path("admin/", admin.site.urls),
    path("api/", include("okpay_gateway.api_urls")),
    path("language/", views.set_language, name="set-language"),
    path("health/", health.health, name="health"),
    path("metrics", health.metrics, name="metrics"),
    path("metrics/", health.metrics),
]

handler400 = "okpay_gateway.views.bad_request"
handler403 = "okpay_gateway.views.permission_denied"
handler404 = "okpay_gateway.views.not_found"
handler500 = "okpay_gateway.views.server_error"
