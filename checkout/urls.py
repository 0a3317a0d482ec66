"""The checkout's addresses. A token has the letters of a slug."""

from django.urls import path

from checkout import views

urlpatterns = [
    path("<slug:token>/", views.checkout, name="checkout"),
    path("<slug:token>/login/", views.log_in, name="checkout-login"),
    path("<slug:token>/register/", views.register, name="checkout-register"),
    path("<slug:token>/guest/", views.guest, name="checkout-guest"),
    path("<slug:token>/paysystem/", views.paysystem, name="checkout-paysystem"),
    path("<slug:token>/cancel/", views.cancel, name="checkout-cancel"),
    path("<slug:token>/return/", views.return_to_shop, name="checkout-return"),
    path("<slug:token>/receipt/", views.receipt, name="checkout-receipt"),
    path("<slug:token>/language/", views.set_language, name="checkout-language"),
]
