"""Whose journal a request belongs to."""

import pytest
from django.test import Client

from sandbox import clock
from sandbox.models import JournalEntry, Sandbox
from tests.journal.conftest import FORM_ENCODED, newest, send_form
from tests.soapapi import calls
from wallets import parties, registration
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(world: Sandbox) -> Wallet:
    """A merchant in a sandbox of his own."""
    sandbox = Sandbox.objects.create(id="elsewhere")
    account = registration.register(
        sandbox=sandbox, email="else@example.com", password="elsewhere", now=clock.now(sandbox)
    )
    return account.wallets.get()


def whose(entry: JournalEntry) -> tuple[str, str, bool]:
    return entry.sandbox_id, entry.wallet_id, entry.is_stray


def test_a_form_is_its_receivers(elsewhere: Wallet) -> None:
    send_form(ok_receiver=elsewhere.id)
    assert whose(newest()) == ("elsewhere", elsewhere.id, False)

    send_form(ok_receiver="else@example.com", ok_currency="XXX")
    assert whose(newest()) == ("elsewhere", elsewhere.id, False)
    assert "ok_currency" in newest().why


@pytest.mark.parametrize("receiver", ["OK999999999", "nobody@example.com", "", "\0@x", "\ud800", "x" * 1000])
def test_a_form_for_nobody_is_a_stray(world: Sandbox, receiver: str) -> None:
    Client().post("/process.html", f"ok_receiver={receiver}".encode(errors="surrogatepass"), FORM_ENCODED)

    assert whose(newest()) == ("default", "", True)


def test_a_soap_call_is_its_callers(merchant: Wallet) -> None:
    calls.post(calls.request("Wallet_Get_Balance", **calls.credentials(merchant.id)))
    assert whose(newest()) == ("default", merchant.id, False)


@pytest.mark.parametrize(
    ("body", "wallet"),
    [
        (calls.request("Wallet_Get_Balance", WalletID="OK702746927", SecurityToken="wrong"), "OK702746927"),
        ("<Envelope><WalletID>OK702746927</WalletID><SecurityToken>x", "OK702746927"),
        (calls.request("No_Such_Function", WalletID="OK702746927"), "OK702746927"),
        (calls.request("Wallet_Get_Balance", WalletID="OK999999999", SecurityToken="x"), ""),
        (calls.request("Get_Date_Time"), ""),
        ("", ""),
        ("\x00\x01", ""),
    ],
)
def test_also_a_call_that_got_no_further_than_the_door(world: Sandbox, body: str, wallet: str) -> None:
    calls.post(body)

    entry = newest()
    assert (entry.kind, entry.wallet_id, entry.is_stray) == ("soap", wallet, not wallet)


def test_a_refused_call_says_why(merchant: Wallet) -> None:
    calls.post(calls.request("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=calls.token("wrong")))

    entry = newest()
    assert (entry.operation, entry.outcome, entry.failed) == ("Wallet_Get_Balance", "Authentication_Failed", True)
    assert entry.why == "The token was made with another password."


def test_a_question_is_of_the_wallet_that_it_names(elsewhere: Wallet) -> None:
    body = f"ok_verify=true&ok_ipn_id=1&ok_receiver_wallet={elsewhere.id}"

    Client().post("/ipn-verify.html", body, FORM_ENCODED)

    assert whose(newest()) == ("elsewhere", elsewhere.id, False)
    assert newest().outcome == "INVALID"


def test_the_control_api_says_which_sandbox(elsewhere: Wallet) -> None:
    Client().post("/api/v1/wait/?sandbox=elsewhere", headers={"Authorization": "Bearer sandbox"})

    assert whose(newest()) == ("elsewhere", "", False)


def test_what_only_looks_is_not_journalled(world: Sandbox) -> None:
    client = Client()
    for address in ("/", "/health/", "/account/login/", "/api/v1/wallets/", "/process.htm"):
        client.get(address)

    assert not JournalEntry.objects.exists()


def test_a_house_has_no_journal_of_its_own(world: Sandbox) -> None:
    house = parties.house_wallet(world, Wallet.Role.FEES, now=clock.now(world))

    send_form(ok_receiver=house.id)

    assert whose(newest()) == ("default", "", True)
