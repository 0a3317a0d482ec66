"""The journal by the control API: looking back, filtering, following."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from sandbox import access, clock, journal
from sandbox.models import JournalEntry, Sandbox
from tests.api.conftest import Answer, Api
from tests.journal.conftest import FORM_ENCODED, now, send_form
from tests.soapapi import calls
from wallets.models import Transaction, Wallet

pytestmark = pytest.mark.django_db


def ask(number: int = 1) -> None:
    Client().post("/ipn-verify", f"ok_verify=true&ok_txn_id={number}", FORM_ENCODED)


def ids(answer: Answer) -> list[str]:
    return [entry["id"] for entry in answer.results]


def link(api: Api, address: str) -> Answer:
    parts = urlsplit(address)
    return api.raw("GET", f"{parts.path.removeprefix('/api/v1/')}?{parts.query}", b"")


def test_every_request_with_its_answer(api: Api) -> None:
    send_form()
    ask()
    calls.post(calls.request("Get_Date_Time"), headers={"User-Agent": "a shop"})

    soap, verify, form = api.get("journal/").results

    assert [entry["path"] for entry in (form, verify, soap)] == ["/process.html", "/ipn-verify", "/OkPayAPI"]
    assert soap["request"]["headers"]["User-Agent"] == "a shop"
    assert "<Get_Date_Time" in soap["request"]["body"]
    assert "<Get_Date_TimeResult>" in soap["response"]["body"]
    assert soap["response"]["headers"]["Content-Type"] == "text/xml; charset=utf-8"
    assert soap["response"]["size"] == len(soap["response"]["body"].encode())
    assert (verify["method"], verify["status"], verify["response"]["body"]) == ("POST", 200, "INVALID")
    assert verify["request"]["body"] == "ok_verify=true&ok_txn_id=1"
    assert verify["remote_address"] == "127.0.0.1"
    assert form["duration"] > 0
    assert form["response"]["headers"]["Location"].startswith("/checkout/")


def test_one_entry(api: Api) -> None:
    ask()
    (entry,) = api.get("journal/").results

    assert api.get(f"journal/{entry['id']}/").body == entry
    payment = Transaction.objects.earliest("id")
    assert api.get(f"journal/payment-{payment.id}/").body["transaction"] == payment.id
    for unknown in ("999999999", "payment-5", "attempt-1", "nonsense", "payment-x", "9" * 30, "attempt-"):
        assert api.get(f"journal/{unknown}/").status == 404


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("since", ["", "2000-01-01T00:00:00Z"])
def test_pages_there_and_back_again(api: Api, size: int, since: str) -> None:
    for number in range(3):
        ask(number)
    query = {"kind": "all", "wallet": "OK702746927"} if not since else {"kind": "all", "since": since}
    everything = ids(api.get("journal/", page_size=1000, **query))
    assert len(everything) >= 3

    pages = [api.get("journal/", page_size=size, **query)]
    assert pages[0].body["previous"] is None
    while following := pages[-1].body["next"]:
        pages.append(link(api, following))

    assert [each for page in pages for each in ids(page)] == everything
    back = [pages[-1]]
    while before := back[-1].body["previous"]:
        back.append(link(api, before))
    assert [ids(page) for page in back] == [ids(page) for page in reversed(pages)]


def test_what_comes_between_two_pages_repeats_and_hides_nothing(api: Api) -> None:
    for number in range(4):
        ask(number)
    first = api.get("journal/", page_size=2)
    ask(5)

    second = link(api, first.body["next"])

    assert ids(second) == [str(int(ids(first)[-1]) - 1), str(int(ids(first)[-1]) - 2)]


def test_filters(api: Api, pay_at_checkout: Callable[..., str], merchant: Wallet) -> None:
    correlation = pay_at_checkout(ok_invoice="Z-9")
    payment = Transaction.objects.get(kind="payment_link")
    send_form(ok_currency="XXX", ok_invoice="Z-9")
    calls.post(calls.request("Wallet_Get_Balance", WalletID="OK100000001", SecurityToken="x"))
    ask()

    def kinds(**query: str) -> list[str]:
        return [entry["kind"] for entry in api.get("journal/", **query).results]

    assert kinds() == ["verify", "soap", "form", "form"]
    assert kinds(kind="form,verify") == ["verify", "form", "form"]
    assert kinds(invoice="Z-9") == ["form", "form"]
    assert kinds(invoice="Z-9", kind="all") == ["form", "payment", "page", "form"]
    assert kinds(transaction=str(payment.id), kind="all") == ["payment", "page", "form"]
    assert kinds(correlation=correlation) == ["payment", "page", "form"]
    assert kinds(correlation=correlation, kind="page") == ["page"]
    assert kinds(wallet="OK100000001") == ["soap"]
    assert kinds(wallet="OK999999999", kind="all") == []
    assert kinds(status="400") == ["form"]
    assert kinds(status="500", kind="all") == ["soap"]
    assert kinds(failed="true") == ["verify", "soap", "form"]
    assert kinds(failed="false") == ["form"]
    assert kinds(text="Wallet_Get_Balance") == ["soap"]
    assert kinds(text="z-9", kind="all") == ["form", "payment", "page", "form"]
    assert kinds(text="100%_", kind="all") == []
    assert kinds(till="2000-01-01T00:00:00Z", kind="all") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kind": "forms"}, "kind"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2030-01-01T00:00:00"}, "since"),
        ({"since": "99999999"}, "since"),
        ({"since": "W10"}, "since"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WyJhIiwgImIiLCAxLCAyXQ=="}, "cursor"),
        ({"transaction": "x"}, "transaction"),
        ({"transaction": "9" * 30}, "transaction"),
        ({"failed": "perhaps"}, "failed"),
        ({"page_size": "0"}, "page_size"),
        ({"colour": "red"}, "colour"),
        ({"sandbox": "a/b"}, "sandbox"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(api: Api, query: dict[str, str], field: str) -> None:
    answer = api.get("journal/", **query)

    assert answer.status == 400
    assert list(answer.errors) == [field]


def test_since_a_moment_an_entry_or_where_one_was(api: Api, world: Sandbox) -> None:
    ask(1)
    first = api.get("journal/")
    moment = now()
    ask(2)
    ask(3)

    by_moment = api.get("journal/", since=moment.isoformat())
    by_entry = api.get("journal/", since=ids(first)[0])
    by_place = api.get("journal/", since=first.body["follow"])

    bodies = ["ok_verify=true&ok_txn_id=2", "ok_verify=true&ok_txn_id=3"]
    for answer in (by_moment, by_entry, by_place):
        assert [entry["request"]["body"] for entry in answer.results] == bodies
    assert api.get("journal/", since=by_place.body["follow"]).results == []
    ask(4)
    for answer in (by_moment, by_place):
        assert len(api.get("journal/", since=answer.body["follow"]).results) == 1


def test_the_moments_are_the_sandboxs(api: Api, world: Sandbox) -> None:
    ask(1)
    clock.advance(world, timedelta(days=10))
    moment = now()
    ask(2)

    (entry,) = api.get("journal/", since=moment.isoformat().replace("+00:00", "Z")).results

    assert entry["request"]["body"].endswith("=2")
    assert entry["at"] > entry["real_at"]


def test_it_says_what_it_dropped(api: Api, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JOURNAL_ROWS = 5
    monkeypatch.setattr(journal, "PRUNE_EVERY", 1)
    journal._added.clear()
    for number in range(8):
        send_form(ok_invoice=f"N-{number}")

    answer = api.get("journal/")

    assert [entry["invoice"] for entry in answer.results] == ["N-7", "N-6", "N-5", "N-4", "N-3"]
    assert answer.body["dropped"] == {"pruned": 3, "lost": 0}


def test_sandboxes_see_nothing_of_each_other(api: Api) -> None:
    Sandbox.objects.create(id="other")
    ask()
    (entry,) = api.get("journal/").results

    assert api.get("journal/", sandbox="other", kind="all").results == []
    assert api.get(f"journal/{entry['id']}/", sandbox="other").status == 404
    assert api.get("journal/", sandbox="other", correlation=entry["correlation"]).results == []


def test_the_token_of_an_account_sees_its_wallets_only(
    api: Api, merchant: Wallet, stranger: Wallet, pay_at_checkout: Callable[..., str]
) -> None:
    pay_at_checkout()
    send_form(ok_receiver=stranger.id)
    others = api.get("journal/", wallet=stranger.id).results[0]["id"]
    scopes = {"scopes": ["journal:read"], "sandbox": merchant.account.sandbox}
    _token, text = access.issue(name="shop", account_id=merchant.account_id, **scopes)
    his = Api(token=text)

    seen = his.get("journal/", kind="all").results

    assert {entry["kind"] for entry in seen} == {"form", "page", "payment"}
    wallets = {leg["wallet"] for entry in seen for leg in entry["entries"]}
    assert wallets == {merchant.id}
    assert his.get(f"journal/{others}/").status == 404
    assert his.get("journal/", wallet=stranger.id, kind="all").results == []
    assert [entry["_kind"] for entry in his.get("journal/har/").body["log"]["entries"]] == ["form"]
    assert text not in str(api.get("journal/", kind="all").body)


def test_a_reset_clears_it(api: Api) -> None:
    ask()

    api.post("reset/")

    assert JournalEntry.objects.filter(kind="verify").count() == 0
    assert [entry["kind"] for entry in api.get("journal/", kind="api").results] == ["api"]


def test_only_with_the_token(world: Sandbox) -> None:
    for path in ("journal/", "journal/1/", "journal/har/", "journal/stream/"):
        assert Client().get(f"/api/v1/{path}").status_code == 401


def test_looking_does_not_take_longer_with_more_of_them(
    api: Api, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(30):
        ask(number)

    with django_assert_max_num_queries(40):  # type: ignore[attr-defined]
        api.get("journal/", kind="all")
