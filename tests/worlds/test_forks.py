"""A copy is a world of its own: the same money and history, other people."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from checkout.models import CheckoutSession
from ipn import verification
from ipn.models import IpnMessage
from marketplace.models import Order, Product
from okpay_gateway.worlds import forks
from okpay_gateway.worlds.identities import Identities
from sandbox import clock
from sandbox.models import RememberedAnswer, Sandbox, ScenarioUse
from tests.api.conftest import Api
from tests.listener import Listener
from tests.soapapi import calls
from tests.worlds.conftest import World, everything, fill
from wallets import audit
from wallets.models import Account, MailboxMessage, MassPaymentRow, Transaction, Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def full(own: World, listener: Listener) -> World:
    Account.objects.filter(id=own.merchant.account_id).update(phone="44-7700900999")
    fill(own, listener)
    return own


def fork(source: World) -> World:
    newborn = forks.fork(source.sandbox, now=source.now)
    return World(newborn.sandbox, newborn.people)


def test_the_original_stays_as_it_was(full: World) -> None:
    before = everything(full.sandbox)
    copy = fork(full)

    assert everything(full.sandbox) == before
    assert full.sandbox.snapshots.filter(is_origin=False).count() == 0
    assert copy.sandbox.snapshots.filter(is_origin=True).count() == 1


def test_as_many_rows_and_the_same_money(full: World) -> None:
    copy = fork(full)

    original, copied = everything(full.sandbox), everything(copy.sandbox)
    assert {table: len(rows) for table, rows in copied.items() if table != "sandbox_rememberedanswer"} == {
        table: len(rows) for table, rows in original.items() if table != "sandbox_rememberedanswer"
    }
    assert not RememberedAnswer.objects.filter(sandbox=copy.sandbox).exists()
    for role in ("merchant", "buyer"):
        theirs, ours = (
            list(
                Wallet.objects.get(id=world.told[role].wallet)
                .balances.values_list("currency", "amount")
                .order_by("currency")
            )
            for world in (full, copy)
        )
        assert theirs == ours
    assert audit.audit(copy.sandbox.id).ok


def test_no_trace_of_the_original_is_in_it(full: World) -> None:
    """No key of it, no name, in no text, encoded or not."""
    numbers = {str(number) for number in Transaction.objects.filter(sandbox=full.sandbox).values_list("id", flat=True)}
    numbers |= {str(number) for number in IpnMessage.objects.filter(sandbox=full.sandbox).values_list("id", flat=True)}
    names = {person.wallet for person in full.told.values()} | {person.account for person in full.told.values()}
    names |= {full.sandbox.id, "44-7700900999"}
    names |= set(CheckoutSession.objects.filter(sandbox=full.sandbox).values_list("token", flat=True))
    names |= set(Order.objects.filter(store__account__sandbox=full.sandbox).values_list("token", flat=True))

    copied = everything(fork(full).sandbox)

    for table, rows in copied.items():
        text = str(rows)
        assert not [name for name in names if name in text], table
        assert not numbers & set(re.findall(r"\d{7,}", text)), table


def test_rows_that_belong_together_still_do(full: World) -> None:
    copy = fork(full)
    merchant, buyer = copy.merchant, copy.buyer

    sale = Transaction.objects.get(sandbox=copy.sandbox, invoice="A-1", kind="send_money", parent=None)
    assert (sale.payer_wallet, sale.receiver_wallet) == (buyer, merchant)
    assert sale.comment == f"for {copy.told['buyer'].email}"
    assert [entry.amount for entry in sale.entries.filter(wallet=merchant)] == [sale.net]
    refund = sale.reversals.get()
    message = IpnMessage.objects.get(transaction_id=refund.id)
    variables = dict(message.pairs)
    assert (variables["ok_txn_id"], variables["ok_txn_parent_id"]) == (str(refund.id), str(sale.id))
    assert (variables["ok_receiver_wallet"], variables["ok_payer_email"]) == (merchant.id, copy.told["buyer"].email)
    assert variables["ok_receiver_phone"] == merchant.account.phone
    assert re.fullmatch(r"44-770\d{7}", merchant.account.phone)
    order = Order.objects.get(store__account=merchant.account)
    assert order.lines.get().product.store.wallet == merchant
    bought = IpnMessage.objects.get(transaction_id=order.transaction_id)
    assert dict(bought.pairs)["ok_item_1_id"] == str(Product.objects.get(store__account=merchant.account).id)
    assert order.transaction.items.get().product_id == order.lines.get().product_id
    session = CheckoutSession.objects.get(sandbox=copy.sandbox, status="paid")
    assert session.choices["wallet"] == buyer.id
    assert session.transaction.receiver_wallet == merchant
    rows = MassPaymentRow.objects.filter(mass_payment__wallet=buyer).values_list("receiver", flat=True)
    assert set(rows) == {merchant.id, copy.told["merchant"].email}
    assert MailboxMessage.objects.get(sandbox=copy.sandbox).body == f"Dear {copy.told['buyer'].email}."
    assert copy.sandbox.scenarios.get().wallet == merchant.id
    assert not ScenarioUse.objects.filter(sandbox=copy.sandbox, transaction_id=sale.id).exists()


def test_its_notifications_verify(full: World) -> None:
    copy = fork(full)
    for message in IpnMessage.objects.filter(sandbox=copy.sandbox):
        question = f"ok_verify=true&{message.body(resend=False)}".encode()
        answer = verification.verify(question, method="POST", content_type="", remote_address="127.0.0.1", now=full.now)
        assert (answer.verdict, answer.sandbox) == ("VERIFIED", copy.sandbox)


def test_its_people_log_in_and_pay(full: World, api: Api) -> None:
    answer = api.post(f"sandboxes/{full.sandbox.id}/fork/", {"id": "copy"})
    assert answer.status == 201
    copy = answer.body
    assert copy["merchant"].keys() == {"account", "wallet", "email", "password", "api_password"}
    assert copy["buyer"]["email"] == "buyer@copy.example.com"
    old, new = full.told["buyer"], copy["buyer"]

    balance = calls.call("Wallet_Get_Balance", WalletID=new["wallet"], SecurityToken=calls.token(new["api_password"]))
    assert {row["Currency"] for row in balance} >= {"USD", "EUR"}
    with pytest.raises(calls.SoapFault):
        calls.call("Wallet_Get_Balance", WalletID=new["wallet"], SecurityToken=calls.token(old.api_password))
    assert api.client.login(username=new["email"], password=new["password"])
    assert api.client.login(username=old.email, password=old.password)
    assert not api.client.login(username=new["email"], password=old.password)


def test_both_go_their_own_ways(full: World) -> None:
    copy = fork(full)
    theirs = everything(full.sandbox)
    clock.advance(copy.sandbox, timedelta(days=5))
    paid = copy.pay("7.00").total
    copy.sandbox.refresh_from_db()

    assert everything(full.sandbox) == theirs
    assert full.buyer.balance("USD") == copy.buyer.balance("USD") + paid


def test_what_was_due_is_due_in_both(own: World, listener: Listener, api: Api) -> None:
    Wallet.objects.filter(id=own.merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    own.pay("1.00")
    copy = fork(own)

    for world in (own, copy):
        assert api.post("wait/", {"timeout": 10}, sandbox=world.sandbox.id).body["idle"]
    told = [(request.variables["ok_receiver_wallet"], request.variables["ok_txn_id"]) for request in listener.requests]
    assert len(set(told)) == 2
    assert {wallet for wallet, _number in told} == {own.merchant.id, copy.merchant.id}


def test_a_copy_of_a_snapshot_and_a_copy_of_a_copy(own: World, api: Api) -> None:
    api.post(f"sandboxes/{own.sandbox.id}/snapshot/", {"name": "rich"})
    own.pay("100.00")
    first = api.post(f"sandboxes/{own.sandbox.id}/fork/", {"snapshot": "rich"}).body
    second = api.post(f"sandboxes/{first['id']}/fork/").body

    for copy in (first, second):
        balances = api.get(f"wallets/{copy['buyer']['wallet']}/", sandbox=copy["id"]).body["balances"]
        assert balances["USD"] == "10000.00"
        assert copy["buyer"]["email"] == f"buyer@{copy['id']}.example.com"
    assert api.post(f"sandboxes/{own.sandbox.id}/fork/", {"snapshot": "poor"}).errors.keys() == {"name"}
    api.post(
        f"wallets/{second['buyer']['wallet']}/deposit/", {"currency": "USD", "amount": "1.00"}, sandbox=second["id"]
    )
    api.post(f"sandboxes/{second['id']}/reset/")
    balances = api.get(f"wallets/{second['buyer']['wallet']}/", sandbox=second["id"]).body["balances"]
    assert balances["USD"] == "10000.00"


def test_a_copy_of_the_demo_cast(api: Api, world: Sandbox) -> None:
    copy = api.post("sandboxes/default/fork/", {"id": "cast"}).body

    assert copy["merchant"]["email"] == "merchant+cast@example.com"
    accounts = api.get("accounts/", sandbox="cast").results
    assert {account["email"] for account in accounts} == {
        f"{name}+cast@example.com" for name in ("merchant", "buyer", "poor", "blocked", "shop")
    }
    assert api.post("sandboxes/cast/fork/", {"id": "again"}).body["merchant"]["email"] == "merchant+again@example.com"
    assert api.client.login(username="poor+cast@example.com", password="poor")
    api.delete("sandboxes/cast/")
    assert api.get("accounts/", sandbox="again").results


def test_too_big_to_be_copied(own: World, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "ROWS_AT_MOST", 10)

    answer = api.post(f"sandboxes/{own.sandbox.id}/fork/")
    assert answer.status == 409
    assert "at most 10" in answer.errors["id"][0]
    assert own.sandbox.snapshots.filter(is_origin=False).count() == 0


@pytest.fixture
def renamed(own: World) -> Callable[[str], str]:
    """What a text becomes in a copy named `copy`."""
    target = Sandbox(id="copy")
    account = {
        "id": "123456789",
        "sandbox_id": own.sandbox.id,
        "kind": "person",
        "email": "Anna.B@Example.com",
        "phone": "",
    }
    wallet = {"id": "OK123456789", "account_id": "123456789"}
    found = Identities(own.sandbox, target, {"wallets_account": [account], "wallets_wallet": [wallet]})
    found.keys["wallets.Account"]["123456789"] = "999999999"
    found.keys["wallets.Wallet"]["OK123456789"] = "OK999999999"
    found.keys["wallets.Transaction"][1000001] = 2000001
    return found.text


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("OK123456789", "OK999999999"),
        ("to OK123456789, at once", "to OK999999999, at once"),
        ("OK1234567890", "OK1234567890"),
        ("xOK123456789", "xOK123456789"),
        ("ORDER-OK123456789-000001", "ORDER-OK999999999-000001"),
        ("123456789", "999999999"),
        ("0123456789", "0123456789"),
        ("ok_payer_id=123456789&x=1", "ok_payer_id=999999999&x=1"),
        ("Anna.B@Example.com", "Anna.B+copy@Example.com"),
        ("write to anna.b@example.com.", "write to anna.b+copy@example.com."),
        ("anna.b@example.com.uk", "anna.b@example.com.uk"),
        ("joanna.b@example.com", "joanna.b@example.com"),
        ("ok_email=anna.b%40example.com&x", "ok_email=anna.b%2bcopy%40example.com&x"),
        ("dear%20anna.b%40example.com", "dear%20anna.b%2bcopy%40example.com"),
        ("ok_txn_id=1000001&ok_txn_parent_id=1000001", "ok_txn_id=2000001&ok_txn_parent_id=2000001"),
        ("ok_txn_id=10000010", "ok_txn_id=10000010"),
        ("invoice 1000001", "invoice 1000001"),
        ("nothing", "nothing"),
        ("", ""),
        ("ok_comment=for+anna.b%40example.com", "ok_comment=for+anna.b%2bcopy%40example.com"),
        ("ok_comment=for+a+b%40example.com", "ok_comment=for+a+b%40example.com"),
        ("100%", "100%"),
    ],
)
def test_names_in_texts(renamed: Callable[[str], str], text: str, copied: str) -> None:
    assert renamed(text) == copied
