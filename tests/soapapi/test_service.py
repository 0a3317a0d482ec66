"""Every operation, by HTTP, on the demo cast; each answer is checked against the served schemas (calls.py)."""

import base64
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from PIL import Image

from ipn.models import IpnMessage
from sandbox import clock
from soapapi import authentication
from soapapi.service import OPERATIONS
from tests.soapapi.calls import call, credentials, fault, post, request, token
from tests.soapapi.test_contract import NAMES
from wallets import audit, payments, reversals
from wallets.models import Account, ClientDocument, Currency, DebitCardOrder, Transaction, TransactionItem, Wallet
from wallets.money import D

MERCHANT, BUYER, POOR = "OK702746927", "OK100000001", "OK100000002"
MERCHANT_INFO = {
    "AccountID": "666146284",
    "Country_ISO": "GB",
    "Email": "merchant@example.com",
    "Name": "Demo Merchant",
    "VerificationStatus": "Verified",
    "WalletID": MERCHANT,
}
BUYER_INFO = {
    "AccountID": "100000001",
    "Country_ISO": "DE",
    "Email": "buyer@example.com",
    "Name": "Bob Buyer",
    "VerificationStatus": "Verified",
    "WalletID": BUYER,
}


def send(payer: str, receiver: str, amount: str, **more: object) -> dict[str, object]:
    parameters = {"Currency": "USD", "Comment": "", "IsReceiverPaysFees": False, "Invoice": ""} | more
    answer = call("Send_Money", payer, Receiver=receiver, Amount=amount, **parameters)
    assert isinstance(answer, dict)
    return answer


def amounts(info: dict[str, object]) -> tuple[object, ...]:
    return info["Amount"], info["Fees"], info["Net"]


@pytest.fixture
def extended(merchant: Wallet) -> Wallet:
    """The merchant, to whom staff granted extended access."""
    Account.objects.filter(id=merchant.account_id).update(extended_access=True)
    return merchant


def test_all_operations_of_the_contract_are_there() -> None:
    assert [operation.__name__ for operation in OPERATIONS] == NAMES
    assert len(NAMES) == 27


def test_get_date_time_is_real_time_whatever_the_sandbox_says(world) -> None:
    clock.advance(world, timedelta(days=400))

    told = datetime.strptime(call("Get_Date_Time"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)

    assert abs(timezone.now() - told) < timedelta(seconds=30)


def test_wallet_get_balance_names_every_currency(merchant: Wallet) -> None:
    balances = call("Wallet_Get_Balance", MERCHANT)

    assert [balance["Currency"] for balance in balances[:3]] == ["EUR", "USD", "GBP"]
    assert len(balances) == 21
    assert {balance["Currency"]: balance["Amount"] for balance in balances}["USD"] == "10000.0000"
    assert {balance["Currency"]: balance["Amount"] for balance in balances}["JPY"] == "0.0000"


def test_wallet_get_currency_balance(merchant: Wallet) -> None:
    assert call("Wallet_Get_Currency_Balance", MERCHANT, Currency="GBP") == {"Amount": "10000.0000", "Currency": "GBP"}
    assert call("Wallet_Get_Currency_Balance", MERCHANT, Currency="JPY") == {"Amount": "0.0000", "Currency": "JPY"}


def test_send_money_with_the_fee_on_the_sender(buyer: Wallet) -> None:
    info = send(BUYER, MERCHANT, "0.01", Comment="Grüße, 你好 <&>", Invoice="R-1")

    assert amounts(info) == ("-0.0100", "-0.0100", "-0.0200")
    assert (info["Sender"], info["Receiver"]) == (BUYER_INFO, MERCHANT_INFO)
    assert (info["Comment"], info["Invoice"], info["Currency"]) == ("Grüße, 你好 <&>", "R-1", "USD")
    assert (info["OperationName"], info["Status"]) == ("Send Money", "Completed")
    payment = Transaction.objects.get(id=info["ID"])
    assert info["Date"] == f"{payment.created_at:%Y-%m-%d %H:%M:%S}"
    assert (payment.comment, payment.invoice) == ("Grüße, 你好 <&>", "R-1")
    assert len(str(info["ID"])) == 7


def test_send_money_with_the_fee_on_the_receiver(buyer: Wallet, merchant: Wallet) -> None:
    info = send(BUYER, "merchant@example.com", "100", IsReceiverPaysFees=True)

    assert amounts(info) == ("-100.0000", "0", "-100.0000")
    assert amounts(call("Transaction_Get", MERCHANT, TxnID=info["ID"])) == ("100.0000", "-0.5000", "99.5000")


@pytest.mark.parametrize("seen_in", [None, "default", "another"])
def test_whoever_calls_is_served_in_the_sandbox_that_he_is_in(
    buyer: Wallet, merchant: Wallet, monkeypatch: pytest.MonkeyPatch, seen_in: str | None
) -> None:
    """What is asked ahead is asked for the sandbox where he was seen last."""
    monkeypatch.setattr(authentication, "_last_seen_in", {BUYER: seen_in} if seen_in else {})

    info = send(BUYER, f" {MERCHANT.lower()} ", "0.01")

    assert (info["Sender"], info["Receiver"]) == (BUYER_INFO, MERCHANT_INFO)
    assert authentication._last_seen_in == {BUYER: buyer.account.sandbox_id}
    assert Transaction.objects.get(id=info["ID"]).sandbox_id == buyer.account.sandbox_id
    assert audit.audit().ok


def test_send_money_is_announced(buyer: Wallet, merchant: Wallet) -> None:
    Wallet.objects.filter(id=MERCHANT).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/ipn")

    info = send(BUYER, "+44 7700 900123", "5")

    assert IpnMessage.objects.get().transaction_id == int(str(info["ID"]))


def test_send_money_to_an_address_that_nobody_has_registered(buyer: Wallet) -> None:
    info = send(BUYER, "new@example.com", "5")

    assert info["Status"] == "Pending"
    assert info["Receiver"] == {
        "AccountID": "0",
        "Country_ISO": "",
        "Email": "new@example.com",
        "Name": "",
        "VerificationStatus": "Unverified",
        "WalletID": "",
    }


def test_every_field_is_there_and_an_empty_one_is_an_empty_element(buyer: Wallet) -> None:
    sent = {"Receiver": MERCHANT, "Currency": "USD", "Amount": "1"}
    answer = post(request("Send_Money", **credentials(BUYER), **sent)).content.decode()

    assert answer.startswith(
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        '<Send_MoneyResponse xmlns="https://api.okpay.com">'
        '<Send_MoneyResult xmlns:a="http://schemas.datacontract.org/2004/07/OkPayAPI"'
        ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><a:Amount>-1.0000</a:Amount><a:Comment/>'
    )
    assert "<a:Invoice/>" in answer
    assert "nil" not in answer


def test_transaction_get_sees_from_the_side_that_asks(buyer: Wallet) -> None:
    sent = send(BUYER, MERCHANT, "100")

    assert call("Transaction_Get", BUYER, TxnID=sent["ID"], Invoice="") == sent
    received = call("Transaction_Get", MERCHANT, TxnID=sent["ID"])
    assert amounts(received) == ("100.0000", "0", "100.0000")
    assert received["Sender"] == BUYER_INFO


def test_transaction_get_by_invoice_finds_the_newest_of_ones_own(buyer: Wallet) -> None:
    send(BUYER, MERCHANT, "1", Invoice="INV 7")
    newest = send(BUYER, MERCHANT, "2", Invoice="INV 7")
    send(MERCHANT, POOR, "3", Invoice="INV 7")

    assert call("Transaction_Get", BUYER, TxnID=0, Invoice="INV 7") == newest
    assert call("Transaction_Get", BUYER, Invoice="INV 7") == newest


def pay(method: str, receiver: Wallet, payer: Wallet | None = None, **more: object) -> Transaction:
    item = TransactionItem(number=1, name="Poster", price=D("1.00"))
    order = payments.Order(
        kind=Transaction.Kind.PAYMENT_LINK, receiver=receiver, currency="EUR", items=[item], invoice="99999"
    )
    now = clock.now(receiver.account.sandbox)
    if method == "OKB":
        assert payer
        return payments.pay_from_balance(order, payer=payer, now=now, **more)
    return payments.pay_from_outside(order, method=method, payer=None, now=now, **more)


def test_a_payment_through_a_system_comes_from_okpay_itself(merchant: Wallet) -> None:
    paid = pay("SF", merchant)

    info = call("Transaction_Get", MERCHANT, TxnID=paid.id)

    assert amounts(info) == ("1.0000", "-0.0300", "0.9700")
    assert info["OperationName"] == "Payment PS"
    assert (info["Sender"]["Name"], info["Receiver"]) == ("OKPAY", MERCHANT_INFO)
    assert len(info["Sender"]["AccountID"]) == 9
    assert info["Invoice"] == "99999"


def test_a_payment_from_a_balance_in_another_currency(buyer: Wallet, merchant: Wallet) -> None:
    paid = pay("OKB", merchant, buyer, from_currency="USD")

    seen = call("Transaction_Get", BUYER, TxnID=paid.id)
    assert (*amounts(seen), seen["Currency"]) == (f"-{paid.paid_amount}00", "0", f"-{paid.paid_amount}00", "USD")
    seen = call("Transaction_Get", MERCHANT, TxnID=paid.id)
    assert (*amounts(seen), seen["Currency"]) == ("1.0000", "0", "1.0000", "EUR")
    assert seen["OperationName"] == "Payment"


@pytest.mark.parametrize(
    ("outcome", "status"), [(payments.PENDING, "Pending"), (payments.REFUSED, "Error"), (payments.PAID, "Completed")]
)
def test_statuses(merchant: Wallet, outcome: payments.Outcome, status: str) -> None:
    paid = pay("SF", merchant, outcome=outcome)

    assert call("Transaction_Get", MERCHANT, TxnID=paid.id)["Status"] == status


def test_a_refund_turns_the_signs(buyer: Wallet, merchant: Wallet) -> None:
    paid = pay("OKB", merchant, buyer)
    refund = reversals.refund(paid, now=clock.now(buyer.account.sandbox))

    assert amounts(call("Transaction_Get", BUYER, TxnID=refund.id)) == ("1.0000", "0", "1.0000")
    seen = call("Transaction_Get", MERCHANT, TxnID=refund.id)
    assert (*amounts(seen), seen["OperationName"], seen["Status"]) == ("-1.0000", "0", "-1.0000", "Refund", "Reversed")
    assert call("Transaction_Get", MERCHANT, TxnID=paid.id)["Status"] == "Reversed"


def test_a_deposit_names_its_system_in_english_whatever_the_client_reads(merchant: Wallet) -> None:
    history = call("Transaction_History", MERCHANT, via={"headers": {"Accept-Language": "de"}})

    assert {info["OperationName"] for info in history["Transactions"]} == {"Deposit Visa & MasterCard"}


def history(wallet_id: str, **parameters: object) -> tuple[dict[str, str], list[str]]:
    answer = call("Transaction_History", wallet_id, **parameters)
    listed = answer.pop("Transactions")
    return answer, [info["ID"] for info in listed or []]


def test_transaction_history_is_newest_first_page_by_page(buyer: Wallet, merchant: Wallet) -> None:
    sent = [str(send(BUYER, MERCHANT, "1", Currency=code)["ID"]) for code in ("USD", "EUR", "GBP", "USD", "USD")]
    newest_first = [
        *reversed(sent),
        *(str(each.id) for each in Transaction.objects.filter(receiver_wallet=MERCHANT, kind="deposit")),
    ]

    first, ids = history(MERCHANT, From="", Till="", PageSize=3, PageNumber=1)
    assert first == {"PageCount": "3", "PageNumber": "1", "PageSize": "3", "TotalCount": "8"}
    assert ids == newest_first[:3]
    assert history(MERCHANT, PageSize=3, PageNumber=2)[1] == newest_first[3:6]
    assert history(MERCHANT, PageSize=3, PageNumber=3)[1] == newest_first[6:]
    past, ids = history(MERCHANT, PageSize=3, PageNumber=4)
    assert (past["PageNumber"], past["TotalCount"], ids) == ("4", "8", [])


@pytest.mark.parametrize("sent", [{}, {"PageSize": 0}, {"PageSize": 51}, {"PageSize": -5}, {"PageSize": 1000}])
def test_a_page_has_at_most_fifty(buyer: Wallet, sent: dict[str, int]) -> None:
    answer, ids = history(BUYER, **sent, PageNumber=0)

    assert (answer["PageSize"], answer["PageNumber"], answer["PageCount"]) == ("50", "1", "1")
    assert len(ids) == 21


def test_an_empty_history(stranger: Wallet) -> None:
    stranger.api_password, stranger.api_enabled = "x", True
    stranger.save()

    answer = call("Transaction_History", WalletID=stranger.id, SecurityToken=token("x"))

    assert answer == {"PageCount": "0", "PageNumber": "1", "PageSize": "50", "TotalCount": "0", "Transactions": ""}


@pytest.mark.parametrize(
    ("since", "till", "expected"),
    [
        ("", "", 3),
        ("2020-01-02 10:00:00", "", 2),
        ("2020-01-02 10:00:01", "", 1),
        ("", "2020-01-02 10:00:00", 2),
        ("", "2020-01-02 09:59:59", 1),
        ("2020-01-02 10:00:00", "2020-01-02 10:00:00", 1),
        ("2020-01-01", "2020-01-02", 2),
        ("2020-01-02", "2020-01-02", 1),
        ("2020-01-02T10:00:00", "2020-01-03T00:00:00", 2),
        (" 2020-01-03 ", "9999-12-31 23:59:59", 1),
        ("0001-01-01", "9999-12-31", 3),
        ("2020-01-04", "", 0),
        ("2020-01-03", "2020-01-01", 0),
    ],
)
def test_a_period_includes_both_of_its_ends(poor_buyer: Wallet, since: str, till: str, expected: int) -> None:
    Transaction.objects.filter(receiver_wallet=POOR).update(created_at=datetime(2020, 1, 1, 8, tzinfo=UTC))
    for day, microsecond in ((2, 999_999), (3, 0)):
        hour = 10 if day == 2 else 0
        moment = datetime(2020, 1, day, hour, microsecond=microsecond, tzinfo=UTC)
        info = send(MERCHANT, POOR, "1")
        Transaction.objects.filter(id=info["ID"]).update(created_at=moment)

    answer, ids = history(POOR, From=since, Till=till, PageSize=50, PageNumber=1)

    assert int(answer["TotalCount"]) == len(ids) == expected


@pytest.mark.parametrize("moment", ["yesterday", "01.02.2020", "2020-13-01", "2020-01-01 25:00:00", "2020-01-01 10:00"])
def test_a_period_that_cannot_be_read(merchant: Wallet, moment: str) -> None:
    assert fault("Transaction_History", MERCHANT, From=moment, Till="") == "Incorrect_Parameters"
    assert fault("Transaction_History", MERCHANT, From="", Till=moment) == "Incorrect_Parameters"


@pytest.mark.parametrize("operation", ["Account_Check", "EX_Account_Check"])
@pytest.mark.parametrize(
    ("account", "number"),
    [
        (BUYER, "100000001"),
        (" ok100000001 ", "100000001"),
        ("Buyer@Example.com", "100000001"),
        ("+49 30 1234567", "100000001"),
        ("OK999999999", "0"),
        ("nobody@example.com", "0"),
        ("", "0"),
        ("' OR 1=1 --", "0"),
    ],
)
def test_account_check(extended: Wallet, operation: str, account: str, number: str) -> None:
    assert call(operation, MERCHANT, Account=account) == number


def test_ex_client_check_status(extended: Wallet) -> None:
    def status(email: str) -> object:
        return call("EX_Client_Check_Status", MERCHANT, Email=email)

    assert status("nobody@example.com") == "Unregistered"
    assert status("BUYER@example.com") == "Verified"
    assert status("poor@example.com") == "Unverified"
    assert status("blocked@example.com") == "Blocked"
    Account.objects.filter(email="poor@example.com").update(verification="Formal")
    assert status("poor@example.com") == "Formal"
    register("Nina", "nina@example.com")
    assert status("nina@example.com") == "Registration"
    nina = Account.objects.get(email="nina@example.com")
    nina.user.last_login = timezone.now()
    nina.user.save()
    assert status("nina@example.com") == "Unverified"


def register(first_name: str, email: str, **more: str) -> object:
    return call("EX_Client_Register", MERCHANT, Email=email, FirstName=first_name, LastName="Neu", **more)


def test_ex_client_register(extended: Wallet) -> None:
    number = register(
        "Nina", "nina@example.com", Phone="+49 30 7654321", Country_ISO="de", City="Köln", Region="NRW",
        AddressLine="Ring 1", ZipCode="50667",
    )  # fmt: skip

    nina = Account.objects.get(email="nina@example.com")
    assert number == nina.id
    assert (nina.name, nina.phone, nina.country_code, nina.city) == ("Nina Neu", "49-307654321", "DE", "Köln")
    assert (nina.state, nina.street, nina.zip) == ("NRW", "Ring 1", "50667")
    assert nina.registered_by_id == "666146284"
    assert fault("EX_Client_Register", MERCHANT, Email="nina@example.com") == "Incorrect_Email"
    assert fault("EX_Client_Register", MERCHANT, Email="x@example.com") == "Incorrect_Parameters"


def picture() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_ex_image_upload(extended: Wallet) -> None:
    register("Nina", "nina@example.com")

    number = call("EX_Image_Upload", MERCHANT, Email="nina@example.com", ImageType="passport", Image=picture())

    document = ClientDocument.objects.get()
    assert number == str(document.id)
    assert (document.account.email, document.kind, document.content_type) == (
        "nina@example.com",
        "passport",
        "image/png",
    )
    assert document.uploaded_by_id == MERCHANT


@pytest.mark.parametrize(
    ("email", "kind", "image", "name"),
    [
        ("nina@example.com", "passport", "bm8gcGljdHVyZQ==", "Image_Not_Found"),
        ("nina@example.com", "passport", "", "Image_Not_Found"),
        ("nina@example.com", "passport", "no base64!", "Incorrect_Parameters"),
        ("nina@example.com", "selfie", "bm8gcGljdHVyZQ==", "Incorrect_Parameters"),
        ("buyer@example.com", "passport", "bm8gcGljdHVyZQ==", "Client_Access_Denied"),
        ("nobody@example.com", "passport", "bm8gcGljdHVyZQ==", "Target_Account_Doesnt_Exist"),
    ],
)
def test_images_that_are_refused(extended: Wallet, email: str, kind: str, image: str, name: str) -> None:
    register("Nina", "nina@example.com")

    assert fault("EX_Image_Upload", MERCHANT, Email=email, ImageType=kind, Image=image) == name


@pytest.mark.parametrize(
    "operation", ["EX_Account_Check", "EX_Client_Check_Status", "EX_Client_Register", "EX_Image_Upload"]
)
def test_extended_functions_want_extended_access(merchant: Wallet, operation: str) -> None:
    assert fault(operation, MERCHANT) == "Access_Denied"


def test_debitcard_prepay(merchant: Wallet) -> None:
    number = call(
        "DebitCard_Prepay", MERCHANT, Email="staff@example.com", Currency="EUR", IsCourierDelivery=True, Comment="Ada"
    )

    order = DebitCardOrder.objects.get()
    assert number == str(order.transaction_id)
    assert (order.email, order.courier, order.transaction.comment) == ("staff@example.com", True, "Ada")
    seen = call("Transaction_Get", MERCHANT, TxnID=number)
    assert (*amounts(seen), seen["Status"]) == ("-39.9000", "0", "-39.9000", "Pending")
    assert seen["OperationName"] == "Debit Card"


WEBMONEY = {"PaymentMethod": "WMT", "Amount": "100.00", "Currency": "USD", "FeesFromAmount": False}


def test_withdraw_to_ecurrency_costs_what_was_calculated(merchant: Wallet) -> None:
    calculated = call("Withdraw_To_Ecurrency_Calculate", MERCHANT, **WEBMONEY)
    assert calculated == {
        "Amount": "100.0000",
        "Currency": "USD",
        "ExchangeRate": "1.0000",
        "Fee": "2.0000",
        "Gross": "102.0000",
        "OperationID": "0",
        "PaySystemTransactionID": "",
        "PaymentMethod": "WMT",
        "PaymentMethodAmount": "100.0000",
        "Status": "None",
    }

    withdrawn = call("Withdraw_To_Ecurrency", MERCHANT, **WEBMONEY, PaySystemAccount="Z123456789012", Invoice="W-1")

    done = {"OperationID": withdrawn["OperationID"], "PaySystemTransactionID": withdrawn["PaySystemTransactionID"]}
    assert withdrawn == calculated | done | {"Status": "Completed"}
    assert withdrawn["PaySystemTransactionID"]
    seen = call("Transaction_Get", MERCHANT, Invoice="W-1")
    assert (*amounts(seen), seen["OperationName"]) == ("-100.0000", "-2.0000", "-102.0000", "Withdrawal WebMoney")
    assert seen["Receiver"]["Name"] == "OKPAY"


def test_withdraw_to_ecurrency_with_the_fee_from_the_amount(merchant: Wallet) -> None:
    from_amount = WEBMONEY | {"FeesFromAmount": True}

    withdrawn = call("Withdraw_To_Ecurrency", MERCHANT, **from_amount, PaySystemAccount="Z123456789012")

    assert (withdrawn["Amount"], withdrawn["Fee"], withdrawn["Gross"]) == ("98.0000", "2.0000", "100.0000")
    assert Wallet.objects.get(id=MERCHANT).balance("USD") == D("9900.00")


def test_withdraw_to_cards(buyer: Wallet) -> None:
    card = {"CardNumber": "4111 1111 1111 1111", "Amount": "1000"}

    in_russia = call("Withdraw_To_Card_RU", BUYER, **card, Invoice="")
    abroad = call("Withdraw_To_Card_World", BUYER, **card, Currency="EUR", ExpiryMonth="12", ExpiryYear="2099")

    assert (in_russia["Currency"], in_russia["Gross"]) == ("RUB", "1030.0000")
    assert (abroad["Currency"], abroad["Gross"], abroad["Status"]) == ("EUR", "1030.0000", "Completed")


def test_withdraw_to_cryptocurrency(merchant: Wallet) -> None:
    bitcoin = {"PaymentMethod": "BTC", "Amount": "100", "Currency": "EUR"}
    calculated = call("Withdraw_To_CryptoCurrency_Calculate", MERCHANT, **bitcoin)
    address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"

    withdrawn = call("Withdraw_To_CryptoCurrency", MERCHANT, **bitcoin, PaySystemAccount=address)

    assert (withdrawn["ExchangeRate"], withdrawn["PaymentMethodAmount"]) == ("0.00002", "0.0020")
    assert calculated["PaymentMethodAmount"] == withdrawn["PaymentMethodAmount"]
    assert len(withdrawn["PaySystemTransactionID"]) == 64


@pytest.mark.parametrize(
    ("operation", "parameters", "name"),
    [
        ("Withdraw_To_Ecurrency_Calculate", WEBMONEY | {"PaymentMethod": "XYZ"}, "Payment_Method_Not_Supported"),
        ("Withdraw_To_Ecurrency_Calculate", WEBMONEY | {"Currency": "XXX"}, "Currency_Not_Found"),
        ("Withdraw_To_Ecurrency_Calculate", WEBMONEY | {"Amount": "0.10"}, "Minimum_Amount_Is_1.1"),
        ("Withdraw_To_Ecurrency_Calculate", WEBMONEY | {"Amount": "9999"}, "Maximum_Amount_Is_5500"),
        ("Withdraw_To_Ecurrency", WEBMONEY | {"PaySystemAccount": "Z1"}, "Incorrect_Account"),
        ("Withdraw_To_Card_RU", {"CardNumber": "4111111111111112", "Amount": "1000"}, "Incorrect_Account"),
        ("DebitCard_Prepay", {"Email": "nobody", "Currency": "EUR"}, "Incorrect_Email"),
    ],
)
def test_withdrawals_and_cards_that_are_refused(
    merchant: Wallet, operation: str, parameters: dict[str, object], name: str
) -> None:
    assert fault(operation, MERCHANT, **parameters) == name


@pytest.mark.parametrize("operation", [name for name in NAMES if name.startswith(("Subscription", "Preapproved"))])
def test_subscriptions_and_preapproved_payments_are_turned_off(merchant: Wallet, operation: str) -> None:
    assert fault(operation, MERCHANT) == "API_Function_Disabled"
    assert fault(operation, "OK999999999") == "Source_Account_Doesnt_Exist"


def test_a_disabled_currency_has_no_balance_to_ask_for(merchant: Wallet) -> None:
    Currency.objects.filter(code="GBP").update(enabled=False)

    assert fault("Wallet_Get_Currency_Balance", MERCHANT, Currency="GBP") == "Currency_Disabled"


@pytest.mark.parametrize(("field", "length"), [("Comment", 255), ("Invoice", 127)])
def test_texts_have_their_greatest_length(buyer: Wallet, field: str, length: int) -> None:
    assert send(BUYER, MERCHANT, "1", **{field: "é" * length})[field] == "é" * length
    too_long = {"Receiver": MERCHANT, "Currency": "USD", "Amount": "1", field: "é" * (length + 1)}
    assert fault("Send_Money", BUYER, **too_long) == "Incorrect_Parameters"
