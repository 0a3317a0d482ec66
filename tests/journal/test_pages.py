"""The journal's pages: his own for a client, everything for staff; useful without scripts."""

import json
import re
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.test import Client

from ipn import delivery
from okpay_gateway.journal import har, rows, timeline
from okpay_gateway.journal.search import Search
from sandbox import clock, journal
from sandbox.models import JournalEntry, JournalGap, Sandbox
from tests.account.conftest import as_merchant, logged_in
from tests.journal.conftest import newest, now, send_form
from tests.listener import Answer, Listener
from tests.soapapi import calls
from wallets.models import Transaction, User, Wallet

__all__ = ["as_merchant"]  # a fixture

pytestmark = pytest.mark.django_db

PAGE = "/account/journal/"


@pytest.fixture
def as_staff(world: Sandbox) -> Client:
    client = Client()
    client.force_login(User.objects.get(email="admin@example.com"))
    return client


def html(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def shown(client: Client, address: str = PAGE) -> list[str]:
    """The IDs of the entries on a page, from top to bottom."""
    return re.findall(r'data-entry="([\w-]+)"', html(client, address))


def test_a_client_sees_what_concerns_his_wallets_and_nothing_else(
    as_merchant: Client, stranger: Wallet, buyer: Wallet, pay_at_checkout: Callable[..., str]
) -> None:
    pay_at_checkout()
    send_form(ok_receiver=stranger.id)
    others = str(newest().id)
    calls.post(calls.request("Wallet_Get_Balance", **calls.credentials(buyer.id)))
    payment = Transaction.objects.get(kind="payment_link")

    mine, theirs = shown(as_merchant), shown(logged_in(stranger))

    assert f"payment-{payment.id}" in mine
    assert others not in mine
    assert others in theirs
    assert f"payment-{payment.id}" not in theirs
    assert not set(mine) & set(theirs)
    # The buyer sees his side of the payment, his call, and none of the shop's requests.
    his = shown(logged_in(buyer))
    assert {f"payment-{payment.id}", str(newest().id)} <= set(his)
    assert not any(JournalEntry.objects.filter(id=each, kind="form").exists() for each in his if each.isdigit())


def test_another_clients_entry_and_story_do_not_exist(
    as_merchant: Client, stranger: Wallet, pay_at_checkout: Callable[..., str]
) -> None:
    correlation = pay_at_checkout()
    payment = Transaction.objects.get(kind="payment_link")
    form = JournalEntry.objects.get(kind="form")
    him = logged_in(stranger)

    for address in (f"{form.id}/", f"payment-{payment.id}/", f"story/{correlation}/"):
        assert as_merchant.get(PAGE + address).status_code == 200
        assert him.get(PAGE + address).status_code == 404
    archive = json.loads(him.get(f"{PAGE}har/", {"correlation": correlation}).getvalue())
    assert archive["log"]["entries"] == []


@pytest.mark.parametrize(("most", "kept"), [(1000, 5), (5, 5), (3, 3)])
def test_an_archive_is_read_part_by_part(
    as_merchant: Client, monkeypatch: pytest.MonkeyPatch, most: int, kept: int
) -> None:
    for number in range(5):
        Client().post("/process.html", {"ok_receiver": "OK702746927", "ok_invoice": f"No{number}"})
    monkeypatch.setattr(timeline, "PART", 2)
    monkeypatch.setattr(har, "MOST_ENTRIES", most)

    log = json.loads(as_merchant.get(f"{PAGE}har/").getvalue())["log"]

    sent = [re.findall(r"No\d", entry["request"]["postData"]["text"]) for entry in log["entries"]]
    assert sent == [[f"No{number}"] for number in range(5 - kept, 5)]


def test_a_payer_does_not_see_what_the_receiver_bears(buyer: Wallet, pay_at_checkout: Callable[..., str]) -> None:
    pay_at_checkout()
    payment = Transaction.objects.get(kind="payment_link")

    page = html(logged_in(buyer), f"{PAGE}payment-{payment.id}/")

    assert "-12.50 EUR" in page
    assert page.count('<th scope="row">') == 1  # his own leg


def test_nobody_else_comes_in(world: Sandbox) -> None:
    for address in ("", "har/", "stream/", "1/", "story/x/"):
        assert Client().get(PAGE + address)["Location"].startswith("/account/login/")
        assert "/login/" in Client().get(f"/admin/journal/{address}")["Location"]


def test_the_form_narrows(as_merchant: Client, pay_at_checkout: Callable[..., str]) -> None:
    pay_at_checkout(ok_invoice="Z-9")
    payment = Transaction.objects.get(kind="payment_link")
    send_form(ok_currency="XXX", ok_invoice="Z-8")
    refused = str(newest().id)

    assert shown(as_merchant, f"{PAGE}?outcome=failed") == [refused]
    assert shown(as_merchant, f"{PAGE}?kind=payment&invoice=Z-9") == [f"payment-{payment.id}"]
    assert len(shown(as_merchant, f"{PAGE}?kind=requests")) == 3
    assert shown(as_merchant, f"{PAGE}?text=XXX") == [refused]
    assert set(shown(as_merchant, f"{PAGE}?transaction={payment.id}")) < set(shown(as_merchant))
    assert shown(as_merchant, f"{PAGE}?invoice=none") == []
    assert "Widen the search" in html(as_merchant, f"{PAGE}?invoice=none")


@pytest.mark.parametrize(
    "query", ["transaction=x", "kind=money", "wallet=OK100000004", "outcome=maybe", "text=" + "x" * 300]
)
def test_a_wrong_search_says_so(as_merchant: Client, query: str) -> None:
    page = html(as_merchant, f"{PAGE}?{query}")

    assert 'class="errors"' in page
    assert "data-entry" not in page
    assert as_merchant.get(f"{PAGE}har/?{query}").status_code == 404


def test_pages(as_merchant: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _time in range(5):
        send_form()
    monkeypatch.setattr(timeline.page, "__kwdefaults__", timeline.page.__kwdefaults__ | {"size": 2})  # type: ignore[attr-defined]
    seen, address = [], f"{PAGE}?kind=form"
    while True:
        page = html(as_merchant, address)
        seen += re.findall(r'data-entry="(\d+)"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        address = PAGE + older[1].replace("&amp;", "&")

    assert seen == [str(entry.id) for entry in JournalEntry.objects.order_by("-id")]
    assert shown(as_merchant, f"{PAGE}?older=nonsense") == shown(as_merchant)


def test_without_a_script_it_refreshes_by_a_link_or_by_itself(as_merchant: Client) -> None:
    assert "http-equiv" not in html(as_merchant, PAGE)
    assert "Refresh every 10 seconds" in html(as_merchant, PAGE)
    assert '<meta http-equiv="refresh" content="10">' in html(as_merchant, f"{PAGE}?refresh=10")


def test_request_and_answer_side_by_side(as_merchant: Client) -> None:
    calls.post(calls.request("Wallet_Get_Balance", WalletID="OK702746927", SecurityToken="<script>"))

    page = html(as_merchant, f"{PAGE}{newest().id}/")

    assert "POST /OkPayAPI HTTP/1.1" in page
    assert "&lt;SecurityToken&gt;***&lt;/SecurityToken&gt;" in page
    assert "HTTP/1.1 500 Internal Server Error" in page
    assert "The token is no SHA-256 in hexadecimal" in page
    assert "<script>" not in page


@pytest.mark.django_db(transaction=True)
def test_a_story_from_top_to_bottom(
    as_merchant: Client, merchant: Wallet, listener: Listener, pay_at_checkout: Callable[..., str]
) -> None:
    listener.will(Answer(500))
    merchant.ipn_enabled, merchant.ipn_url = True, listener.url
    merchant.save()
    correlation = pay_at_checkout(ok_return_success="https://shop.example/thanks")
    delivery.deliver_due(clock.default_sandbox(), now=now())

    page = html(as_merchant, f"{PAGE}story/{correlation}/")

    steps = re.findall(r"<li.*?<a href=[^>]*>(.*?)</a>", page[page.index("flow-steps") :], re.DOTALL)
    assert [step.partition(",")[0] for step in steps[:4]] == [
        "A checkout was opened",
        "Checkout: paid",
        "12.50 EUR · Payment link or button",
        "The browser was sent back to the shop with the variables",
    ]
    assert "Status is not 200" in steps[4]
    assert re.search(r"IPN \d+, attempt 2, is due at", page)
    # The picture has an arrow or a point for each.
    assert page.count('<g class="flow-number">') == 5
    assert page.count('class="story-failed"') == 1


def test_staff_see_everything_of_any_sandbox(as_staff: Client, stranger: Wallet) -> None:
    Sandbox.objects.create(id="other")
    send_form(ok_receiver=stranger.id)
    calls.post("")  # nobody's
    stray = newest()

    assert {str(stray.id), str(stray.id - 1)} <= set(shown(as_staff, "/admin/journal/"))
    assert "Nothing in this request says whose it is" in html(as_staff, f"/admin/journal/{stray.id}/")
    assert shown(as_staff, "/admin/journal/?sandbox=other") == []
    assert 'class="errors"' in html(as_staff, "/admin/journal/?sandbox=unknown")
    assert html(as_staff, f"/admin/journal/story/{stray.correlation}/")
    assert html(as_staff, "/admin/sandbox/journalentry/")
    assert html(as_staff, f"/admin/sandbox/journalentry/{stray.id}/change/")


def test_staff_need_the_permission(world: Sandbox) -> None:
    user = User.objects.create_user("helper@example.com", "helper", is_staff=True)
    client = Client()
    client.force_login(user)
    assert client.get("/admin/journal/").status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_journalentry"))

    assert client.get("/admin/journal/").status_code == 200


def test_it_says_what_it_dropped(as_merchant: Client, as_staff: Client, world: Sandbox) -> None:
    assert "dropped" not in html(as_merchant, PAGE)
    JournalGap.objects.create(sandbox=world, pruned=1200, lost=3)

    assert "1200 older requests were dropped" in html(as_staff, "/admin/journal/")
    assert "3 requests could not be written down" in html(as_staff, "/admin/journal/")
    assert "older ones were dropped" in html(as_merchant, PAGE)
    assert journal.dropped(world) == (1200, 3)


def test_without_a_journal_the_page_says_so(as_merchant: Client, settings: LazySettings) -> None:
    settings.JOURNAL = False

    assert "keeps no requests" in html(as_merchant, PAGE)
    assert "payment-" in html(as_merchant, PAGE)


def test_a_line_of_the_stream_is_a_line_of_the_page(as_merchant: Client, world: Sandbox) -> None:
    send_form()
    event = timeline.find(Search(world), str(newest().id))
    assert event

    line = rows.as_html(
        event, lambda page, *arguments: f"/account/journal/{'story/' if page == 'story' else ''}{arguments[0]}/"
    )

    assert " ".join(line.split()) in " ".join(html(as_merchant, PAGE).split())


@pytest.mark.parametrize("language", ["en", "de", "ru"])
def test_in_every_language(as_merchant: Client, language: str, pay_at_checkout: Callable[..., str]) -> None:
    correlation = pay_at_checkout()
    as_merchant.cookies["okpay_language"] = language

    for address in (PAGE, f"{PAGE}story/{correlation}/", f"{PAGE}{newest().id}/"):
        assert f'<html lang="{language}"' in html(as_merchant, address)
