"""Nobody sees another's messages: not by guessing, not by searching, not by posting."""

import pytest
from django.test import Client

from ipn.models import IpnMessage
from tests.ipn_pages.conftest import Queue, asked, attempted
from wallets.models import User

PAGES = ["/account/ipn/", "/account/ipn/simulator/", "/account/ipn/listener-check/", "/account/ipn/verifications/"]


@pytest.fixture
def message(queue: Queue) -> IpnMessage:
    return attempted(queue(is_test=True), 200)


def of(message: IpnMessage) -> list[str]:
    verification = asked(message.body(resend=False))
    return [
        f"/account/ipn/{message.id}/",
        f"/account/ipn/verifications/{verification.id}/",
        f"/account/ipn/simulator/?sent={message.id}",
    ]


@pytest.mark.parametrize("path", [*PAGES, "/account/ipn/1/", "/account/ipn/verifications/1/"])
def test_who_is_not_logged_in_is_asked_to(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/account/login/?next={path}"


@pytest.mark.parametrize("path", [*PAGES, "/account/ipn/1/", "/account/ipn/verifications/1/"])
def test_staff_without_an_account_have_no_such_pages(client: Client, message: IpnMessage, path: str) -> None:
    client.force_login(User.objects.get(email="admin@example.com"))

    assert client.get(path).status_code == 403


def test_a_client_finds_its_own_pages(at_merchants: Client, message: IpnMessage) -> None:
    assert [at_merchants.get(path).status_code for path in [*PAGES, *of(message)]] == [200] * 7


def test_another_client_finds_none_of_them(at_strangers: Client, message: IpnMessage) -> None:
    assert [at_strangers.get(path).status_code for path in of(message)] == [404] * 3


def test_another_client_sees_nothing_of_them_in_its_lists(at_strangers: Client, message: IpnMessage) -> None:
    of(message)

    for path in PAGES:
        assert str(message.id) not in at_strangers.get(path).content.decode()
    assert at_strangers.get("/account/ipn/", {"transaction": "1234567"}).context["page"].messages == []
    assert at_strangers.get("/account/ipn/", {"newer": str(message.id - 1)}).context["page"].messages == []


def test_another_client_can_do_nothing_to_them(at_strangers: Client, message: IpnMessage) -> None:
    assert at_strangers.post(f"/account/ipn/{message.id}/resend/").status_code == 404
    at_strangers.post("/account/ipn/resend/", {"transaction": "1234567"})
    at_strangers.post("/account/ipn/resend/", {"wallet": message.wallet_id})

    message.refresh_from_db()
    assert message.next_attempt_at is None


def test_another_clients_wallet_cannot_be_simulated(at_strangers: Client, message: IpnMessage) -> None:
    target = {"wallet": message.wallet_id, "url": "http://127.0.0.1:9/", "kind": "send_money", "status": "completed"}

    assert 'class="errors"' in at_strangers.get("/account/ipn/simulator/", target).content.decode()
    assert 'class="errors"' in at_strangers.post("/account/ipn/simulator/", target).content.decode()
    assert IpnMessage.objects.count() == 1


@pytest.mark.parametrize("path", ["/account/ipn/{id}/resend/", "/account/ipn/resend/"])
def test_a_link_cannot_resend(at_merchants: Client, message: IpnMessage, path: str) -> None:
    assert at_merchants.get(path.format(id=message.id)).status_code == 405


@pytest.mark.parametrize("path", ["/account/ipn/{id}/resend/", "/account/ipn/resend/", "/account/ipn/simulator/"])
def test_another_sites_form_cannot_either(message: IpnMessage, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(email="merchant@example.com"))

    assert client.post(path.format(id=message.id)).status_code == 403


@pytest.mark.parametrize("number", ["0", "99999999999999999999999999999999"])
def test_numbers_that_no_message_has(at_merchants: Client, number: str) -> None:
    assert at_merchants.get(f"/account/ipn/{number}/").status_code == 404
    assert at_merchants.get(f"/account/ipn/verifications/{number}/").status_code == 404
    assert at_merchants.get("/account/ipn/simulator/", {"sent": number}).status_code == 404
    assert at_merchants.post(f"/account/ipn/{number}/resend/").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_it_stays_in_a_cache(at_merchants: Client, path: str) -> None:
    assert "no-store" in at_merchants.get(path)["Cache-Control"]
