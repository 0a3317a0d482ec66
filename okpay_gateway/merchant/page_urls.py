"""Merchant Overview: Profile -> Merchant -> Merchant Overview."""

from django.urls import path

from okpay_gateway.merchant import pages

urlpatterns = [
    path("", pages.overview, name="merchant"),
    path("checkouts/", pages.checkouts, name="merchant-checkouts"),
]
