"""What staff do: decide payments, give money back, block clients, set rates, send again."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import authenticate
from django.contrib.messages import get_messages
from django.test import Client

from ipn import delivery
from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import Sandbox
from tests.admin.conftest import Clerk
from wallets import payments
from wallets.models import Account, Currency, Transaction, TransactionItem, User, Wallet
from wallets.money import D

TRANSACTIONS = "/admin/wallets/transaction/"
WALLET = "/admin/wallets/wallet/OK702746927/"


def order(merchant: Wallet) -> payments.Order:
    return payments.Order(
        kind=Transaction.Kind.PAYMENT_LINK,
        receiver=merchant,
        currency="USD",
        items=[TransactionItem(number=1, name="Pen", price=D("100.00"))],
    )


@pytest.fixture
def paid(buyer: Wallet, merchant: Wallet) -> Transaction:
    return payments.pay_from_balance(order(merchant), payer=buyer, now=clock.now(buyer.account.sandbox))


@pytest.fixture
def pending(merchant: Wallet) -> Transaction:
    now = clock.now(merchant.account.sandbox)
    return payments.pay_from_outside(order(merchant), method="VMF", payer=None, outcome=payments.PENDING, now=now)


def said(response: object) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))  # type: ignore[attr-defined]


def status(transaction: Transaction) -> str:
    transaction.refresh_from_db()
    return transaction.status


def test_approve(staff: Client, pending: Transaction, merchant: Wallet) -> None:
    page = staff.get(f"{TRANSACTIONS}{pending.id}/change/").content.decode()
    assert f"{TRANSACTIONS}{pending.id}/approve/" in page
    assert f"{TRANSACTIONS}{pending.id}/refund/" not in page
    assert b"csrfmiddlewaretoken" in staff.get(f"{TRANSACTIONS}{pending.id}/approve/").content
    assert status(pending) == "pending"

    response = staff.post(f"{TRANSACTIONS}{pending.id}/approve/")

    assert response.status_code == 302
    assert "approved" in said(response)
    assert status(pending) == "completed"
    assert merchant.balance("USD") == D("10095.00")


def test_who_acts_sees_on_what(staff: Client, pending: Transaction) -> None:
    page = " ".join(staff.get(f"{TRANSACTIONS}{pending.id}/approve/").content.decode().split())

    assert f"<h2>{pending.id} {pending.gross} USD</h2>" in page
    assert f'<th scope="row">Gross</th><td>{pending.gross}</td>' in page
    assert '<th scope="row">Status</th><td>Pending</td>' in page


def test_decline_many(staff: Client, pending: Transaction, paid: Transaction) -> None:
    response = staff.post(TRANSACTIONS, {"action": "decline", "_selected_action": [pending.id, paid.id]})

    assert (status(pending), status(paid)) == ("failed", "completed")
    assert "done for 1" in said(response)
    assert f"{paid}: The transaction's status, Completed, does not allow this." in said(response)


def test_refund_in_part_then_the_rest(staff: Client, paid: Transaction, buyer: Wallet) -> None:
    assert staff.post(f"{TRANSACTIONS}{paid.id}/refund/", {"amount": "30.00"}).status_code == 302
    assert buyer.balance("USD") == D("9930.00")
    assert staff.post(f"{TRANSACTIONS}{paid.id}/refund/", {"amount": ""}).status_code == 302

    assert buyer.balance("USD") == D("10000.00")
    assert status(paid) == "reversed"
    assert "amount: 30.00" in LogEntry.objects.order_by("id")[0].get_change_message()


@pytest.mark.parametrize(("amount", "answer"), [("x", 200), ("0", 200), ("-1", 200), ("100.01", 302)])
def test_a_refund_that_cannot_be(staff: Client, paid: Transaction, buyer: Wallet, amount: str, answer: int) -> None:
    response = staff.post(f"{TRANSACTIONS}{paid.id}/refund/", {"amount": amount})

    assert response.status_code == answer
    if answer == 302:
        assert "100.00 can still be given back" in said(response)
    assert buyer.balance("USD") == D("9900.00")
    assert not LogEntry.objects.exists()


def test_refund_and_chargeback_from_the_list(staff: Client, paid: Transaction, buyer: Wallet) -> None:
    for action in ("refund", "chargeback"):
        response = staff.post(TRANSACTIONS, {"action": action, "_selected_action": [paid.id]})
    assert "status, Reversed, does not allow" in said(response)
    assert buyer.balance("USD") == D("10000.00")


def test_chargeback(staff: Client, paid: Transaction, buyer: Wallet) -> None:
    staff.post(f"{TRANSACTIONS}{paid.id}/chargeback/")

    assert Transaction.objects.get(parent=paid).reversal_reason == "chargeback"


@pytest.mark.parametrize("verb", ["approve", "decline", "refund", "chargeback"])
def test_viewing_is_not_acting(clerk: Clerk, pending: Transaction, paid: Transaction, verb: str) -> None:
    client = clerk("view_transaction")
    page = client.get(f"{TRANSACTIONS}{pending.id}/change/")

    assert page.status_code == 200
    assert f"/{verb}/".encode() not in page.content
    for transaction in (pending, paid):
        assert client.get(f"{TRANSACTIONS}{transaction.id}/{verb}/").status_code == 403
        assert client.post(f"{TRANSACTIONS}{transaction.id}/{verb}/").status_code == 403
    client.post(TRANSACTIONS, {"action": verb, "_selected_action": [pending.id, paid.id]})
    assert (status(pending), status(paid)) == ("pending", "completed")
    assert not Transaction.objects.filter(parent__isnull=False).exists()


def test_who_may_change_may_act(clerk: Clerk, pending: Transaction) -> None:
    client = clerk("view_transaction", "change_transaction")
    client.post(f"{TRANSACTIONS}{pending.id}/approve/")

    assert status(pending) == "completed"


def test_acting_on_nothing(staff: Client) -> None:
    assert staff.post(f"{TRANSACTIONS}1/approve/").status_code == 302
    assert staff.post(f"{TRANSACTIONS}x/approve/").status_code == 302


def test_a_deposit(staff: Client, poor_buyer: Wallet) -> None:
    response = staff.post("/admin/wallets/wallet/OK100000002/deposit/", {"currency": "USD", "amount": "99.99"})

    assert response.status_code == 302
    assert poor_buyer.balance("USD") == D("100.00")


@pytest.mark.parametrize("data", [{}, {"currency": "XXX", "amount": "1.00"}, {"currency": "USD", "amount": "0"}])
def test_a_wrong_deposit(staff: Client, poor_buyer: Wallet, data: dict[str, str]) -> None:
    response = staff.post("/admin/wallets/wallet/OK100000002/deposit/", data)

    assert response.status_code == 200
    assert b"errorlist" in response.content
    assert poor_buyer.balance("USD") == D("0.01")


def wallet_form(**changes: object) -> dict[str, object]:
    inline = {f"balances-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    return {"title": "Main", "return_method": "GET", "api_enabled": "on", **inline, **changes}


def test_wallet_settings(staff: Client, merchant: Wallet) -> None:
    data = wallet_form(
        title="Shop",
        ipn_enabled="on",
        ipn_url="http://shop:8000/ipn",
        api_allowed_ips="203.0.113.7\n2001:DB8::/32",
        new_api_password=" s3cret ",
    )
    response = staff.post(f"{WALLET}change/", data, follow=True)

    assert response.status_code == 200
    assert b"s3cret" not in response.content
    merchant.refresh_from_db()
    assert (merchant.title, merchant.ipn_url, merchant.ipn_enabled) == ("Shop", "http://shop:8000/ipn", True)
    assert merchant.api_allowed_ips == ["203.0.113.7", "2001:db8::/32"]
    assert merchant.api_password == " s3cret "
    assert "s3cret" not in LogEntry.objects.get().change_message
    page = staff.get(f"{WALLET}change/").content.decode()
    assert "203.0.113.7\n2001:db8::/32" in page


def test_an_empty_password_field_changes_nothing(staff: Client, merchant: Wallet) -> None:
    staff.post(f"{WALLET}change/", wallet_form(title="Shop"))

    merchant.refresh_from_db()
    assert (merchant.title, merchant.api_password) == ("Shop", "MyApiPass")


@pytest.mark.parametrize(
    "changes", [{"ipn_url": "ftp://shop/"}, {"return_method": "PUT"}, {"title": ""}, {"api_allowed_ips": "1.2.3"}]
)
def test_wrong_wallet_settings(staff: Client, merchant: Wallet, changes: dict[str, object]) -> None:
    response = staff.post(f"{WALLET}change/", wallet_form(new_api_password="s3cret") | changes)

    assert response.status_code == 200
    assert b"errorlist" in response.content
    assert b"s3cret" not in response.content
    merchant.refresh_from_db()
    assert merchant.api_password == "MyApiPass"


def test_who_may_only_view_a_wallet(clerk: Clerk, merchant: Wallet) -> None:
    client = clerk("view_wallet")
    page = client.get(f"{WALLET}change/")

    assert page.status_code == 200
    assert b'type="password"' not in page.content
    assert client.post(f"{WALLET}change/", wallet_form(title="x")).status_code == 403
    assert client.post(f"{WALLET}deposit/", {"currency": "USD", "amount": "1.00"}).status_code == 403


def test_the_houses_wallets_cannot_be_changed(staff: Client, world: Sandbox) -> None:
    house = Wallet.objects.exclude(role="client")[0]

    assert staff.get(f"/admin/wallets/wallet/{house.id}/change/").status_code == 200
    assert staff.post(f"/admin/wallets/wallet/{house.id}/change/", wallet_form()).status_code == 403


def account_form(account: Account, **changes: object) -> dict[str, object]:
    inlines = {
        f"{prefix}-{name}_FORMS": 0
        for prefix in ("wallets", "turnovers")
        for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")
    }
    names = ("first_name", "last_name", "business_name", "email", "phone", "verification", "reputation", "street")
    names += ("zip", "city", "state", "country_code")
    return {name: getattr(account, name) for name in names} | inlines | changes


def test_an_account_is_edited_with_its_login(staff: Client, buyer: Wallet) -> None:
    data = account_form(buyer.account, email="Bob@example.com", phone="+49 30 7654321")
    assert staff.post("/admin/wallets/account/100000001/change/", data).status_code == 302

    account = Account.objects.get(id="100000001")
    assert (account.email, account.phone, account.address_confirmed) == ("bob@example.com", "49-307654321", False)
    assert authenticate(username="bob@example.com", password="buyer")


@pytest.mark.parametrize("changes", [{"email": "merchant@example.com"}, {"email": "admin@example.com"}, {"phone": "1"}])
def test_a_wrong_account(staff: Client, buyer: Wallet, changes: dict[str, object]) -> None:
    response = staff.post("/admin/wallets/account/100000001/change/", account_form(buyer.account) | changes)

    assert response.status_code == 200
    assert b"errorlist" in response.content


def test_verify_block_unblock(staff: Client, poor_buyer: Wallet) -> None:
    base = "/admin/wallets/account/"
    staff.post(f"{base}100000002/verify/")
    staff.post(base, {"action": "block", "_selected_action": ["100000002", "100000004"]})
    staff.post(f"{base}100000003/unblock/")

    assert Account.objects.get(id="100000002").is_verified
    assert set(Account.objects.filter(is_blocked=True).values_list("id", flat=True)) == {"100000002", "100000004"}


def test_a_rate_is_set_and_nothing_else(staff: Client, world: Sandbox) -> None:
    address = "/admin/wallets/currency/USD/change/"
    assert staff.post(address, {"per_euro": "1.25", "name": "Dollar", "code": "XXX"}).status_code == 302

    dollar = Currency.objects.get(code="USD")
    assert (dollar.per_euro, dollar.enabled, dollar.name) == (D("1.25"), False, "U.S. Dollar")
    assert staff.post(address, {"per_euro": "0", "enabled": "on"}).status_code == 200
    assert staff.get("/admin/wallets/currency/add/").status_code == 403
    assert staff.post("/admin/wallets/currency/USD/delete/").status_code == 403


def test_resend(staff: Client, world: Sandbox, merchant: Wallet) -> None:
    now = clock.now(world)
    messages = [
        delivery.queue(
            sandbox=world,
            wallet_id=merchant.id,
            transaction_id=None,
            kind="send_money",
            url="http://127.0.0.1:9/",
            pairs=[("ok_charset", "utf-8")],
            now=now,
        )
        for _number in range(3)
    ]
    IpnMessage.objects.update(status="failed", next_attempt_at=None, attempts_made=16)
    staff.post(f"/admin/ipn/ipnmessage/{messages[0].id}/resend/")
    staff.post("/admin/ipn/ipnmessage/", {"action": "resend", "_selected_action": [messages[1].id]})

    states = IpnMessage.objects.order_by("id").values_list("status", "series_start")
    assert list(states) == [("queued", 16), ("queued", 16), ("failed", 0)]


def test_resending_takes_the_change_permission(clerk: Clerk, world: Sandbox, merchant: Wallet) -> None:
    message = delivery.queue(
        sandbox=world, wallet_id=merchant.id, transaction_id=None, kind="x", url="", pairs=[], now=clock.now(world)
    )
    IpnMessage.objects.update(status="failed")
    assert clerk("view_ipnmessage").post(f"/admin/ipn/ipnmessage/{message.id}/resend/").status_code == 403
    assert IpnMessage.objects.get().status == "failed"


def test_staff_are_added(staff: Client, world: Sandbox) -> None:
    data = {"email": "Eve@example.com", "usable_password": "true", "is_staff": "on"}
    data |= {"password1": "a long passphrase", "password2": "a long passphrase"}
    assert staff.post("/admin/wallets/user/add/", data).status_code == 302

    eve = User.objects.get(email__iexact="eve@example.com")
    assert eve.is_staff
    assert authenticate(username="eve@example.com", password="a long passphrase") == eve
    address = f"/admin/wallets/user/{eve.id}/password/"
    assert staff.get(address).status_code == 200
    data = {"usable_password": "true", "password1": "another passphrase", "password2": "another passphrase"}
    assert staff.post(address, data).status_code == 302
    assert authenticate(username="eve@example.com", password="another passphrase") == eve
    assert staff.post(f"/admin/wallets/user/{eve.id}/delete/", {"post": "yes"}).status_code == 302


@pytest.mark.parametrize("password", ["short", "1234567890", "password"])
def test_a_weak_password_is_refused(staff: Client, world: Sandbox, password: str) -> None:
    data = {"email": "eve@example.com", "usable_password": "true", "password1": password, "password2": password}

    assert staff.post("/admin/wallets/user/add/", data).status_code == 200
    assert not User.objects.filter(email="eve@example.com").exists()


def test_nobody_makes_himself_a_superuser(clerk: Clerk, world: Sandbox) -> None:
    client = clerk("view_user", "change_user", "add_user", "delete_user")
    me = User.objects.get(email__startswith="clerk")
    admin = User.objects.get(email="admin@example.com")
    client.post(
        f"/admin/wallets/user/{me.id}/change/",
        {"email": me.email, "is_active": "on", "is_superuser": "on", "is_staff": "on"},
    )
    data = {"password1": "a long passphrase", "password2": "a long passphrase", "usable_password": "true"}

    me.refresh_from_db()
    assert not me.is_superuser
    assert client.post(f"/admin/wallets/user/{admin.id}/password/", data).status_code == 403
    assert client.post(f"/admin/wallets/user/{admin.id}/change/", {"email": "x@example.com"}).status_code == 403
    assert client.post(f"/admin/wallets/user/{admin.id}/delete/", {"post": "yes"}).status_code == 403
    assert authenticate(username="admin@example.com", password="admin") == admin


def test_a_clients_login_stays_with_the_account(staff: Client, buyer: Wallet) -> None:
    user = User.objects.get(account=buyer.account)

    assert staff.post(f"/admin/wallets/user/{user.id}/delete/", {"post": "yes"}).status_code == 403
    staff.post(f"/admin/wallets/user/{user.id}/change/", {"email": "other@example.com", "is_active": "on"})
    user.refresh_from_db()
    assert user.email == "buyer@example.com"
