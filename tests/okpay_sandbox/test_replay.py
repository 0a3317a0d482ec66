"""A story that went wrong, written down and played again: in the same place, and among other people."""

import hashlib
import http.client
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest

from okpay_sandbox import Gateway, Problem, Sandbox, cli, replay
from tests.listener import listening

pytestmark = pytest.mark.slow


def send(sandbox: Sandbox, invoice: str, amount: str = "10.00") -> str:
    """Send Money from the buyer to the merchant: what a client meets."""
    who = sandbox.buyer
    token = hashlib.sha256(f"{who.api_password}:{datetime.now(UTC):%Y%m%d:%H}".encode()).hexdigest().upper()
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Send_Money xmlns="https://api.okpay.com">'
        f"<WalletID>{who.wallet}</WalletID><SecurityToken>{token}</SecurityToken><Receiver>{sandbox.merchant.wallet}</Receiver>"
        f"<Currency>EUR</Currency><Amount>{amount}</Amount><Invoice>{escape(invoice)}</Invoice></Send_Money></s:Body></s:Envelope>"
    )
    link = http.client.HTTPConnection(urlsplit(sandbox.gateway.url).netloc, timeout=30)
    try:
        link.request("POST", "/OkPayAPI", body, {"Content-Type": "text/xml"})
        answer = link.getresponse().read().decode()
    except ConnectionResetError:
        return "reset"
    finally:
        link.close()
    return answer.partition("<faultstring>")[2].partition("<")[0] or "OK"


def play(sandbox: Sandbox, story: dict[str, Any]) -> list[tuple[str, str]]:
    played = list(replay.play(sandbox, story))
    assert all(each.is_same for each in played), played
    return [(each.step, each.outcome) for each in played]


@pytest.fixture
def default(gateway: Gateway) -> Sandbox:
    sandbox = gateway.default()
    sandbox.reset()
    return sandbox


def test_an_answer_that_was_lost_and_a_notification_that_came_late(default: Sandbox, tmp_path: Path) -> None:
    with listening(verify_at=default.gateway.url) as listener:
        default.notify(listener.url)
        default.scenario(
            operation="Send_Money",
            steps=[{"effect": "fault:Limits_Exceeded"}, {"effect": "succeed"}, {"effect": "reset:processed"}],
        )
        default.scenario(operation="ipn", steps=[{"effect": "succeed"}, {"effect": "double"}, {"effect": "late:10m"}])
        met = [send(default, invoice) for invoice in ("a & b", "a & b", "a & b", "a & b", "another")]
        default.advance("PT15M")
        default.wait()
        payment = default.transactions(invoice="a & b")[0]

        story = default.call("GET", "scenarios/export/", transaction=payment["id"])

        assert met == ["Limits_Exceeded", "OK", "reset", "OK", "OK"]
        assert "SecurityToken" not in json.dumps(story)
        default.reset()
        default.notify(listener.url)
        listener.requests.clear()
        assert play(default, story) == [
            ("Send_Money 10.00 EUR", "fault:Limits_Exceeded"),
            ("Send_Money 10.00 EUR", "OK"),
            ("Send_Money 10.00 EUR", "reset"),
            ("Send_Money 10.00 EUR", "OK"),
            ("advance PT10M", "done"),
            ("wait", "idle"),
        ]
        assert len(listener.requests) == 4
        assert len({request.variables["ok_txn_id"] for request in listener.requests}) == 3
        assert default.balance("EUR") == 10_030
        assert default.audit()["ok"]


def test_a_checkout_that_was_refused_then_reviewed_then_refunded(default: Sandbox) -> None:
    default.scenario(
        operation="checkout",
        steps=[{"effect": "fault:Insufficient_Funds"}, {"effect": "pending:verify:approve:5m"}],
    )
    checkout = default.open_checkout(ok_item_1_name="Poster", ok_item_1_price="25", ok_currency="USD", ok_invoice="o-9")
    with pytest.raises(Problem, match="enough money"):
        checkout.pay()
    paid = checkout.pay(comment="Please hurry")
    assert paid["status"] == "pending"
    default.advance("PT6M")
    default.refund(paid["transaction"], "5.00")
    story = default.call("GET", "scenarios/export/", correlation=default.journal(invoice="o-9")[0]["correlation"])
    default.reset()

    assert play(default, story) == [
        ("form o-9", "opened"),
        ("pay buyer@example.com", "fault:Insufficient_Funds"),
        ("pay buyer@example.com", "pending:verify"),
        ("advance PT6M", "done"),
        ("refund 5.00", "done"),
        ("wait", "idle"),
    ]
    assert default.transactions(invoice="o-9")[-1]["comment"] == "Please hurry"


def test_what_comes_out_otherwise_is_told_and_the_exit_code_is_1(
    default: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--url", default.gateway.url, "--token", "sandbox"]
    assert send(default, "once") == "OK"
    payment = default.transactions(invoice="once")[0]
    assert cli.main([*arguments, "story", str(payment["id"])]) == 0
    file = tmp_path / "story.json"
    file.write_text(capsys.readouterr().out)
    default.scenario(operation="Send_Money", effect="fault:Access_Denied", priority=5)

    assert cli.main([*arguments, "replay", str(file)]) == 1
    assert "NOT  Send_Money 10.00 EUR: fault:Access_Denied   in the story: OK" in capsys.readouterr().out
    assert cli.main([*arguments, "replay", str(file)]) == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("no json", "Expecting value"),
        ("{}", "no file of the format okpay-scenarios/1"),
        ('{"format": "okpay-scenarios/1", "scenarios": []}', "There is no story in it"),
    ],
)
def test_a_file_that_is_none(
    default: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    file = tmp_path / "story.json"
    file.write_text(content)

    assert cli.main(["--url", default.gateway.url, "replay", str(file)]) == 2
    assert told in capsys.readouterr().err
    assert cli.main(["--url", default.gateway.url, "story"]) == 2


def test_other_people_play_the_same_story(default: Sandbox) -> None:
    assert send(default, "x") == "OK"
    story = default.call("GET", "scenarios/export/", transaction=default.transactions(invoice="x")[0]["id"])
    swapped = replace(default, merchant=default.buyer, buyer=default.merchant)

    assert play(swapped, story)[0] == ("Send_Money 10.00 EUR", "OK")
    newest = default.transactions(invoice="x")[0]
    assert (newest["payer"]["wallet"], newest["receiver"]["wallet"]) == ("OK702746927", "OK100000001")


def test_a_transaction_that_there_is_not(default: Sandbox) -> None:
    with pytest.raises(Problem, match="The journal has nothing of this"):
        default.call("GET", "scenarios/export/", transaction=1)
