"""A client's scenarios: Profile -> Merchant -> Test Tools -> Scenarios."""

from django.urls import path

from okpay_gateway.scenarios import pages

urlpatterns = [
    path("", pages.listing, name="scenarios"),
    path("new/", pages.new, name="scenario-new"),
    path("<int:scenario_id>/<slug:act>/", pages.act, name="scenario-act"),
]
