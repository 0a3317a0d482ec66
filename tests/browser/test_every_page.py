"""Every page of ours, found in the URLconf, in good and in error states: open to everybody, on every screen.

A new page is visited without a word here, as soon as `tests.everything` knows what its address needs. What is no page
answers to POST alone, or is a file; whatever else does not show itself at its address is listed here with the reason.
"""

from collections.abc import Container, Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from checkout import payment_form, sessions
from checkout.models import CheckoutSession
from checkout.orders import Choices
from ipn import encoding
from okpay_gateway.developers.sections import SECTIONS
from okpay_gateway.shop_systems.systems import SYSTEMS
from sandbox import clock
from sandbox.models import Sandbox
from tests import addresses, everything
from tests.addresses import Address
from tests.browser.inspection import Visitor, visitor
from wallets import confirmations
from wallets.models import Account, OkpaySeal, User, Wallet

Known = dict[str, object]

# What Django's admin and the control API answer is not ours to draw; the journal below /admin/ is.
OURS = [
    address
    for address in addresses.below("/")
    if address.route.startswith("/admin/journal/") or not address.route.startswith(("/admin/", "/api/v1/"))
]
NO_PAGES = {
    "journal-stream": "never ends",
    "staff-journal-stream": "never ends",
    "graphic": "leads to a picture",
    "purchase-download": "a file",
    "guest-download": "a file",
    "shop-logo": "a picture",
    "api-schema-typed": "leads to a file",
    "api-docs-typed": "leads to the page",
    "checkout-login": "leads to the checkout but for POST",
    "checkout-cancel": "leads to the checkout but for POST",
    "marketplace-bought": "leads to the order",
    "logout": "answers to POST alone, and then leads home",
}
# Open to everybody, and different for who is logged in.
ALSO_FOR_BUYERS = ("/", "/process.html", "/checkout/", "/marketplace/")
SAYS_NO = ".errors, .errorlist, [aria-invalid=true], [role=alert], .banner.error, .banner.warning"
# By themselves, these ask for news every few seconds.
AS_THEY_STAND = {"ipn-listener-check-result": "?still", "mass-payment": "?still"}
# Forms that are content with anything.
CANNOT_FAIL = {
    "mass-payments": "a wrong row is kept, and shown with what is wrong",
    "marketplace-product": "registered buyers are asked on the next page",
}


@pytest.fixture
def known(world: Sandbox, merchant: Wallet, buyer: Wallet) -> Known:
    """One of everything, and what only a real client is sent."""
    Account.objects.filter(id=merchant.account_id).update(phone_confirmed=False, email_confirmed=False)
    user = User.objects.get(account=buyer.account)
    address = {"account": buyer.account_id, "from": buyer.account.email, "to": buyer.account.email}
    now = clock.now(world)
    known = everything.of(merchant, buyer, now=now)
    canceled, expired = checkout(merchant, now=now), checkout(merchant, now=now - timedelta(days=2))
    sessions.cancel(canceled, now=now)
    posts_back = checkout(merchant, now=now, ok_return_success="http://shop.example/")
    sessions.pay(posts_back, payer=buyer.account, choices=Choices(wallet=buyer.id), now=now)
    Wallet.objects.filter(id=merchant.id).update(return_method="POST")
    tells = {field.name: True for field in OkpaySeal._meta.fields if field.name.startswith(("is_", "shows_"))}
    OkpaySeal.objects.filter(wallet=merchant).update(**tells)
    return known | {
        "canceled": canceled.token,
        "expired": expired.token,
        "posts back": posts_back.token,
        "asks": checkout(merchant, now=now, ok_item_1_custom_1_title="Nickname", ok_item_1_shipping="3").token,
        "direct": checkout(merchant, now=now, ok_directdeposit="SF").token,
        "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
        "/account/forgotten/ token": default_token_generator.make_token(user),
        "/account/confirm-email/ token": signing.dumps(address, salt=confirmations.SALT),
        "/developers/ slug": SECTIONS[0].slug,
        "/shop-systems/ slug": SYSTEMS[0].slug,
        "/img/ name": "x02",
        "/shop-logos/ name": "x" * 16,
    }


def checkout(merchant: Wallet, *, now: datetime, **variables: str) -> CheckoutSession:
    form = {"ok_receiver": merchant.id, "ok_currency": "USD", "ok_item_1_name": "Robot", "ok_item_1_price": "5"}
    return sessions.open_session(payment_form.parse((form | variables).items()), now=now)


@pytest.fixture
def people(world: Sandbox) -> dict[str, User | None]:
    emails = {who: f"{who}@example.com" for who in ("merchant", "buyer", "shop", "blocked", "admin")}
    return {"": None} | {who: User.objects.get(email=email) for who, email in emails.items()}


def pages_for(
    who: str, known: Known, people: dict[str, User | None], *, but: Container[str] = ()
) -> Iterator[tuple[Address, str]]:
    """What shows itself as a page, among what this person has to do with."""
    client = client_of(people[who])
    for address in OURS:
        if address.name not in NO_PAGES and address.name not in but and concerns(address, who):
            path = address.filled(known)
            if is_page(client, path, empty=who == "shop"):
                yield address, path + AS_THEY_STAND.get(address.name, "")


def client_of(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def concerns(address: Address, who: str) -> bool:
    match who:
        case "":
            return True
        case "admin":
            return address.route.startswith("/admin/journal/")
        case "merchant":
            return address.route.startswith("/account/")
        case "buyer":
            return address.route == "/" or address.route.startswith(ALSO_FOR_BUYERS[1:])
        case _:  # whoever has an account, and nothing in it
            return address.route.startswith("/account/") and not address.names


def is_page(client: Client, path: str, *, empty: bool) -> bool:
    """With `empty`, only if it says that there is nothing yet."""
    response = client.get(path)
    shows_itself = response.status_code == 200 and response["Content-Type"].startswith("text/html")
    return shows_itself and (not empty or b'class="empty"' in response.content)


def test_no_page_is_forgotten(known: Known, people: dict[str, User | None]) -> None:
    shown = {name for _who, name, _path, _status in others(known)}
    for who in people:
        shown |= {address.name for address, _path in pages_for(who, known, people, but=shown)}
    clients = [client_of(user) for user in people.values()]

    for address in OURS:
        if address.name in NO_PAGES:
            assert address.name not in shown, f"{address.route} is a page after all"
        elif address.name not in shown:
            responses = [client.get(address.filled(known)) for client in clients]
            assert any(
                response.status_code == 405 or not response["Content-Type"].startswith("text/html")
                for response in responses
            ), f"Nobody sees {address.route}: {[response.status_code for response in responses]}"
    assert {*NO_PAGES} <= {address.name for address in OURS}


# Pages of their own kind at addresses that have others, or that no address has: (who, URL name, path, status).
Other = tuple[str, str, str, int]


def others(known: Known) -> list[Other]:
    missing = encoding.encode({"ok_receiver": "OK702746927", "ok_curency": "USD", "ok_item_1_price": "x"}.items())
    simulated = "wallet=OK702746927&url=http://shop.example/&kind=payment_link&status=completed"
    return [
        ("", "process", "/process.html", 400),
        ("", "process", f"/process.html?{missing}", 400),
        ("", "new-password", f"/account/forgotten/{known['uidb64']}/{known['/account/forgotten/ token']}/", 200),
        ("", "new-password", "/account/forgotten/MQ/nonsense/", 200),
        ("", "confirm-email", "/account/confirm-email/nonsense/", 410),
        ("", "home", "/nowhere/", 404),
        ("", "seal", "/seal/OK100000001/", 404),
        ("", "checkout", "/checkout/nowhere/", 404),
        ("", "checkout", f"/checkout/{known['paid checkout']}/", 410),
        ("", "checkout", f"/checkout/{known['expired']}/", 410),
        ("", "checkout", f"/checkout/{known['canceled']}/", 410),
        ("", "checkout-receipt", f"/checkout/{known['paid checkout']}/receipt/", 200),
        ("", "checkout-return", f"/checkout/{known['posts back']}/return/", 200),
        ("", "checkout-paysystem", f"/checkout/{known['direct']}/", 200),
        ("buyer", "checkout", f"/checkout/{known['asks']}/", 200),
        ("merchant", "ipn-simulator", "/account/ipn/simulator/?wallet=OK702746927&url=nonsense&kind=send_money", 200),
        ("merchant", "ipn-simulator", f"/account/ipn/simulator/?{simulated}", 200),
        ("merchant", "scenario-new", "/account/scenarios/new/?operation=checkout", 200),
        ("merchant", "journal", "/account/journal/?transaction=x&kind=money", 200),
        ("merchant", "account", "/account/nowhere/", 404),
        ("merchant", "marketplace-product", f"/marketplace/products/{known['product_id']}/", 200),
        ("merchant", "store-products", "/account/marketplace/products/?q=nothing-like-it", 200),
        *(("merchant", "withdraw-to", f"/account/withdraw/{method}/", 200) for method in ("card-world", "wmt")),
        ("", "marketplace", "/marketplace/?q=nothing-like-it&sort=cheapest&currency=EUR", 200),
        ("", "developers-search", "/developers/search/?q=price", 200),
        *(("", "developers-section", section.address, 200) for section in SECTIONS[1:]),
        ("", "developers-function", "/developers/soap-api/Subscription_Update/", 200),
        ("", "developers-function", "/developers/soap-api/Get_Date_Time/", 200),
    ]


# Who reads in another language sees longer words.
LANGUAGES = {"": "en-GB", "merchant": "en-GB", "buyer": "ru", "shop": "de", "admin": "ru"}


@pytest.mark.parametrize("visitors", [[""], ["merchant"], ["buyer", "shop", "admin"]], ids=" ".join)
def test_every_page_is_open_to_everybody(
    visitors: list[str], known: Known, people: dict[str, User | None], browser: Browser, live_server: LiveServer
) -> None:
    for who in visitors:
        with visitor(browser, live_server, people[who], LANGUAGES[who]) as visit:
            for address, path in [*pages_for(who, known, people)]:
                assert visit.open(path).status == 200, path
                visit.inspect(path)
                if who != "shop":
                    send_nonsense(visit, address, path)
            for person, _name, path, status in others(known):
                if person == who:
                    assert visit.open(path).status == status, path
                    visit.inspect(path)
        assert not visit.faults, "\n".join(visit.faults)


def send_nonsense(visit: Visitor, address: Address, path: str) -> None:
    for number in range(visit.forms()):
        if number:
            visit.open(path)
        if not visit.send_nonsense(number):
            continue
        if visit.page.locator(SAYS_NO).count():
            visit.inspect(f"{path} with errors", at_a_desk=False)
        elif address.name not in CANNOT_FAIL:
            visit.faults.append(f"{path}: form {number} takes nonsense, and {visit.page.url} shows no error")
