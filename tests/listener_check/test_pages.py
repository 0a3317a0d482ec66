"""The Listener Check in a client's browser, and the worker behind it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ipn import tasks
from ipn.listener_check import checks, pages
from ipn.models import IpnMessage, ListenerCheck
from tests.ipn_pages.conftest import at_merchants, at_strangers
from tests.listener import free_port
from tests.listener_check.conftest import Check
from tests.listener_check.shops import shop
from wallets.models import Wallet

__all__ = ["at_merchants", "at_strangers"]  # fixtures

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/account/ipn/listener-check/"


def filled_in(url: str, **others: str) -> dict[str, str]:
    form = {"wallet": "OK702746927", "url": url, "amount": "100.00", "currency": "USD", "number": "1"}
    return form | {"orders_url": ""} | others


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the worker was told of. No worker runs here."""
    told: list[int] = []
    monkeypatch.setattr(pages.check_listener, "delay", told.append)
    return told


def test_it_is_in_the_menu(at_merchants: Client) -> None:
    assert f'href="{PAGE}"' in at_merchants.get("/account/").content.decode()


def test_from_the_form_to_the_result(at_merchants: Client, gateway: str, handed_over: list[int]) -> None:
    with shop(gateway) as good:
        started = at_merchants.post(PAGE, filled_in(good.url, orders_url=good.orders_url))
        check = ListenerCheck.objects.get()
        assert started["Location"] == f"{PAGE}{check.id}/"
        assert handed_over == [check.id]

        waiting = at_merchants.get(started["Location"])
        assert waiting["Refresh"] == "2"
        assert "Waiting for a worker" in waiting.content.decode()
        assert "Refresh" not in at_merchants.get(f"{started['Location']}?still"), "who reads slowly stops that"

        checks.take_up(check.id)

    over = at_merchants.get(started["Location"])
    assert "Refresh" not in over
    page = over.content.decode()
    assert "Your listener passed" in page
    assert "15 stories: 15 passed" in page
    assert "1 ×, by your shop’s own word; 1 × is right" in page
    assert "check_listener" in page
    assert page.count('<span class="pill sent">Passed</span>') == 15
    assert "15 stories: 15 passed" in at_merchants.get(PAGE).content.decode()


def test_what_is_wrong_stands_once_above_the_stories(at_merchants: Client, gateway: str, check: Check) -> None:
    with shop(gateway, asks=lambda body: b"ok_verify=true&" + body + b"&sid=1") as chatty:
        report = check(chatty.url)

    page = at_merchants.get(f"{PAGE}{report.check.id}/").content.decode()
    assert "Your listener failed" in page
    assert page.count("Post back what you received and nothing of your own but ok_verify=true") == 1
    assert page.index("What to mend") < page.index("Not seen from outside. Look into your shop: 1 × is right.")
    for judgement in report.judgements:
        for question in judgement.questions:
            assert f'href="/account/ipn/verifications/{question["id"]}/"' in page
    # And back from each message.
    for message in IpnMessage.objects.all():
        assert f'href="{PAGE}{report.check.id}/"' in at_merchants.get(f"/account/ipn/{message.id}/").content.decode()


def test_another_client_sees_nothing_of_it(at_strangers: Client, check: Check) -> None:
    report = check(f"http://127.0.0.1:{free_port()}/")

    assert at_strangers.get(f"{PAGE}{report.check.id}/").status_code == 404
    assert at_strangers.get(PAGE).context["reports"] == []
    assert at_strangers.post(PAGE, filled_in("http://127.0.0.1:9/")).context["form"].errors["wallet"]


def test_the_next_one_starts_with_what_the_last_one_was_given(at_merchants: Client, check: Check) -> None:
    check(f"http://127.0.0.1:{free_port()}/x", number=4, currency="EUR")

    form = at_merchants.get(PAGE).context["form"]
    assert form["url"].value().endswith("/x")
    assert (form["number"].value(), form["currency"].value()) == (5, "EUR")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("url", ""),
        ("amount", "0.01"),
        ("amount", "-1"),
        ("amount", "much"),
        ("amount", "1,50"),
        ("currency", "US"),
        ("currency", "U$D"),
        ("number", "-1"),
        ("orders_url", "http://127.0.0.1/orders"),
        ("orders_url", "javascript:{invoice}"),
    ],
)
def test_what_is_filled_in_wrong(at_merchants: Client, handed_over: list[int], name: str, wrong: str) -> None:
    response = at_merchants.post(PAGE, {**filled_in("http://127.0.0.1:9/"), name: wrong})

    assert list(response.context["form"].errors) == [name]
    assert not ListenerCheck.objects.exists()
    assert handed_over == []


def test_one_at_a_time(at_merchants: Client, handed_over: list[int]) -> None:
    first = at_merchants.post(PAGE, filled_in("http://127.0.0.1:9/"))["Location"]

    again = at_merchants.post(PAGE, filled_in("http://127.0.0.1:9/"), follow=True)

    assert again.redirect_chain == [(first, 302)]
    assert "this check of yours is still under way" in again.content.decode()
    assert len(handed_over) == ListenerCheck.objects.count() == 1


def test_one_whose_worker_died_is_no_hindrance(at_merchants: Client, handed_over: list[int]) -> None:
    lost = at_merchants.post(PAGE, filled_in("http://127.0.0.1:9/"))["Location"]
    ListenerCheck.objects.update(begun_at=timezone.now() - checks.LONGEST - timedelta(seconds=1))

    assert "This check was broken off" in at_merchants.get(lost).content.decode()
    assert at_merchants.post(PAGE, filled_in("http://127.0.0.1:9/"))["Location"] != lost


def test_a_broker_that_is_away_costs_some_seconds(
    at_merchants: Client, monkeypatch: pytest.MonkeyPatch, handed_over: list[int]
) -> None:
    def away(check_id: int) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(pages.check_listener, "delay", away)
    assert at_merchants.post(PAGE, filled_in("http://127.0.0.1:9/")).status_code == 302
    monkeypatch.setattr(pages.check_listener, "delay", handed_over.append)

    tasks.check_listeners()

    assert handed_over == [ListenerCheck.objects.get().id]


def test_two_workers_run_it_once_and_no_more_than_two_run_at_once(merchant: Wallet) -> None:
    made = [
        checks.prepare(
            sandbox=merchant.account.sandbox,
            wallet_id=merchant.id,
            url=f"http://127.0.0.1:{free_port()}/",
            now=timezone.now(),
            for_worker=True,
        )
        for _number in range(3)
    ]
    checks.take_up(made[0].id)
    begun = ListenerCheck.objects.get(id=made[0].id)
    assert begun.ended_at
    checks.take_up(made[0].id)
    assert ListenerCheck.objects.get(id=made[0].id).begun_at == begun.begun_at

    ListenerCheck.objects.filter(id__in=[made[0].id, made[1].id]).update(begun_at=timezone.now(), ended_at=None)
    checks.take_up(made[2].id)
    assert ListenerCheck.objects.get(id=made[2].id).begun_at is None
    assert checks.waiting() == [made[2].id]


def test_a_client_without_a_wallet_can_look_but_not_check(at_merchants: Client, merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(account=Wallet.objects.get(id="OK100000004").account)

    assert at_merchants.get(PAGE).status_code == 200
    assert at_merchants.post(PAGE, filled_in("http://127.0.0.1:9/")).context["form"].errors["wallet"]
