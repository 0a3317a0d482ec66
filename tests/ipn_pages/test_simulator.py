"""IPN Simulator: test data as it went over the wire, and whatever a tester makes of them."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import Settings

from ipn import simulator
from ipn.models import IpnMessage
from ipn.simulator import KINDS, STATUSES, Receiver, default_variables
from tests.ipn_pages.conftest import Queue, asked
from tests.listener import Answer, Listener, free_port
from wallets.models import Wallet

NOW = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
MARY = Receiver(wallet="OK702746927", email="Merchant@Example.com", phone="44-7700900123", account="666146284")
PAGE = "/account/ipn/simulator/"


def names(kind: str, status: str = "completed") -> list[str]:
    return [name for name, _value in default_variables(kind, status, MARY, NOW)]


def start(url: str, kind: str = "payment_link", status: str = "completed") -> dict[str, str]:
    return {"wallet": "OK702746927", "url": url, "kind": kind, "status": status}


def filled_in(client: Client, target: dict[str, str], **changes: str) -> dict[str, str]:
    """What a browser posts after step 2, every field as it was unless it is changed."""
    form = client.get(PAGE, target).context["form"]
    return {**target, **{name: form[name].value() for name in form.fields}, **changes}


# The test data


def test_the_order_of_the_wire() -> None:
    variables = names("payment_link")

    assert variables[:2] == ["ok_charset", "ok_txn_kind"]
    assert variables[2:6] == ["ok_receiver_wallet", "ok_receiver_email", "ok_receiver_phone", "ok_receiver_id"]
    blocks = [name.split("_")[1] for name in variables]
    assert list(dict.fromkeys(blocks)) == ["charset", "txn", "receiver", "payer", "invoice", "items", "item"]
    assert variables.index("ok_txn_id") > variables.index("ok_payer_address_name")
    assert variables.index("ok_invoice") > variables.index("ok_txn_comment")
    assert variables[-1] == "ok_item_2_custom_2_value"


def test_the_recorded_values() -> None:
    values = dict(default_variables("payment_link", "completed", MARY, NOW))

    assert values["ok_txn_gross"] == "100.00"
    assert values["ok_txn_net"] == values["ok_txn_amount"] == "90.00"
    assert values["ok_txn_fee"] == "10.00"
    assert values["ok_txn_exchange_rate"] == "1.1234"
    assert values["ok_txn_parent_id"] == "10"
    assert (values["ok_txn_handling"], values["ok_txn_shipping"], values["ok_txn_tax"]) == ("100.00", "10.00", "1.00")
    assert values["ok_txn_datetime"] == "2026-01-05 12:00:30"
    assert values["ok_receiver_email"] == "merchant@example.com"
    assert values["ok_receiver_wallet"] == "OK702746927"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_kind_in_every_status(kind: str, status: str) -> None:
    pairs = default_variables(kind, status, MARY, NOW)
    values = dict(pairs)

    assert len(values) == len(pairs)
    assert values["ok_txn_kind"] == kind
    assert values["ok_txn_status"] == status
    assert ("ok_txn_pending_reason" in values) == (status == "pending")
    assert ("ok_txn_reversal_reason" in values) == (status == "reversed")
    assert values["ok_txn_gross"].startswith("-") == (status == "reversed")
    assert values.get("ok_items_count") == ("2" if kind in ("payment_link", "marketplace") else None)
    assert ("ok_s_regular_payments_done" in values) == (kind == "subscription")
    assert not set(values) & simulator.RESERVED


@pytest.mark.parametrize(
    ("status", "reason"),
    [("pending", reason) for reason in simulator.PENDING_REASONS]
    + [("reversed", reason) for reason in simulator.REVERSAL_REASONS],
)
def test_every_reason(status: str, reason: str) -> None:
    values = dict(default_variables("send_money", status, MARY, NOW, reason=reason))

    assert values[f"ok_txn_{'pending' if status == 'pending' else 'reversal'}_reason"] == reason


def test_each_test_is_about_another_transaction() -> None:
    later = NOW.replace(second=31)

    first, second = (dict(default_variables("send_money", "completed", MARY, at))["ok_txn_id"] for at in (NOW, later))

    assert int(first) < int(second)
    assert len(second) <= 19


@pytest.mark.parametrize(("kind", "status"), [("gift", "completed"), ("send_money", "lost"), ("", "")])
def test_words_that_are_none(kind: str, status: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        default_variables(kind, status, MARY, NOW)


# Two steps


def test_step_1_asks_for_wallet_url_and_kind(at_merchants: Client, merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_url="http://shop.example/ipn")

    page = at_merchants.get(PAGE).content.decode()

    assert '<option value="OK702746927" selected>' in page
    assert 'value="http://shop.example/ipn"' in page
    for kind in KINDS:
        assert f'<option value="{kind}"' in page
    assert ">Next</button>" in page


def test_step_2_is_full_of_test_data(at_merchants: Client) -> None:
    response = at_merchants.get(PAGE, start("http://shop.example/", "marketplace", "pending:verify"))

    page = response.content.decode()
    assert ">Send Test IPN</button>" in page
    values = {name: field.initial for name, field in response.context["form"].fields.items()}
    assert values["ok_txn_kind"] == "marketplace"
    assert values["ok_txn_status"] == "pending"
    assert values["ok_txn_pending_reason"] == "verify"
    assert values["ok_txn_reversal_reason"] == ""
    assert values["ok_receiver_email"] == "merchant@example.com"
    assert '<label for="id_ok_txn_gross">ok_txn_gross</label>' in page


@pytest.mark.parametrize("wrong", [{"kind": "gift"}, {"status": "lost"}, {"wallet": "OK1"}, {"url": ""}, {"url": "\0"}])
def test_step_1_is_asked_again(at_merchants: Client, wrong: dict[str, str]) -> None:
    page = at_merchants.get(PAGE, start("http://shop.example/") | wrong).content.decode()

    assert 'class="errors"' in page
    assert ">Next</button>" in page


def test_one_can_go_back_and_finds_what_was_chosen(at_merchants: Client) -> None:
    chosen = start("http://shop.example/?a=1&b=2", "mass_pay", "reversed:chargeback")
    back = at_merchants.get(PAGE, chosen).context["back"]

    page = at_merchants.get(f"{PAGE}?{back}").content.decode()

    assert 'value="http://shop.example/?a=1&amp;b=2"' in page
    assert '<option value="mass_pay" selected>' in page
    assert '<option value="reversed:chargeback" selected>' in page


# Send


@pytest.mark.django_db(transaction=True)
class TestSend:
    def test_it_arrives_and_the_result_stands_at_the_top(
        self, at_merchants: Client, worker: None, listener: Listener
    ) -> None:
        response = at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url)), follow=True)

        (arrived,) = listener.wait_for(1)
        page = response.content.decode()
        assert "Delivered: your listener answered 200" in page
        assert page.index("Delivered") < page.index("Send Test IPN")
        assert "your listener has not asked" in page
        message = IpnMessage.objects.get()
        assert message.is_test
        assert message.transaction_id is None
        assert arrived.pairs == message.pairs
        assert [name for name, _value in arrived.pairs][-2:] == ["ok_ipn_test", "ok_ipn_id"]
        assert int(arrived.variables["ok_ipn_test"]) > 0
        assert "ok_txn_pending_reason" not in arrived.variables

    def test_a_listener_that_asks_is_told_test(self, at_merchants: Client, worker: None, listener: Listener) -> None:
        response = at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url)), follow=True)
        asked(listener.wait_for(1)[0].body.decode())

        page = at_merchants.get(response.request["PATH_INFO"] + "?" + response.request["QUERY_STRING"])

        assert '<span class="pill verified">TEST</span>' in page.content.decode()
        assert IpnMessage.objects.count() == 1  # looking again does not send again

    def test_any_field_may_hold_anything(self, at_merchants: Client, worker: None, listener: Listener) -> None:
        changes = {
            "ok_txn_gross": "a lot",
            "ok_txn_kind": "gift",
            "ok_txn_status": "  lost ",
            "ok_payer_first_name": "Ünï & <b>+100 %</b>",
            "ok_receiver_email": "not an address",
            "ok_txn_reversal_reason": "whim",
        }

        response = at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url), **changes), follow=True)

        (arrived,) = listener.wait_for(1)
        assert {name: arrived.variables[name] for name in changes} == changes
        assert asked(arrived.body.decode()).verdict == "TEST"
        form = response.context["form"]
        assert {name: form[name].value() for name in changes} == changes  # and the form still holds it

    def test_blank_fields_are_sent_empty(self, at_merchants: Client, worker: None, listener: Listener) -> None:
        at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url), ok_invoice="", ok_payer_phone=""))

        arrived = listener.wait_for(1)[0].variables
        assert (arrived["ok_invoice"], arrived["ok_payer_phone"]) == ("", "")

    def test_or_left_out(self, at_merchants: Client, worker: None, listener: Listener) -> None:
        form = filled_in(at_merchants, start(listener.url), ok_invoice="", blank_fields="left-out")

        response = at_merchants.post(PAGE, form, follow=True)

        assert "ok_invoice" not in listener.wait_for(1)[0].variables
        assert response.context["form"]["blank_fields"].value() == "left-out"

    def test_a_tester_cannot_make_it_genuine(self, at_merchants: Client, worker: None, listener: Listener) -> None:
        form = filled_in(at_merchants, start(listener.url), ok_ipn_test="0", ok_ipn_id="1", ok_verify="true")

        at_merchants.post(PAGE, form)

        (arrived,) = listener.wait_for(1)
        assert arrived.variables["ok_ipn_test"] == "1"
        assert arrived.variables["ok_ipn_id"] == str(IpnMessage.objects.get().id)
        assert "ok_verify" not in arrived.variables
        assert asked(arrived.body.decode()).verdict == "TEST"

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, at_merchants: Client, worker: None, listener: Listener, kind: str) -> None:
        at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url, kind, "reversed:refund")))

        assert listener.wait_for(1)[0].pairs[1] == ("ok_txn_kind", kind)
        assert IpnMessage.objects.get().kind == kind

    def test_an_error_of_the_listener(self, at_merchants: Client, worker: None, listener: Listener) -> None:
        listener.will(Answer(404, b"no such page"))

        page = at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url)), follow=True).content.decode()

        assert "Not delivered: Status is not 200" in page
        assert "<dd>404</dd>" in page
        assert "similar to, but not the same as" in page
        assert "no such page" in page

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("http://127.0.0.1:{port}/", "Connection refused"),
            ("http://169.254.169.254/latest/meta-data/", "Forbidden address"),
            ("ftp://shop.example/", "Incorrect URL"),
            ("nonsense", "Incorrect URL"),
        ],
    )
    def test_a_url_that_cannot_be_posted_to_is_an_attempt_with_its_reason(
        self, at_merchants: Client, worker: None, url: str, words: str
    ) -> None:
        target = start(url.format(port=free_port()))

        page = at_merchants.post(PAGE, filled_in(at_merchants, target), follow=True).content.decode()

        assert f"Not delivered: {words}" in page
        assert "What to do:" in page

    def test_private_addresses_where_they_are_closed(
        self, at_merchants: Client, worker: None, listener: Listener, settings: Settings
    ) -> None:
        settings.IPN_ALLOW_PRIVATE = False

        page = at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url)), follow=True).content.decode()

        assert "Not delivered: Forbidden address" in page
        assert listener.connections == 0

    def test_without_a_worker_it_waits_no_longer_than_a_listener_may_take(
        self, at_merchants: Client, listener: Listener, settings: Settings
    ) -> None:
        settings.IPN_TIMEOUT = 0.1

        page = at_merchants.post(PAGE, filled_in(at_merchants, start(listener.url)), follow=True).content.decode()

        assert "The test message is still queued" in page


def test_only_so_many_tests_wait_at_once(at_merchants: Client, queue: Queue) -> None:
    for _number in range(3):
        queue(is_test=True)

    page = at_merchants.post(PAGE, filled_in(at_merchants, start("http://127.0.0.1:9/"))).content.decode()

    assert "Nothing was sent: other tests of yours still wait" in page
    assert IpnMessage.objects.count() == 3


def test_a_value_beyond_all_measure_is_an_error(at_merchants: Client) -> None:
    form = filled_in(at_merchants, start("http://127.0.0.1:9/"), ok_invoice="x" * 5001)

    page = at_merchants.post(PAGE, form).content.decode()

    assert 'class="errors"' in page
    assert not IpnMessage.objects.exists()


def test_a_real_message_has_no_result_here(at_merchants: Client, queue: Queue) -> None:
    assert at_merchants.get(PAGE, {"sent": str(queue().id)}).status_code == 404


def test_a_client_without_a_wallet_can_look_but_not_send(at_merchants: Client, merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(account=Wallet.objects.get(id="OK100000004").account)

    assert at_merchants.get(PAGE).status_code == 200
    assert at_merchants.get("/account/ipn/").status_code == 200
    assert 'class="errors"' in at_merchants.post(PAGE, start("http://127.0.0.1:9/")).content.decode()
