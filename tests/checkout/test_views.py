"""The pages, as a person meets them; without JavaScript, by Django's client."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings, settings
from django.http import HttpResponse
from django.test import Client

from checkout.models import CheckoutSession, SessionItem
from sandbox import clock
from sandbox.models import Sandbox
from tests.checkout.conftest import Open, form
from wallets import payments
from wallets.models import Account, Transaction, Wallet
from wallets.money import D

THANKS, SORRY = "https://shop.example/thanks", "https://shop.example/sorry"
GET_URL = "application/x-www-form-urlencoded"


@pytest.fixture
def buyer_client(client: Client, buyer: Wallet) -> Client:
    client.force_login(buyer.account.user)
    return client


def url(session: CheckoutSession, page: str = "") -> str:
    return f"/checkout/{session.token}/{page}"


def text(response: HttpResponse) -> str:
    """What a person reads of a page."""
    page = re.sub(r"<(head|script)\b.*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


# process.html


@pytest.mark.usefixtures("world")
def test_a_form_opens_a_checkout(client: Client) -> None:
    for response in (
        client.post("/process.html", form()),  # multipart
        client.post("/process.html", urlencode(form()), content_type=GET_URL),
        client.post("/process.html", urlencode(form()), content_type="text/plain"),
        client.get("/process.html", form()),
        client.post("/process.html?ok_receiver=OK702746927", form(ok_receiver=None)),
    ):
        assert response.status_code == 302
        session = CheckoutSession.objects.get(token=response["Location"].split("/")[2])
        assert session.items.get().name == "OKPAY Poster"


@pytest.mark.usefixtures("world")
def test_a_form_from_elsewhere_needs_no_cookie_and_no_token() -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post("/process.html", form(), headers={"Origin": "https://shop.example"})

    assert response.status_code == 302


@pytest.mark.usefixtures("world")
def test_a_wrong_form_is_answered_with_everything_that_is_wrong(client: Client) -> None:
    response = client.post("/process.html", form(ok_receiver="nobody", ok_item_1_price="<b>5</b>", ok_item_name="x"))

    assert response.status_code == 400
    page = text(response)
    assert "2 variables are wrong" in page
    assert "ok_receiver nobody the wallet ID (OK and nine digits)" in page
    assert "ok_item_1_price <b>5</b> a positive number such as 25.00" in page
    assert "ok_item_name Unknown and left alone. Is ok_item_1_name meant?" in page
    assert "<b>5</b>" not in response.content.decode()
    assert not CheckoutSession.objects.exists()
    assert not SessionItem.objects.exists()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("query", ["", "?utm_source=mail", "?ok_receiver="])
def test_who_comes_without_a_form_reads_what_belongs_here(client: Client, query: str) -> None:
    response = client.get(f"/process.html{query}")

    assert response.status_code == 400
    page = text(response)
    assert 'action="http://testserver/process.html"' in page
    for name in ("ok_receiver", "ok_item_#_shipping2", "ok_payer_business_name", "ok_directdeposit", "ok_language"):
        assert name in page


@pytest.mark.usefixtures("world")
def test_too_much_is_said_to_be_too_much(client: Client) -> None:
    many = "&".join(f"ok_item_{number}_name=x" for number in range(1, settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 2))
    huge = "ok_invoice=" + "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)

    for body in (many, huge):
        response = client.post("/process.html", body, content_type=GET_URL)

        assert response.status_code == 400
        assert "at most 5000 variables and 2 MB" in text(response)
    response = client.post("/process.html", {f"x{number}": "" for number in range(5001)})
    assert response.status_code == 400


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert getattr(client, method)("/process.html").status_code == 405


@pytest.mark.usefixtures("world")
def test_a_link_checker_opens_nothing(client: Client) -> None:
    link = "/process.html?ok_receiver=OK702746927&ok_item_1_name=Poster&ok_item_1_price=100"

    assert client.head(link).status_code == 200
    assert not CheckoutSession.objects.exists()


# Coming in


def test_a_stranger_is_asked_to_log_in_and_sees_the_order(client: Client, open_session: Open) -> None:
    session = open_session(
        ok_invoice="99999",
        ok_item_1_quantity="2",
        ok_item_1_shipping="10",
        ok_item_1_handling="7",
        ok_item_1_tax="3",
        ok_item_1_custom_1_title="Size",
        ok_item_1_custom_1_value="A1",
        ok_payer_email="bob@example.com",
    )

    response = client.get(url(session))

    page = text(response)
    for seen in (
        "To Demo Merchant 220.00 USD",
        "OKPAY Poster 2 × 100.00 Size: A1 200.00",
        "Shipping 10.00 Handling 7.00 Tax 3.00 Total 220.00 USD",
        "Invoice 99999",
    ):
        assert seen in page
    assert 'value="bob@example.com"' in response.content.decode()
    assert '<button class="button">Log in</button>' in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "form-action 'self' http: https:" in response["Content-Security-Policy"]


def test_the_demo_buyer_is_named_where_he_can_pay(client: Client, open_session: Open, settings: LazySettings) -> None:
    session, other = open_session(), Sandbox.objects.create(id="other")
    hint = "To try it: <code>buyer@example.com</code> with the password <code>buyer</code>."
    assert hint in client.get(url(session)).content.decode()

    settings.SANDBOX = False
    assert hint not in client.get(url(session)).content.decode()

    settings.SANDBOX = True
    CheckoutSession.objects.filter(pk=session.pk).update(sandbox=other)
    assert hint not in client.get(url(session)).content.decode()  # there he is nobody


def test_login_leads_back_to_the_order_with_a_new_key(client: Client, open_session: Open) -> None:
    session = open_session()
    client.get(url(session))
    client.session["before"] = True
    client.session.save()

    wrong = client.post(url(session, "login/"), {"username": "buyer@example.com", "password": "wrong"})
    right = client.post(url(session, "login/"), {"username": "buyer@example.com", "password": "buyer"})

    assert "E-mail or password is wrong" in text(wrong)
    assert "Total 100.00 USD" in text(wrong)
    assert right["Location"] == url(session)
    assert "Review and pay" in text(client.get(url(session)))


def test_every_form_of_the_checkout_is_protected(open_session: Open) -> None:
    client = Client(enforce_csrf_checks=True)
    session = open_session()

    for page in ("", "login/", "register/", "guest/", "paysystem/", "cancel/", "language/"):
        assert client.post(url(session, page)).status_code == 403
    session.refresh_from_db()
    assert session.is_open


def test_a_new_payer_registers_with_what_the_shop_knows(client: Client, open_session: Open) -> None:
    session = open_session(
        ok_payer_first_name="Nina",
        ok_payer_last_name="New",
        ok_payer_business_name="New & Sons",
        ok_payer_email="nina@example.com",
        ok_payer_phone="+49 30 7654321",
        ok_payer_country="Germany",
        ok_payer_city="Hamburg",
        ok_payer_state="Hamburg",
        ok_payer_street="Elbe 1",
        ok_payer_zip="20095",
    )
    response = client.get(url(session, "register/"))
    filled_in = response.context["form"].initial
    for name, value in {
        "kind": "business",
        "first_name": "Nina",
        "business_name": "New & Sons",
        "email": "nina@example.com",
        "country_code": "DE",
        "street": "Elbe 1",
        "zip": "20095",
    }.items():
        assert filled_in[name] == value
    assert "New &amp; Sons" in response.content.decode()

    password = {"password": "correct horse", "password_again": "correct horse"}
    response = client.post(url(session, "register/"), {**filled_in, **password})

    assert response["Location"] == url(session)
    account = Account.objects.get(email="nina@example.com")
    assert (account.sandbox, account.business_name, account.phone) == (session.sandbox, "New & Sons", "49-307654321")
    assert account.wallets.count() == 1
    page = text(client.get(url(session)))
    assert "Review and pay" in page
    assert "It holds 0.00 of 100.00 USD" in page


def test_staff_have_no_wallet(client: Client, open_session: Open) -> None:
    client.login(username="admin@example.com", password="admin")

    assert "You are logged in as staff" in text(client.get(url(open_session())))


# Reviewing and paying


def test_the_balance_is_chosen_already_and_pay_pays(buyer_client: Client, open_session: Open, merchant: Wallet) -> None:
    session = open_session(ok_return_success=THANKS)
    page = buyer_client.get(url(session)).content.decode()
    assert re.search(r'name="method" value="OKB" checked', page)
    assert ">Pay</button>" in page
    assert ">Cancel</button>" in page

    response = buyer_client.post(url(session), {"method": "OKB", "comment": "Thanks"})

    payment = Transaction.objects.get(kind="payment_link")
    assert response.status_code == 302
    assert response["Location"].startswith(f"{THANKS}?ok_charset=utf-8&ok_receiver=OK702746927&")
    assert f"&ok_txn_id={payment.id}&" in response["Location"]
    assert payment.comment == "Thanks"
    assert merchant.balance("USD") == D("10100.00")


def test_pay_pressed_again_leads_on_as_the_first_time(buyer_client: Client, open_session: Open) -> None:
    session = open_session(ok_return_success=THANKS)

    first = buyer_client.post(url(session), {"method": "OKB"})
    again = buyer_client.post(url(session), {"method": "OKB"})

    assert first["Location"] == again["Location"]
    assert Transaction.objects.filter(kind="payment_link").count() == 1


def test_another_currency_shows_its_rate_and_pays(buyer_client: Client, open_session: Open, buyer: Wallet) -> None:
    session = open_session()
    assert "EUR balance 10000.00 available 1 EUR = 1.1000 USD 90.91 EUR" in text(buyer_client.get(url(session)))

    buyer_client.post(url(session), {"method": "OKB.EUR"})

    assert buyer.balance("EUR") == D("9909.09")


@pytest.mark.parametrize("method", ["XX", "OKB.XXX", "OKB.EUR.OK702746927", "SF\0"])
def test_what_is_not_offered_cannot_be_chosen(buyer_client: Client, open_session: Open, method: str) -> None:
    session = open_session(ok_paysystems="CC")

    response = buyer_client.post(url(session), {"method": method})

    assert "Choose how to pay." in text(response)
    session.refresh_from_db()
    assert session.is_open


def test_the_shop_limits_the_payment_systems(buyer_client: Client, open_session: Open) -> None:
    page = buyer_client.get(url(open_session(ok_paysystems="CC SF"))).content.decode()

    outside = [value for value in re.findall(r'name="method" value="([^"]+)"', page) if not value.startswith("OKB")]
    assert outside == ["CC", "SF"]
    assert 'value="OKB" checked' in page


def test_the_fee_on_the_buyer_is_shown_per_method(buyer_client: Client, open_session: Open) -> None:
    page = text(buyer_client.get(url(open_session(ok_fees="1", ok_paysystems="CC SF"))))

    assert "OKPAY balance 10000.00 available 100.00 USD" in page
    assert "Credit cards 105.00 USD fee 5.00 Sofort 103.00 USD fee 3.00" in page


def test_a_custom_field_must_be_filled_in(buyer_client: Client, open_session: Open) -> None:
    session = open_session(ok_item_1_custom_1_title="Your nickname")
    missing = buyer_client.post(url(session), {"method": "OKB"})
    assert "Your nickname: This field is required." in text(missing)

    buyer_client.post(url(session), {"method": "OKB", "ok_item_1_custom_1_value": "Bobby"})

    assert Transaction.objects.get(kind="payment_link").items.get().custom_1_value == "Bobby"


@pytest.mark.parametrize(("entered", "gross"), [("25", "25.00"), ("1,234.50", "1234.50"), ("12,5", "12.50")])
def test_the_buyer_enters_the_price(buyer_client: Client, open_session: Open, entered: str, gross: str) -> None:
    session = open_session(ok_item_1_price=None, ok_item_1_quantity="2")
    assert "You enter the price, in USD" in text(buyer_client.get(url(session)))

    total = buyer_client.post(url(session), {"method": "OKB", "ok_item_1_price": entered, "update": "1"})
    assert f"Total {D(gross) * 2} USD" in text(total)
    assert not Transaction.objects.filter(kind="payment_link").exists()
    buyer_client.post(url(session), {"method": "OKB", "ok_item_1_price": entered})

    assert Transaction.objects.get(kind="payment_link").gross == D(gross) * 2


@pytest.mark.parametrize("entered", ["", "0", "-5", "free", "1.234,50", "9" * 16, "5\0"])
def test_a_price_that_is_none_is_refused_at_its_field(buyer_client: Client, open_session: Open, entered: str) -> None:
    session = open_session(ok_item_1_price=None)

    response = buyer_client.post(url(session), {"method": "OKB", "ok_item_1_price": entered})

    assert response.status_code == 200
    assert "Price (USD): " in text(response)
    session.refresh_from_db()
    assert session.is_open


def test_a_shipment_goes_to_the_accounts_address_or_another(buyer_client: Client, open_session: Open) -> None:
    first, second = (open_session(ok_item_1_type="shipment", ok_payer_city="Paris") for _ in range(2))
    own = buyer_client.get(url(first)).context["form"].initial
    assert (own["address_city"], own["address_street"]) == ("Berlin", "Lindenstraße 5")

    buyer_client.post(url(first), {**own, "method": "OKB"})
    buyer_client.post(url(second), {**own, "method": "OKB", "address_city": "Potsdam"})

    there, elsewhere = (
        Transaction.objects.get(checkout_session=session).delivery_address for session in (first, second)
    )
    assert (there.name, there.city, there.country_code, there.confirmed) == ("Bob Buyer", "Berlin", "DE", True)
    assert (elsewhere.city, elsewhere.confirmed) == ("Potsdam", False)


def test_an_address_is_filled_in_from_the_form_when_the_account_has_none(
    client: Client, open_session: Open, poor_buyer: Wallet
) -> None:
    client.force_login(poor_buyer.account.user)
    session = open_session(
        ok_item_1_type="shipment", ok_payer_street="Rue 1", ok_payer_city="Paris", ok_payer_country_code="fr"
    )

    initial = client.get(url(session)).context["form"].initial

    assert (initial["address_name"], initial["address_street"]) == ("Paul Poor", "Rue 1")
    assert (initial["address_city"], initial["address_country_code"]) == ("Paris", "FR")


def test_too_little_money_is_said_before_and_after(client: Client, open_session: Open, poor_buyer: Wallet) -> None:
    client.force_login(poor_buyer.account.user)
    session = open_session()

    before = text(client.get(url(session)))
    after = text(client.post(url(session), {"method": "OKB"}))
    nothing_chosen = text(client.post(url(session), {}))

    assert "It holds 0.01 of 100.00 USD." in before
    assert "The wallet does not hold enough money in this currency, fees included." in after
    assert "add money to the wallet and press Pay again" in after
    assert "The wallet does not hold enough money in this currency, fees included." in nothing_chosen
    session.refresh_from_db()
    assert session.is_open


@pytest.mark.parametrize(
    ("email", "price", "why", "cure"),
    [
        ("blocked@example.com", "1", "The payer's account is blocked by administration.", "Ask support why."),
        ("merchant@example.com", "1", "One cannot pay oneself.", "You are logged in as the shop itself."),
        ("buyer@example.com", "150,000", "your monthly limit of 100000.00 EUR", "have your account verified"),
    ],
)
def test_refusals_say_what_to_do(
    client: Client, open_session: Open, email: str, price: str, why: str, cure: str
) -> None:
    client.force_login(Account.objects.get(email=email).user)
    session = open_session(ok_item_1_price=price)

    page = text(client.post(url(session), {"method": "OKB"}))

    assert why in page
    assert cure in page
    session.refresh_from_db()
    assert session.is_open


# Without an account, and payment systems


def test_a_guest_pays_through_a_payment_system(client: Client, open_session: Open) -> None:
    session = open_session(ok_return_success=THANKS)
    assert "Pay without an account" in text(client.get(url(session)))
    assert 'value="OKB' not in client.get(url(session, "guest/")).content.decode()

    chosen = client.post(url(session, "guest/"), {"method": "SF", "comment": "Hello"})
    assert chosen["Location"] == url(session, "paysystem/")
    page = text(client.get(url(session, "paysystem/")))
    assert "A simulation" in page
    assert "100.00 USD" in page
    assert "Paid without an account" in page
    response = client.post(url(session, "paysystem/"), {"outcome": "paid"})

    payment = Transaction.objects.get(kind="payment_link")
    assert (payment.payer, payment.payment_method, payment.comment) == (None, "SF", "Hello")
    assert "ok_payer_first_name=Anonymous" in response["Location"]


def test_where_only_the_balance_is_allowed_nobody_is_a_guest(client: Client, open_session: Open) -> None:
    session = open_session(ok_paysystems="OKB")

    assert "Pay without an account" not in text(client.get(url(session)))
    assert client.get(url(session, "guest/"))["Location"] == url(session)


@pytest.mark.parametrize(
    ("outcome", "status", "leads_to"),
    [("paid", "paid", THANKS), ("pending", "pending", THANKS), ("refused", "failed", SORRY)],
)
def test_the_tester_says_what_a_payment_system_answers(
    buyer_client: Client, open_session: Open, buyer: Wallet, outcome: str, status: str, leads_to: str
) -> None:
    session = open_session(ok_return_success=THANKS, ok_return_fail=SORRY)
    buyer_client.post(url(session), {"method": "CC"})
    assert "Paid by Bob Buyer" in text(buyer_client.get(url(session, "paysystem/")))

    response = buyer_client.post(url(session, "paysystem/"), {"outcome": outcome})

    session.refresh_from_db()
    assert session.status == status
    assert response["Location"].startswith(f"{leads_to}?")
    assert session.transaction
    assert session.transaction.payer == buyer.account
    assert buyer.balance("USD") == D("10000.00")


def test_a_payment_systems_page_can_be_left_again(buyer_client: Client, open_session: Open) -> None:
    session = open_session(ok_item_1_custom_1_title="Nickname")
    buyer_client.post(url(session), {"method": "CC", "ok_item_1_custom_1_value": "Bobby", "comment": "Hi"})

    review = buyer_client.get(url(session))

    assert 'value="CC" checked' in review.content.decode()
    assert (review.context["form"].initial["comment"], review.context["form"].initial["ok_item_1_custom_1_value"]) == (
        "Hi",
        "Bobby",
    )
    buyer_client.post(url(session), {"method": "OKB", "ok_item_1_custom_1_value": "Bobby"})
    assert Transaction.objects.get(kind="payment_link").payment_method == "OKB"


def test_ok_directdeposit_skips_the_review(client: Client, open_session: Open) -> None:
    session = open_session(ok_directdeposit="SF", ok_return_success=THANKS)

    assert client.get(url(session))["Location"] == url(session, "paysystem/")
    page = text(client.get(url(session, "paysystem/")))
    assert "Sofort" in page
    assert "Choose another payment method" not in page
    response = client.post(url(session, "paysystem/"), {"outcome": "paid"})

    assert response["Location"].startswith(THANKS)
    assert Transaction.objects.get(kind="payment_link").payment_method == "SF"


@pytest.mark.parametrize(
    "changes", [{"ok_item_1_price": None}, {"ok_item_1_type": "shipment"}, {"ok_item_1_custom_1_title": "Size"}]
)
def test_ok_directdeposit_asks_what_must_be_asked(
    client: Client, open_session: Open, changes: dict[str, str | None]
) -> None:
    session = open_session(ok_directdeposit="SF", **changes)

    response = client.get(url(session), follow=True)

    assert response.redirect_chain == [(url(session, "guest/"), 302)]
    assert re.findall(r'name="method" value="([^"]+)"', response.content.decode()) == ["SF"]


def test_ok_directdeposit_knows_who_is_logged_in(buyer_client: Client, open_session: Open, buyer: Wallet) -> None:
    session = open_session(ok_directdeposit="SF")

    buyer_client.get(url(session), follow=True)
    buyer_client.post(url(session, "paysystem/"), {"outcome": "paid"})

    assert Transaction.objects.get(kind="payment_link").payer == buyer.account


def test_ok_directdeposit_may_name_the_balance(buyer_client: Client, open_session: Open) -> None:
    page = buyer_client.get(url(open_session(ok_directdeposit="OKB"))).content.decode()

    assert all(value.startswith("OKB") for value in re.findall(r'name="method" value="([^"]+)"', page))


# Ends


def test_cancel_leads_to_the_fail_url(buyer_client: Client, open_session: Open) -> None:
    session = open_session(ok_return_fail=SORRY, ok_invoice="77")

    response = buyer_client.post(url(session, "cancel/"))

    assert response["Location"].startswith(f"{SORRY}?ok_charset=utf-8&")
    assert response["Location"].endswith("&ok_txn_status=canceled&ok_invoice=77")
    assert buyer_client.post(url(session, "cancel/"))["Location"] == response["Location"]
    assert not Transaction.objects.filter(kind="payment_link").exists()


def test_without_a_way_back_our_own_page_says_how_it_ended(buyer_client: Client, open_session: Open) -> None:
    session, other = open_session(ok_invoice="99999"), open_session()

    receipt = buyer_client.post(url(session), {"method": "OKB"}, follow=True)
    cancelled = buyer_client.post(url(other, "cancel/"), follow=True)

    payment = Transaction.objects.get(kind="payment_link")
    assert receipt.status_code == 200
    assert "Thank you, the payment is done" in text(receipt)
    assert f"Transaction {payment.id} Completed" in text(receipt)
    assert "Back to the shop" not in text(receipt)
    assert cancelled.status_code == 200
    assert "Nothing was paid" in text(cancelled)


def test_a_finished_session_is_gone_and_knows_the_way_back(buyer_client: Client, open_session: Open) -> None:
    session = open_session(ok_return_success=THANKS)
    paid = buyer_client.post(url(session), {"method": "OKB"})

    for page in ("", "guest/", "paysystem/"):
        response = buyer_client.get(url(session, page))
        assert response.status_code == 410
        assert f'href="{url(session, "return/")}">Back to the shop' in response.content.decode()
    for page in ("login/", "register/", "cancel/"):
        assert buyer_client.get(url(session, page))["Location"] == url(session)

    assert buyer_client.get(url(session, "return/"))["Location"] == paid["Location"]


def test_an_expired_session_is_gone(client: Client, open_session: Open, world: Sandbox) -> None:
    session = open_session(ok_return_fail=SORRY)
    clock.advance(world, settings.CHECKOUT_LIFETIME + timedelta(seconds=1))

    response = client.get(url(session))

    assert response.status_code == 410
    assert "This order has expired" in text(response)
    assert "Back to the shop" in text(response)
    assert client.post(url(session), {"method": "SF"}).status_code == 410
    assert client.post(url(session, "cancel/")).status_code == 410
    session.refresh_from_db()
    assert session.status == "expired"


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("page", ["", "guest/", "paysystem/", "return/", "receipt/", "register/", "login/", "cancel/"])
def test_an_unknown_session_is_not_found(client: Client, page: str) -> None:
    response = client.get(f"/checkout/nothing-here_1/{page}")

    assert response.status_code == 404
    assert "There is no order at this address" in text(response)
    assert client.get(f"/checkout/%00/{page}").status_code == 404


def test_a_return_by_post_submits_itself_and_has_a_button(
    buyer_client: Client, open_session: Open, merchant: Wallet
) -> None:
    Wallet.objects.filter(id=merchant.id).update(return_method="POST")
    session = open_session(ok_return_success=THANKS + "?a=1", ok_invoice='"<5>"')

    response = buyer_client.post(url(session), {"method": "OKB"}, follow=True)

    assert response.redirect_chain == [(url(session, "return/"), 302)]
    page = response.content.decode()
    assert f'method="post" action="{THANKS}?a=1"' in page
    assert '<input type="hidden" name="ok_invoice" value="&quot;&lt;5&gt;&quot;">' in page
    assert '<script src="/static/checkout/return.js" defer>' in page
    assert ">Back to the shop</button>" in page


def test_a_paid_session_shows_what_became_of_the_payment(
    buyer_client: Client, open_session: Open, world: Sandbox
) -> None:
    session = open_session()
    buyer_client.post(url(session), {"method": "CC"})
    pending = buyer_client.post(url(session, "paysystem/"), {"outcome": "pending"}, follow=True)
    assert "The payment is pending" in text(pending)

    session.refresh_from_db()
    assert session.transaction
    payments.approve(session.transaction, now=clock.now(world))

    assert "Thank you, the payment is done" in text(buyer_client.get(url(session, "receipt/")))


# Languages


@pytest.mark.parametrize(
    ("sent", "cookie", "browser", "spoken"),
    [
        ("de", "ru", "en", "de"),
        ("RU", None, "de", "ru"),
        ("xx", "ru", "de", "ru"),
        (None, "ru", "de", "ru"),
        (None, None, "de-AT,en;q=0.5", "de"),
        ("cn", None, "fr", "en"),
    ],
)
def test_ok_language_then_cookie_then_browser(
    client: Client, open_session: Open, sent: str | None, cookie: str | None, browser: str, spoken: str
) -> None:
    session = open_session(ok_language=sent)
    if cookie:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie

    response = client.get(url(session), headers={"Accept-Language": browser})

    assert response["Content-Language"] == spoken
    assert f'<html lang="{spoken}"' in response.content.decode()


def test_the_buyer_may_prefer_another_language(client: Client, open_session: Open) -> None:
    session = open_session(ok_language="de")

    response = client.post(url(session, "language/"), {"language": "ru", "next": url(session, "guest/")})

    assert response["Location"] == url(session, "guest/")
    assert client.get(url(session))["Content-Language"] == "ru"
    outside = client.post(url(session, "language/"), {"language": "ru", "next": "https://elsewhere.example/"})
    assert outside["Location"].startswith("/")
    client.post(url(session, "language/"), {"language": "tlh"})
    assert client.get(url(session))["Content-Language"] == "ru"


def test_a_hint_for_the_shop_is_shown_in_a_sandbox(client: Client, open_session: Open) -> None:
    page = text(client.get(url(open_session(ok_item_1_pirce="5"))))

    assert "For the shop’s developer ok_item_1_pirce Unknown and left alone. Is ok_item_1_price meant?" in page
