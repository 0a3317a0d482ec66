"""How shop systems are pointed at this server. Open to everybody."""

from django.urls import path

from okpay_gateway.shop_systems import pages

urlpatterns = [
    path("", pages.overview, name="shop-systems"),
    path("<slug:slug>/", pages.system, name="shop-system"),
]
