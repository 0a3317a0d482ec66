"""POST ipn-messages/check-listener/: one call of a CI job, the report in its answer."""

import pytest

from ipn.models import ListenerCheck
from tests.api.conftest import Api, api
from tests.listener import Answer, Listener
from tests.listener_check.shops import shop
from wallets.models import Wallet

__all__ = ["api"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)

CALL = "ipn-messages/check-listener/"


def test_the_report(api: Api, gateway: str) -> None:
    with shop(gateway, ships=lambda verdict, message: verdict == "VERIFIED") as careless:
        report = api.post(CALL, {"wallet": "OK702746927", "url": careless.url, "orders_url": careless.orders_url}).body

    assert report["passed"] is False
    assert report["summary"] == "15 stories: 7 passed, 0 with warnings, 8 failed, 0 not told"
    stories = {story["story"]: story for story in report["stories"]}
    assert (stories["forged"]["outcome"], stories["forged"]["shipped"], stories["forged"]["ships"]) == ("pass", 0, 0)
    assert stories["forged"]["posts"][0]["message"] is None
    underpaid = stories["underpaid"]
    assert (underpaid["outcome"], underpaid["invoice"]) == ("fail", "CHECK-UNDERPAID-1")
    assert underpaid["notes"][0]["title"] == "Delivered 1 time; 0 would be right"
    assert underpaid["verifications"][0]["verdict"] == "VERIFIED"
    assert f"ok_ipn_id={underpaid['posts'][0]['message']}" in underpaid["posts"][0]["body"]
    message = api.get(f"ipn-messages/{underpaid['posts'][0]['message']}/").body
    assert message["variables"]["ok_txn_gross"] == "0.01"


def test_without_a_url_it_is_the_wallets(api: Api, listener: Listener, merchant: Wallet) -> None:
    asked = {"wallet": merchant.id, "number": 3}
    assert api.post(CALL, asked).errors == {
        "url": ["Needed, because the wallet has no Payment Notification (IPN) URL."]
    }
    listener.will(Answer(500))
    Wallet.objects.filter(id=merchant.id).update(ipn_url=listener.url)

    report = api.post(CALL, asked).body

    assert report["url"] == listener.url
    assert report["stories"][0]["invoice"] == "CHECK-ORIGINAL-3"
    assert report["stories"][0]["posts"][0]["code"] == 500


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wallet", "OK999999999"),
        ("url", "ftp://shop.example/"),
        ("timeout", 0),
        ("timeout", 60),
        ("orders_url", "http://shop.example/orders"),
        ("amount", "0.01"),
        ("amount", 100),
        ("currency", "usd"),
        ("number", -1),
        ("invoices", {"early": "1"}),
        ("story", "late"),
    ],
)
def test_what_it_is_given_wrong(api: Api, field: str, value: object) -> None:
    answer = api.post(CALL, {"wallet": "OK702746927", "url": "http://127.0.0.1:9/", field: value})

    assert answer.status == 400
    assert list(answer.errors) == [field]
    assert not ListenerCheck.objects.exists()


def test_a_reset_meanwhile_is_a_conflict(api: Api, gateway: str) -> None:
    def asks(body: bytes) -> None:
        ListenerCheck.objects.all().delete()

    with shop(gateway, asks=asks) as odd:
        answer = api.post(CALL, {"wallet": "OK702746927", "url": odd.url})

    assert answer.status == 409
    assert "was reset" in answer.body["detail"]
