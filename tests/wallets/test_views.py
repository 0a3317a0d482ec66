"""A client's own pages: nobody comes in by guessing, nobody sees another's money."""

import pytest
from django.test import Client

from sandbox import clock
from sandbox.models import Sandbox
from wallets import payments, statement
from wallets.models import Account, Transaction, User, Wallet
from wallets.money import D

NEWCOMER = {
    "kind": "person",
    "first_name": "Nina",
    "last_name": "Newcomer",
    "email": "Nina@Example.com",
    "password": "correct horse",
    "password_again": "correct horse",
    "phone": "+49 30 7654321",
    "country_code": "DE",
    "city": "Berlin",
}


# Log in and out


def test_the_right_password_lets_in(client: Client, buyer: Wallet) -> None:
    response = client.post("/account/login/", {"username": "BUYER@example.com", "password": "buyer"})

    assert response["Location"] == "/account/"
    assert "Bob Buyer" in client.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("email", "password"), [("buyer@example.com", "Buyer"), ("nobody@example.com", "buyer"), ("no address", "buyer")]
)
def test_a_wrong_one_does_not(client: Client, buyer: Wallet, email: str, password: str) -> None:
    response = client.post("/account/login/", {"username": email, "password": password})

    assert response.status_code == 200
    assert 'class="errors"' in response.content.decode()
    assert client.get("/account/")["Location"] == "/account/login/?next=/account/"


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(client: Client, buyer: Wallet) -> None:
    def errors(email: str) -> list[str]:
        response = client.post("/account/login/", {"username": email, "password": "wrong"})
        return list(response.context["form"].non_field_errors())

    assert errors("buyer@example.com") == errors("nobody@example.com") != []


def test_the_session_gets_a_new_key(client: Client, buyer: Wallet) -> None:
    before = client.session.session_key

    client.post("/account/login/", {"username": "buyer@example.com", "password": "buyer"})

    assert client.session.session_key != before


@pytest.mark.parametrize("page", ["login", "register"])
@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_next_leads_nowhere_else(client: Client, world: Sandbox, page: str, elsewhere: str) -> None:
    data = {"username": "buyer@example.com", "password": "buyer"} if page == "login" else NEWCOMER

    assert client.post(f"/account/{page}/", {**data, "next": elsewhere})["Location"] == "/account/"


@pytest.mark.parametrize("page", ["login", "register"])
def test_next_leads_back_into_the_checkout(client: Client, world: Sandbox, page: str) -> None:
    data = {"username": "buyer@example.com", "password": "buyer"} if page == "login" else NEWCOMER
    there = "/checkout/abc/?step=pay"

    assert f'value="{there}"' in client.get(f"/account/{page}/", {"next": there}).content.decode()
    assert client.post(f"/account/{page}/", {**data, "next": there})["Location"] == there


def test_a_link_cannot_log_out(client: Client, buyer: Wallet) -> None:
    client.force_login(buyer.account.user)

    assert client.get("/account/logout/").status_code == 405
    assert client.get("/account/").status_code == 200
    assert client.post("/account/logout/")["Location"] == "/"
    assert client.get("/account/").status_code == 302


# Register


def test_registering_opens_account_and_wallet_and_logs_in(client: Client, world: Sandbox) -> None:
    response = client.post("/account/register/", NEWCOMER)

    assert response["Location"] == "/account/"
    account = Account.objects.get(email="nina@example.com")
    assert (account.first_name, account.phone, account.country_code) == ("Nina", "49-307654321", "DE")
    assert account.sandbox == world
    assert not account.is_verified
    assert account.wallets.get().id in client.get("/account/").content.decode()
    assert account.user.check_password("correct horse")


def test_a_business_has_a_name_and_a_person_has_none(client: Client, world: Sandbox) -> None:
    nameless = client.post("/account/register/", {**NEWCOMER, "kind": "business"})
    assert nameless.context["form"].errors["business_name"] == ["Enter the name of the business."]

    client.post("/account/register/", {**NEWCOMER, "business_name": "Nina's"})
    assert Account.objects.get(email="nina@example.com").name == "Nina Newcomer"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "BUYER@example.com"}, "email"),
        ({"email": "admin@example.com"}, "email"),
        ({"email": "no address"}, "email"),
        ({"phone": "+49 30 1234567"}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"password_again": "another horse"}, "password_again"),
        ({"password": "1234567", "password_again": "1234567"}, "password"),
        ({"password": "nina@example", "password_again": "nina@example"}, "password"),
        ({"country_code": "XX"}, "country_code"),
        ({"kind": "house"}, "kind"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "x" * 65}, "first_name"),
        ({"email": "n\0@example.com"}, "email"),
        ({"city": "Ber\0lin"}, "city"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(client: Client, world: Sandbox, wrong: dict[str, str], field: str) -> None:
    before = User.objects.count()

    response = client.post("/account/register/", {**NEWCOMER, **wrong})

    assert list(response.context["form"].errors) == [field]
    assert f'href="#id_{field}' in response.content.decode()
    assert User.objects.count() == before


def test_two_who_register_the_same_address_at_once(
    client: Client, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The form's own check comes too early to see the other one.
    monkeypatch.setattr("wallets.forms.RegistrationForm.clean_email", lambda form: form.cleaned_data["email"])

    response = client.post("/account/register/", {**NEWCOMER, "email": "buyer@example.com", "phone": ""})

    assert response.status_code == 200
    assert "already" in response.context["form"].errors["email"][0]
    assert Account.objects.filter(email="buyer@example.com").count() == 1


def test_passwords_never_come_back(client: Client, world: Sandbox) -> None:
    page = client.post("/account/register/", {**NEWCOMER, "city": "x" * 99}).content.decode()

    assert 'value="Nina"' in page
    assert "correct horse" not in page


def test_countries_are_named_in_the_language_of_the_page(client: Client) -> None:
    page = client.get("/account/register/", headers={"Accept-Language": "de"}).content.decode()

    assert '<option value="DE">Deutschland</option>' in page
    assert 'value="ZZ"' not in page


# The overview


def test_the_overview_shows_ones_own_money_and_nobody_elses(client: Client, merchant: Wallet, buyer: Wallet) -> None:
    payments.send_money(
        payer=buyer, receiver=merchant.id, currency="EUR", amount=D("50"), now=clock.now(buyer.account.sandbox)
    )
    client.force_login(buyer.account.user)

    page = client.get("/account/").content.decode()

    assert "9949.75" in page
    assert "−50.25 EUR" in page
    assert "Demo Merchant" in page
    assert "OK100000001" in page
    assert "OK702746927" not in page
    assert "10050.00" not in page


def test_a_stranger_sees_nothing_of_a_payment(
    client: Client, merchant: Wallet, buyer: Wallet, stranger: Wallet
) -> None:
    payment = payments.send_money(
        payer=buyer, receiver=merchant.id, currency="EUR", amount=D("50"), now=clock.now(buyer.account.sandbox)
    )
    client.force_login(stranger.account.user)

    page = client.get("/account/").content.decode()

    assert str(payment.id) not in page
    assert "No money in it yet." in page
    assert "Nothing yet." in page


def test_each_side_sees_a_converted_payment_in_its_own_currency(merchant: Wallet, buyer: Wallet) -> None:
    Transaction.objects.filter(id=paid(buyer, merchant).id).update(
        paid_currency="USD", paid_amount=D("55.28"), exchange_rate=D("0.909091")
    )

    [sent, *_] = statement.latest(buyer.account, [buyer], count=1)
    [received, *_] = statement.latest(merchant.account, [merchant], count=1)

    assert (sent.signed_amount, sent.currency, sent.other_side) == ("−55.28", "USD", "Demo Merchant")
    assert (received.signed_amount, received.currency, received.other_side) == ("+50.00", "EUR", "Bob Buyer")


def test_the_overview_asks_the_database_a_fixed_number_of_times(
    client: Client, merchant: Wallet, buyer: Wallet, django_assert_max_num_queries: object
) -> None:
    client.force_login(buyer.account.user)
    for _ in range(3):
        paid(buyer, merchant)

    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get("/account/")


def test_a_blocked_client_is_told_so(client: Client, blocked: Wallet) -> None:
    client.force_login(blocked.account.user)

    assert "This account is blocked by administration" in client.get("/account/").content.decode()


def test_staff_without_an_account_go_to_the_admin(client: Client, world: Sandbox) -> None:
    client.force_login(User.objects.get(email="admin@example.com"))

    assert client.get("/account/")["Location"] == "/admin/"


def test_a_login_with_neither_account_nor_office_sees_nothing(client: Client, world: Sandbox) -> None:
    client.force_login(User.objects.create_user("ghost@example.com", "ghost"))

    assert client.get("/account/").status_code == 403


def paid(payer: Wallet, receiver: Wallet) -> Transaction:
    now = clock.now(payer.account.sandbox)
    return payments.send_money(payer=payer, receiver=receiver.id, currency="EUR", amount=D("50"), now=now)
