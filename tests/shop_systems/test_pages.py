"""How shop systems are pointed at this server, and the request for one that is missing."""

import re
import threading
from html import unescape

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from ipn.variable_reference import VARIABLES
from okpay_gateway.models import ShopSystemRequest
from okpay_gateway.shop_systems import requests
from okpay_gateway.shop_systems.systems import INSISTED_ON, SYSTEMS
from sandbox.models import Sandbox
from tests.admin.conftest import Clerk

ASKED = {
    "shop_system": "  Shop   ware ",
    "version": "4.3",
    "website": "shop.example/okpay",
    "email": "ada@example.com",
    "message": "The module asks for a secret word.",
}
ADMIN = "/admin/okpay_gateway/shopsystemrequest/"

pytestmark = pytest.mark.django_db


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


# The pages


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.slug)
def test_a_systems_page_says_where_to_look_and_what_to_write(client: Client, system: object) -> None:
    html = page(client, f"/shop-systems/{system.slug}/")

    assert f"grep -rn 'okpay\\.com' {' '.join(system.folders)}" in html
    assert str(system.settings) in html
    assert "http://testserver/process.html" in html
    assert "http://testserver/ipn-verify.html" in html
    assert 'href="/account/wallets/OK702746927/integration/"' in html
    for tool in ("/account/ipn/simulator/", "/account/ipn/listener-check/", "/account/journal/"):
        assert f'href="{tool}' in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("world")
def test_the_overview_leads_to_each(client: Client) -> None:
    html = page(client, "/shop-systems/")

    for system in SYSTEMS:
        assert f'href="/shop-systems/{system.slug}/"' in html
        assert str(system.name) in html


def test_what_modules_insist_on_is_sent() -> None:
    for name in INSISTED_ON:
        assert re.sub(r"_1_", "_#_", name) in VARIABLES


@pytest.mark.usefixtures("world")
def test_a_hosted_servers_page_names_nobody_elses_wallet(client: Client, settings: LazySettings) -> None:
    settings.SANDBOX = settings.SECURE_SSL_REDIRECT = False

    html = page(client, "/shop-systems/whmcs/")

    assert "OK702746927" not in html
    assert "MyApiPass" not in html
    assert 'href="/account/wallets/"' in html


def test_a_system_that_is_unknown_is_not_found(client: Client) -> None:
    assert client.get("/shop-systems/nothing/").status_code == 404


# The request


def test_a_request_is_kept_for_staff(client: Client) -> None:
    answer = client.post("/shop-systems/", ASKED, follow=True)

    # Not at the form, which a browser would keep to, but where the thanks stand.
    assert answer.redirect_chain == [("/shop-systems/#main", 302)]
    assert "Thank you. Staff read it" in answer.content.decode()
    kept = ShopSystemRequest.objects.get()
    assert (kept.shop_system, kept.website, kept.status) == ("Shop ware", "https://shop.example/okpay", "new")
    assert kept.message == "The module asks for a secret word."
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("shop_system", "", "Shop system: This field is required."),
        ("shop_system", " - ", "Shop system: Write the name"),
        ("shop_system", "x" * 81, "Shop system: Ensure this value has at most 80"),
        ("shop_system", "a\0b", "Shop system: Null characters are not allowed."),
        ("website", "javascript:alert(1)", "Where it can be found: Enter a valid URL."),
        ("website", "ftp://shop.example/", "Where it can be found: Enter a valid URL."),
        ("email", "ada", "Your e-mail address: Enter a valid email"),
        ("message", "", "What do you need?: This field is required."),
        ("message", "x" * 2001, "What do you need?: Ensure this value has at most 2000"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_nothing_is_kept(client: Client, field: str, value: str, words: str) -> None:
    answer = client.post("/shop-systems/", ASKED | {field: value})

    assert answer.status_code == 200
    assert words in unescape(answer.content.decode())
    assert not ShopSystemRequest.objects.exists()


def test_the_same_again_is_the_same_request(client: Client) -> None:
    for _ in range(3):
        client.post("/shop-systems/", ASKED)

    assert ShopSystemRequest.objects.count() == 1


def test_whoever_asks_too_often_has_to_wait(client: Client) -> None:
    for number in range(5):
        assert client.post("/shop-systems/", ASKED | {"version": str(number)}).status_code == 302

    refused = client.post("/shop-systems/", ASKED | {"version": "5"})
    elsewhere = client.post("/shop-systems/", ASKED | {"version": "6"}, REMOTE_ADDR="192.0.2.7")

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert "There were many requests. Send it again in 60 minutes." in refused.content.decode()
    assert "The module asks for a secret word." in refused.content.decode()
    assert elsewhere.status_code == 302
    assert ShopSystemRequest.objects.count() == 6


def test_it_takes_the_sites_own_form() -> None:
    assert Client(enforce_csrf_checks=True).post("/shop-systems/", ASKED).status_code == 403
    assert not ShopSystemRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_once_it_is_one_request() -> None:
    barrier = threading.Barrier(4)

    def press() -> None:
        barrier.wait()
        requests.ask(**ASKED, now=timezone.now())
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ShopSystemRequest.objects.count() == 1


# Staff


@pytest.fixture
def asked(world: Sandbox) -> ShopSystemRequest:
    requests.ask(**ASKED, now=timezone.now())
    return ShopSystemRequest.objects.get()


def test_staff_read_and_answer_it(
    staff: Client,
    asked: ShopSystemRequest,
    django_capture_on_commit_callbacks: pytest.FixtureDef,
) -> None:
    assert "Shop   ware" in staff.get(ADMIN).content.decode()
    assert "The module asks for a secret word." in staff.get(f"{ADMIN}{asked.id}/change/").content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(f"{ADMIN}{asked.id}/answer/", {"text": "It is MyApiPass."})

    assert answer.status_code == 302
    asked.refresh_from_db()
    assert (asked.status, asked.answer) == ("answered", "It is MyApiPass.")
    assert asked.answered_at is not None
    (message,) = mail.outbox
    assert (message.to, message.body) == (["ada@example.com"], "It is MyApiPass.")
    assert "/answer/" not in staff.get(f"{ADMIN}{asked.id}/change/").content.decode()


def test_several_are_marked_as_answered_in_one_go(staff: Client, asked: ShopSystemRequest) -> None:
    requests.ask(**ASKED | {"version": "5"}, now=timezone.now())
    rows = list(ShopSystemRequest.objects.values_list("id", flat=True))

    staff.post(ADMIN, {"action": "close", "_selected_action": rows})

    assert set(ShopSystemRequest.objects.values_list("status", flat=True)) == {"answered"}
    assert mail.outbox == []
    requests.ask(**ASKED, now=timezone.now())
    assert ShopSystemRequest.objects.filter(status="new").count() == 1


def test_an_answer_is_sent_once(
    asked: ShopSystemRequest, django_capture_on_commit_callbacks: pytest.FixtureDef
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        requests.answer(asked, now=timezone.now(), text="Yes.")
        requests.answer(asked, now=timezone.now(), text="No.")

    asked.refresh_from_db()
    assert asked.answer == "Yes."
    assert len(mail.outbox) == 1


def test_who_may_only_look_cannot_answer(clerk: Clerk, asked: ShopSystemRequest) -> None:
    looking = clerk("view_shopsystemrequest")

    assert looking.get(ADMIN).status_code == 200
    assert looking.post(f"{ADMIN}{asked.id}/answer/", {"text": "Yes."}).status_code == 403
    asked.refresh_from_db()
    assert asked.status == "new"


def test_a_reset_of_the_sandbox_leaves_it(client: Client, asked: ShopSystemRequest) -> None:
    answer = client.post("/api/v1/reset/", content_type="application/json", headers={"Authorization": "Bearer sandbox"})

    assert answer.status_code == 200
    assert ShopSystemRequest.objects.filter(id=asked.id).exists()
