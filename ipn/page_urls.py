"""A client's IPN pages: Profile -> Merchant -> Test Tools."""

from django.urls import path

from ipn import pages
from ipn.listener_check import pages as listener_check

urlpatterns = [
    path("", pages.history, name="ipn-history"),
    path("resend/", pages.resend_found, name="ipn-resend-found"),
    path("simulator/", pages.simulator, name="ipn-simulator"),
    path("verifications/", pages.verifications, name="ipn-verifications"),
    path("verifications/<int:verification_id>/", pages.verification, name="ipn-verification"),
    path("listener-check/", listener_check.start, name="ipn-listener-check"),
    path("listener-check/<int:check_id>/", listener_check.result, name="ipn-listener-check-result"),
    path("<int:message_id>/", pages.message, name="ipn-message"),
    path("<int:message_id>/resend/", pages.resend, name="ipn-resend"),
]
