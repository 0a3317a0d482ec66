"""Clients whom a merchant registers."""

from datetime import timedelta

import pytest
from django.contrib.auth.forms import PasswordResetForm

from sandbox import clock
from wallets import parties, payments, registration
from wallets.errors import EmailTaken, IncorrectEmail, IncorrectParameters, PaymentError
from wallets.models import Account, Wallet
from wallets.money import D


def register(merchant: Wallet, **more: str) -> Account:
    given = {"email": "Clara@Example.com", "first_name": "Clara", "last_name": "Client"} | more
    return registration.register_client(merchant=merchant.account, now=clock.now(merchant.account.sandbox), **given)


def test_a_client_has_an_account_a_wallet_and_whom_it_came_by(merchant: Wallet) -> None:
    account = register(
        merchant, phone="+49 30 7654321", country_code="de", city="Berlin", street="Gasse 1", zip="10115"
    )

    account.refresh_from_db()
    assert (account.email, account.name) == ("clara@example.com", "Clara Client")
    assert (account.phone, account.country_code, account.city) == ("49-307654321", "DE", "Berlin")
    assert (account.street, account.zip) == ("Gasse 1", "10115")
    assert account.verification == "Unverified"
    assert account.registered_by == merchant.account
    assert parties.find_wallet("clara@example.com").account == account


def test_nobody_knows_the_password_but_a_new_one_can_be_sent(merchant: Wallet) -> None:
    user = register(merchant).user

    assert user.has_usable_password()
    for guess in ("", "clara@example.com", "Clara"):
        assert not user.check_password(guess)
    assert list(PasswordResetForm().get_users("clara@example.com")) == [user]


def test_what_was_sent_before_is_collected(merchant: Wallet, buyer: Wallet) -> None:
    now = clock.now(buyer.account.sandbox)
    payments.send_money(payer=buyer, receiver="clara@example.com", currency="EUR", amount=D("20"), now=now)

    wallet = parties.primary_wallet(register(merchant))

    assert wallet.balance("EUR") == D("20.00")


@pytest.mark.parametrize(
    ("more", "refusal", "field"),
    [
        ({"email": "clara"}, IncorrectEmail, "email"),
        ({"email": ""}, IncorrectEmail, "email"),
        ({"email": "BUYER@example.com"}, EmailTaken, "email"),
        ({"email": "admin@example.com"}, EmailTaken, "email"),  # a login without an account
        ({"first_name": " "}, IncorrectParameters, "first_name"),
        ({"phone": "030 7654321"}, IncorrectParameters, "phone"),
        ({"phone": "+49 30 1234567"}, IncorrectParameters, "phone"),  # the buyer's
        ({"country_code": "XX"}, IncorrectParameters, "country"),
        ({"city": "x" * 41}, IncorrectParameters, "city"),
    ],
)
def test_refusals(
    merchant: Wallet, buyer: Wallet, more: dict[str, str], refusal: type[PaymentError], field: str
) -> None:
    before = Account.objects.count()

    with pytest.raises(refusal) as refused:
        register(merchant, **more)

    assert refused.value.field == field
    assert Account.objects.count() == before
    assert str(refused.value)


def test_the_same_client_twice(merchant: Wallet, stranger: Wallet) -> None:
    first = register(merchant)

    with pytest.raises(EmailTaken):
        register(stranger)

    first.refresh_from_db()
    assert first.registered_by == merchant.account
    assert first.created_at - clock.now(first.sandbox) < timedelta(0)
