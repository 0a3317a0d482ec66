"""Notifications by the control API: what was sent, what came back, who asked about it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ipn import verification
from ipn.models import IpnMessage, Verification
from sandbox import clock
from tests.api.conftest import Api
from tests.listener import Answer, Listener, listening
from wallets import payments
from wallets.models import Transaction, Wallet
from wallets.money import D


@pytest.fixture
def sale(transactional_db: None, buyer: Wallet, merchant: Wallet, listener: Listener) -> Transaction:
    """A payment whose listener answered 500 at first, then 200."""
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    listener.will(Answer(500, b"broken"), Answer(200, b"fine"))
    return payments.send_money(
        payer=buyer, receiver=merchant.id, currency="USD", amount=D("10.00"), now=clock.now(merchant.account.sandbox)
    )


def ask(body: str) -> None:
    verification.verify(
        body.encode(), method="POST", content_type="text/xml", remote_address="127.0.0.1", now=timezone.now()
    )


def test_a_message_with_every_attempt(api: Api, sale: Transaction, listener: Listener) -> None:
    [queued] = api.get("ipn-messages/").results
    assert (queued["status"], queued["attempts"], queued["transaction"]) == ("queued", [], sale.id)

    api.post("clock/", {"advance": "PT30M"})
    answer = api.get(f"ipn-messages/{queued['id']}/").body

    assert answer["status"] == "sent"
    assert answer["wallet"] == "OK702746927"
    assert answer["url"] == listener.url
    assert answer["next_attempt_at"] is None
    assert list(answer["variables"].items()) == listener.requests[0].pairs
    first, second = answer["attempts"]
    assert (first["number"], first["error"] != "", second["number"], second["error"]) == (1, True, 2, "")
    assert first["sent_at"].endswith("Z")
    assert 0 < first["duration"] < 10
    assert first["request"] == {
        "method": "POST",
        "url": listener.url,
        "body": listener.requests[0].body.decode(),
    }
    assert first["response"]["code"] == 500
    assert "broken" in first["response"]["head"]
    assert second["response"]["code"] == 200
    assert second["request"]["body"] == listener.requests[1].body.decode()


def test_an_attempt_without_an_answer(api: Api, sale: Transaction, listener: Listener) -> None:
    listener.will(Answer(drop=True))
    api.post("wait/")
    [message] = api.get("ipn-messages/").results

    [attempt] = message["attempts"]
    assert attempt["response"] is None
    assert attempt["error"]


def test_messages_are_filtered(api: Api, sale: Transaction) -> None:
    def count(**query: object) -> int:
        return len(api.get("ipn-messages/", **query).results)

    assert count() == count(wallet="OK702746927") == count(transaction=sale.id) == count(status="queued") == 1
    assert count(wallet="OK100000001") == count(transaction=1) == count(status="failed") == 0
    assert api.get("ipn-messages/", status="lost").errors.keys() == {"status"}
    assert api.get("ipn-messages/", transaction="x").errors.keys() == {"transaction"}


def test_what_was_acknowledged_and_never_verified(api: Api, sale: Transaction) -> None:
    api.post("clock/", {"advance": "PT30M"})
    [message] = api.get("ipn-messages/", status="sent", verified="false").results
    assert message["verified"] is False

    sent = IpnMessage.objects.get()
    ask(f"ok_verify=true&{sent.body(resend=False)}&more=1")
    assert len(api.get("ipn-messages/", verified="false").results) == 1

    ask(f"ok_verify=true&{sent.body(resend=False)}")

    assert api.get("ipn-messages/", status="sent", verified="false").results == []
    [message] = api.get("ipn-messages/", verified="true").results
    assert message["verified"] is True
    assert api.get("ipn-messages/", verified="perhaps").errors.keys() == {"verified"}


def test_resend(api: Api, sale: Transaction, listener: Listener) -> None:
    api.post("clock/", {"advance": "PT30M"})
    message = IpnMessage.objects.get()
    answer = api.post(f"ipn-messages/{message.id}/resend/")

    assert answer.status == 200
    assert answer.body["status"] == "queued"
    assert api.post("wait/").body["idle"]
    assert len(listener.requests) == 3
    assert listener.requests[2].variables["ok_ipn_resend"] == "true"
    assert len(api.get(f"ipn-messages/{message.id}/").body["attempts"]) == 3


def test_a_refused_resend_sends_nothing(api: Api, sale: Transaction, listener: Listener) -> None:
    api.post("clock/", {"advance": "PT30M"})
    message = IpnMessage.objects.get()

    assert api.post(f"ipn-messages/{message.id}/resend/", {"url": "http://x/"}).errors.keys() == {"url"}
    assert api.post("ipn-messages/7/resend/").status == 404
    assert api.get("ipn-messages/7/").status == 404
    assert IpnMessage.objects.get().next_attempt_at is None


def test_verifications_say_why(api: Api, sale: Transaction) -> None:
    message = IpnMessage.objects.get()
    good = f"ok_verify=true&{message.body(resend=False)}"
    ask(good)
    ask(good.replace("10.00", "11.00"))
    ask("ok_verify=true&ok_txn_id=1")

    unknown, changed, verified = api.get("verifications/").results
    assert (verified["verdict"], verified["message"], verified["transaction"]) == ("VERIFIED", message.id, sale.id)
    assert verified["asked_at"].endswith("Z")
    assert verified["body"] == good
    assert (verified["method"], verified["remote_address"], verified["content_type"]) == (
        "POST",
        "127.0.0.1",
        "text/xml",
    )
    assert changed["verdict"] == "INVALID"
    assert "ok_txn_gross" in changed["reason"]
    assert ["ok_txn_gross", "10.00", "11.00"] in changed["differences"]["changed"]
    assert (unknown["verdict"], unknown["message"], unknown["transaction"]) == ("INVALID", None, None)
    assert unknown["reason"]
    assert api.get(f"verifications/{changed['id']}/").body == changed


def test_verifications_are_filtered(api: Api, sale: Transaction) -> None:
    message = IpnMessage.objects.get()
    ask(f"ok_verify=true&{message.body(resend=False)}")
    ask("ok_verify=true&ok_txn_id=1")

    assert len(api.get("verifications/", message=message.id).results) == 1
    assert len(api.get("verifications/", transaction=sale.id, verdict="VERIFIED").results) == 1
    assert len(api.get("verifications/", verdict="INVALID").results) == 1
    assert api.get("verifications/", verdict="MAYBE").errors.keys() == {"verdict"}
    assert api.get("verifications/1/").status == 404
    assert Verification.objects.count() == 2


def test_what_strangers_ask_is_seen_in_their_sandbox_only(api: Api, sale: Transaction) -> None:
    from sandbox.models import Sandbox

    Sandbox.objects.create(id="other", clock_offset=timedelta(days=1))
    ask("ok_verify=true&ok_txn_id=1")

    assert len(api.get("verifications/").results) == 1
    assert api.get("verifications/", sandbox="other").results == []
    assert api.get("ipn-messages/", sandbox="other").results == []


class TestSimulate:
    def test_a_test_message_verifies_as_test(self, api: Api, transactional_db: None, merchant: Wallet) -> None:
        with listening() as listener:
            changes = {"ok_invoice": "A-7", "ok_txn_comment": None, "ok_new": ""}
            body = {"wallet": merchant.id, "url": listener.url, "kind": "send_money", "variables": changes}
            answer = api.post("ipn-messages/simulate/", body)
            api.post("wait/", {"timeout": 10})
            received = listener.wait_for(1)[0]

        assert (answer.status, answer.body["is_test"], answer.body["transaction"]) == (201, True, None)
        assert received.variables["ok_txn_kind"] == "send_money"
        assert received.variables["ok_receiver_wallet"] == merchant.id
        assert (received.variables["ok_invoice"], received.variables["ok_new"]) == ("A-7", "")
        assert "ok_txn_comment" not in received.variables
        ask("ok_verify=true&" + received.body.decode())
        assert Verification.objects.get().verdict == "TEST"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"wallet": "OK999999999"}, "wallet"),
            ({"url": ""}, "url"),
            ({"url": "ftp://shop.example.com/"}, "url"),
            ({"kind": "gift"}, "kind"),
            ({"status": "lost"}, "status"),
            ({"reason": "rain"}, "reason"),
            ({"variables": ["a"]}, "variables"),
            ({"color": "red"}, "color"),
        ],
    )
    def test_what_is_wrong_is_named(self, api: Api, merchant: Wallet, changes: dict[str, object], field: str) -> None:
        body = {"wallet": merchant.id, "url": "http://127.0.0.1:9/"} | changes
        answer = api.post("ipn-messages/simulate/", body)

        assert answer.status == 400
        assert answer.errors.keys() == {field}
        assert not IpnMessage.objects.exists()
