"""A client's own pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path, register_converter
from django.urls.converters import StringConverter

from wallets.pages import (
    entrance,
    history,
    mailbox,
    mass_payments,
    moves,
    okpay_seal,
    overview,
    profile,
    shops,
    wallets,
)


class WalletID(StringConverter):
    """OK and nine digits: nothing else reaches the database."""

    regex = "OK[0-9]{9}"


register_converter(WalletID, "wallet")

urlpatterns = [
    path("", overview.account, name="account"),
    path("login/", entrance.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("register/", entrance.register, name="register"),
    path("forgotten/", entrance.Forgotten.as_view(), name="forgotten"),
    path("forgotten/sent/", entrance.forgotten_sent, name="forgotten-sent"),
    path("forgotten/<uidb64>/<token>/", entrance.SetNewPassword.as_view(), name="new-password"),
    path("profile/", profile.profile, name="profile"),
    path("profile/details/", profile.details, name="details"),
    path("profile/password/", profile.password, name="password"),
    path("profile/email/", profile.email, name="email"),
    path("profile/email/link/", profile.send_email_link, name="send-email-link"),
    path("profile/phone/", profile.phone, name="phone"),
    path("profile/phone/code/", profile.send_phone_code, name="send-phone-code"),
    path("profile/verification/", profile.verification, name="verification"),
    path("confirm-email/<str:token>/", profile.confirm_email, name="confirm-email"),
    path("mailbox/", mailbox.messages, name="mailbox"),
    path("wallets/", wallets.wallets, name="wallets"),
    path("wallets/<wallet:wallet_id>/", wallets.properties, name="wallet"),
    path("wallets/<wallet:wallet_id>/integration/", wallets.integration, name="wallet-integration"),
    path("wallets/<wallet:wallet_id>/integration/password/", wallets.generate_api_password, name="wallet-api-password"),
    path("wallets/<wallet:wallet_id>/history/", history.history, name="wallet-history"),
    path("wallets/<wallet:wallet_id>/history.csv", history.export, name="wallet-history-csv"),
    path("wallets/<wallet:wallet_id>/shop/", shops.shop, name="wallet-shop"),
    path("wallets/<wallet:wallet_id>/shop/logo/remove/", shops.remove_logo, name="wallet-shop-logo-remove"),
    path("seal/", okpay_seal.generator, name="account-seal"),
    path("seal/<wallet:wallet_id>/", okpay_seal.generator, name="wallet-seal"),
    path("wallets/<wallet:wallet_id>/calls/", wallets.api_calls, name="wallet-api-calls"),
    path("transactions/<int:transaction_id>/", history.transaction, name="transaction"),
    path("send/", moves.send_money, name="send-money"),
    path("exchange/", moves.exchange, name="exchange"),
    path("deposit/", moves.deposit, name="deposit"),
    path("withdraw/", moves.withdraw, name="withdraw"),
    path("withdraw/<slug:method>/", moves.withdraw_to, name="withdraw-to"),
    path("mass-payment/", mass_payments.lists, name="mass-payments"),
    path("mass-payment/<int:mass_payment_id>/", mass_payments.mass_payment, name="mass-payment"),
    path("mass-payment/<int:mass_payment_id>/send/", mass_payments.send, name="mass-payment-send"),
]
