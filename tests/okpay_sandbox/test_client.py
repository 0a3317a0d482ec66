"""The client against a running gateway."""

import socket
import time

import pytest

from okpay_sandbox import FormRefused, Gateway, GatewayUnreachable, NotIdle, Problem, Sandbox
from okpay_sandbox.listener import listening

pytestmark = pytest.mark.slow

BOOK = {"ok_item_1_name": "Book", "ok_item_1_price": "12.50", "ok_currency": "EUR", "ok_invoice": "A-1"}


def test_a_payment_from_form_to_verified(sandbox: Sandbox) -> None:
    with listening(sandbox.gateway.url) as listener:
        sandbox.notify(listener.url)

        paid = sandbox.open_checkout(BOOK).pay()

        received = listener.wait_for(1)[0]
        sandbox.wait()
    assert received.verdict == "VERIFIED"
    assert received.variables["ok_txn_id"] == str(paid["transaction"])
    assert [row["status"] for row in sandbox.messages()] == ["sent"]
    assert [row["verdict"] for row in sandbox.verifications()] == ["VERIFIED"]
    assert sandbox.audit()["ok"] is True


def test_two_sandboxes_do_not_meet(gateway: Gateway, sandbox: Sandbox) -> None:
    with gateway.new_sandbox() as other:
        other.open_checkout(BOOK).pay()

        assert len(other.transactions(kind="payment_link")) == 1
        assert sandbox.transactions(kind="payment_link") == []
        with pytest.raises(Problem) as refused:
            sandbox.call("GET", f"transactions/{other.transactions(kind='payment_link')[0]['id']}/")
    assert refused.value.status == 404
    assert other.id not in [row["id"] for row in gateway.sandboxes()]


def test_a_list_is_read_page_by_page(sandbox: Sandbox) -> None:
    for _ in range(5):
        sandbox.open_checkout(BOOK).pay()

    rows = list(sandbox.rows("transactions/", kind="payment_link", page_size=2))

    assert len({row["id"] for row in rows}) == 5


def test_a_wrong_form_says_which_variable(sandbox: Sandbox) -> None:
    with pytest.raises(FormRefused) as refused:
        sandbox.open_checkout(BOOK | {"ok_currency": "XXX"})

    assert refused.value.status == 400
    assert "ok_currency" in refused.value.variables
    line = next(line for line in refused.value.text.splitlines() if line.startswith("ok_currency"))
    assert line.split(" | ")[1] == "XXX"
    assert "such as EUR" in line


def test_a_refusal_has_the_official_name(sandbox: Sandbox) -> None:
    checkout = sandbox.open_checkout(BOOK | {"ok_item_1_price": "99999999.00"})

    with pytest.raises(Problem) as refused:
        checkout.pay()

    assert refused.value.status == 422
    assert refused.value.name


def test_the_story_is_about_the_test_and_not_what_everybody_begins_with(sandbox: Sandbox) -> None:
    assert sandbox.story() == ["nothing happened"]

    sandbox.open_checkout(BOOK).pay()

    assert [line.split()[2:4] for line in sandbox.story()] == [["payment_link", "completed"]]


def test_the_story_has_what_was_refused(sandbox: Sandbox) -> None:
    with pytest.raises(FormRefused):
        sandbox.open_checkout(BOOK | {"ok_item_1_price": "12,50"})
    told = time.monotonic() + 15
    while sandbox.story() == ["nothing happened"] and time.monotonic() < told:
        time.sleep(0.05)

    (line,) = sandbox.story()
    assert line.startswith("refused: The payment form was refused: ok_item_1_price")
    assert "25.00" in line  # what is expected


def test_a_wrong_field_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(Problem, match="ipn_uri") as refused:
        sandbox.set_wallet(ipn_uri="http://localhost/")

    assert list(refused.value.errors) == ["ipn_uri"]


def test_a_wrong_token_is_a_problem(gateway: Gateway) -> None:
    with pytest.raises(Problem) as refused:
        Gateway(gateway.url, "wrong").sandboxes()

    assert refused.value.status == 401


def test_time_moves_and_what_is_due_is_done(sandbox: Sandbox) -> None:
    sandbox.notify("http://127.0.0.1:9/")
    sandbox.open_checkout(BOOK).pay()
    deadline = time.monotonic() + 15
    while not sandbox.messages(status="retrying") and time.monotonic() < deadline:
        time.sleep(0.1)

    sandbox.advance("PT30M")

    assert len(sandbox.messages()[0]["attempts"]) == 2


def test_wait_says_what_is_left(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sandbox.notify(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        sandbox.open_checkout(BOOK).pay()

        with pytest.raises(NotIdle) as left:
            sandbox.wait(timeout=0.5)

    assert left.value.left["ipn_messages"] == [sandbox.messages()[0]["id"]]


def test_nobody_there_is_said_with_the_address() -> None:
    with pytest.raises(GatewayUnreachable, match=r"http://127\.0\.0\.1:9"):
        Gateway("http://127.0.0.1:9").sandboxes()


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        Gateway(url)


def test_passwords_are_not_printed(sandbox: Sandbox) -> None:
    shown = repr(sandbox)

    assert sandbox.merchant.wallet in shown
    assert sandbox.merchant.password not in shown
    assert sandbox.merchant.api_password not in shown
