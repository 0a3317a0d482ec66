"""The 18 errors of the official page, each made to happen by HTTP; their names in both dialects."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone
from lxml import etree

from soapapi import errors, switches
from tests.soapapi.calls import SOAP, SoapFault, call, credentials, fault, post, request, token
from wallets import payments, reversals
from wallets.errors import NotAPicture, PaymentError
from wallets.models import Account, ApiCall, Currency, DisabledApiFunction, MonthlyTurnover, Transaction, Wallet
from wallets.money import D

MERCHANT, BUYER, POOR = "OK702746927", "OK100000001", "OK100000002"
SENDING = {"Receiver": MERCHANT, "Currency": "USD", "Amount": "1", "Comment": "", "IsReceiverPaysFees": False}


def sending(payer: str = BUYER, **changes: object) -> str:
    return fault("Send_Money", payer, **SENDING | changes)


def test_101_api_disabled(world: object) -> None:
    DisabledApiFunction.objects.create(name="*")

    assert sending() == "API_Disabled"


def test_102_api_function_disabled(world: object) -> None:
    DisabledApiFunction.objects.create(name="Send_Money")

    assert sending() == "API_Function_Disabled"
    assert call("Account_Check", BUYER, Account=MERCHANT) == "666146284"


def test_103_invalid_ip_address(world: object) -> None:
    Wallet.objects.filter(id=BUYER).update(api_allowed_ips=["192.0.2.0/24", "2001:db8::/32"])

    assert sending() == "Invalid_IP_Address"


def test_104_authentication_failed(world: object) -> None:
    assert fault("Send_Money", WalletID=BUYER, SecurityToken=token("wrong"), **SENDING) == "Authentication_Failed"


def test_105_account_api_disabled(world: object) -> None:
    assert sending("OK100000004") == "Account_API_Disabled"


def test_106_access_denied(world: object) -> None:
    others = Transaction.objects.filter(receiver_wallet=MERCHANT).first()
    assert others

    assert fault("Transaction_Get", BUYER, TxnID=others.id) == "Access_Denied"


def test_107_source_account_blocked(world: object) -> None:
    Account.objects.filter(id="100000001").update(is_blocked=True)

    assert sending() == "Source_Account_Blocked"


def test_108_target_account_blocked(world: object) -> None:
    assert sending(Receiver="OK100000003") == "Target_Account_Blocked"


def test_109_source_account_doesnt_exist(world: object) -> None:
    assert sending("OK999999999") == "Source_Account_Doesnt_Exist"


@pytest.mark.parametrize("receiver", ["OK999999999", "", "nobody", "+49 30 0000000"])
def test_110_target_account_doesnt_exist(world: object, receiver: str) -> None:
    assert sending(Receiver=receiver) == "Target_Account_Doesnt_Exist"


@pytest.mark.parametrize("asked", [{"TxnID": 9999999}, {"TxnID": 0, "Invoice": "none"}, {}, {"TxnID": -1}])
def test_111_transaction_not_found(world: object, asked: dict[str, object]) -> None:
    assert fault("Transaction_Get", BUYER, **asked) == "Transaction_Not_Found"


def test_112_currency_disabled(world: object) -> None:
    Currency.objects.filter(code="USD").update(enabled=False)

    assert sending() == "Currency_Disabled"


def test_113_internal_error_says_nothing_else(
    world: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(payments.announcements, "announce", break_down)
    before = Transaction.objects.count()

    response = post(request("Send_Money", **credentials(BUYER), **SENDING))

    assert response.content.decode() == (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        "<faultcode>s:Client</faultcode><faultstring>Internal_Error</faultstring></s:Fault></s:Body></s:Envelope>"
    )
    assert response.status_code == 500
    assert Transaction.objects.count() == before
    assert Wallet.objects.get(id=BUYER).balance("USD") == D("10000.00")
    assert "ZeroDivisionError" in caplog.text  # staff must be able to find it


@pytest.mark.parametrize("currency", ["XXX", "", "usd", "EURO", "BTC"])
def test_200_currency_not_found(world: object, currency: str) -> None:
    assert sending(Currency=currency) == "Currency_Not_Found"
    assert fault("Wallet_Get_Currency_Balance", BUYER, Currency=currency) == "Currency_Not_Found"


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "-1", "-0", "0.001", "1.005", "1000000000000.00", "9" * 60, "1." + "0" * 60),
        *("", "abc", ".", "1,00", "1 0", "1_0", "1E+2", "1e2", "0x1", "NaN", "INF", "١٢"),
    ],
)
def test_201_incorrect_amount(world: object, amount: str) -> None:
    assert sending(Amount=amount) == "Incorrect_Amount"


def test_201_incorrect_amount_when_there_is_none(world: object) -> None:
    assert fault("Send_Money", BUYER, Receiver=MERCHANT, Currency="USD") == "Incorrect_Amount"


def test_300_insufficient_funds(world: object) -> None:
    assert sending(Amount="10000") == "Insufficient_Funds"


def test_301_limits_exceeded(world: object) -> None:
    assert sending(POOR, Amount="331") == "Limits_Exceeded"
    assert not MonthlyTurnover.objects.filter(account="100000002").exists()


@pytest.mark.parametrize("oneself", [BUYER, "buyer@example.com", "+49 30 1234567"])
def test_302_cannot_pay_self(world: object, oneself: str) -> None:
    assert sending(Receiver=oneself) == "Cannot_Pay_Self"


def test_send_money_checks_in_the_order_of_the_service(world: object) -> None:
    """Everything is wrong at first, and gets right in the order of the checks."""
    Account.objects.filter(id="100000002").update(is_blocked=True)
    wrong = {"Currency": "XXX", "Amount": "0", "Receiver": "OK999999999"}
    assert sending(POOR, **wrong) == "Currency_Not_Found"
    wrong["Currency"] = "USD"
    assert sending(POOR, **wrong) == "Incorrect_Amount"
    wrong["Amount"] = "1000000"
    assert sending(POOR, **wrong) == "Target_Account_Doesnt_Exist"
    wrong["Receiver"] = POOR
    assert sending(POOR, **wrong) == "Cannot_Pay_Self"
    wrong["Receiver"] = "OK100000003"
    assert sending(POOR, **wrong) == "Source_Account_Blocked"
    Account.objects.filter(id="100000002").update(is_blocked=False)
    assert sending(POOR, **wrong) == "Target_Account_Blocked"
    wrong["Receiver"] = MERCHANT
    assert sending(POOR, **wrong) == "Limits_Exceeded"
    wrong["Amount"] = "100"
    assert sending(POOR, **wrong) == "Insufficient_Funds"


def every_payment_error(base: type[PaymentError] = PaymentError) -> Iterator[type[PaymentError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from every_payment_error(kind)


def test_every_error_of_the_domain_has_a_name_on_the_wire() -> None:
    # Nothing of the Marketplace is reached by SOAP, nor does it take pictures of shops.
    kinds = {kind for kind in every_payment_error() if not kind.__module__.startswith("marketplace.")} - {NotAPicture}
    assert kinds
    for kind in kinds:
        # 106 is also what the wire says where it has no name of its own.
        is_official = errors.OFFICIAL.get(kind.number) == kind.name
        assert is_official or kind.name in errors.LATER, kind


def test_every_refusal_of_the_call_itself_has_one_too() -> None:
    own = {"Malformed_Request", "Request_Too_Large", "SOAP_Version_Not_Supported", "Header_Not_Understood"}
    known = {*errors.OFFICIAL.values(), *errors.LATER, *own, "Unknown_Operation"}

    kinds = {*errors.CallRefused.__subclasses__(), *errors.Malformed.__subclasses__()} - {errors.ScriptedFault}
    assert {kind.name for kind in kinds} <= known


def test_there_are_eighteen() -> None:
    assert len(errors.OFFICIAL) == 18
    tested = {name.split("_")[1] for name in globals() if name.startswith("test_") and name.split("_")[1].isdigit()}
    assert tested == {str(number) for number in errors.OFFICIAL}


@pytest.mark.parametrize(
    ("changes", "in_2012", "in_2015"),
    [
        ({"payer": "OK999999999"}, "Source_Account_Doesnt_Exist", "Account_Not_Found"),
        ({"Receiver": "OK999999999"}, "Target_Account_Doesnt_Exist", "Receiver_Not_Found"),
        ({"Amount": "10000"}, "Insufficient_Funds", "Not_Enough_Money"),
        ({"Receiver": BUYER}, "Cannot_Pay_Self", "MoneyTransfer_To_Yourself"),
        ({"Currency": "XXX"}, "Currency_Not_Found", "Currency_Not_Found"),
    ],
)
def test_two_dialects(world: object, settings, changes: dict[str, str], in_2012: str, in_2015: str) -> None:
    assert sending(**changes) == in_2012
    settings.API_DIALECT = "2015"
    assert sending(**changes) == in_2015


def test_the_later_dialect_pays_an_invoice_once(world: object, settings) -> None:
    settings.API_DIALECT = "2015"
    first = call("Send_Money", BUYER, **SENDING | {"Invoice": "A-1"})

    assert sending(Invoice="A-1") == "Duplicate_Payment"
    assert sending(Invoice="A-1", Receiver="merchant@example.com", Currency="EUR") == "Duplicate_Payment"
    assert sending(Invoice="A-1", Amount="99999") == "Duplicate_Payment"  # not that there is too little money
    assert f"transaction {first['ID']}" in str(ApiCall.objects.filter(wallet=BUYER).latest("id").detail)
    # Another number, another receiver, no number: all of them are payments of their own.
    for changes in ({"Invoice": "A-2"}, {"Invoice": "A-1", "Receiver": POOR}, {}, {}):
        assert call("Send_Money", BUYER, **SENDING | changes)["Status"] == "Completed"


def test_a_payment_that_was_taken_back_may_be_repeated(world: object, settings) -> None:
    settings.API_DIALECT = "2015"
    first = call("Send_Money", BUYER, **SENDING | {"Invoice": "A-1"})
    reversals.refund(Transaction.objects.get(id=first["ID"]), now=timezone.now())

    assert call("Send_Money", BUYER, **SENDING | {"Invoice": "A-1"})["Status"] == "Completed"


def test_the_official_dialect_knows_no_duplicates(world: object) -> None:
    for _ in range(2):
        assert call("Send_Money", BUYER, **SENDING | {"Invoice": "A-1"})["Status"] == "Completed"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_pays(merchant: Wallet, buyer: Wallet, settings) -> None:
    settings.API_DIALECT = "2015"

    def pay(currency: str) -> str:
        try:
            return str(call("Send_Money", BUYER, **SENDING | {"Invoice": "A-1", "Currency": currency})["Status"])
        except SoapFault as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(pool.map(pay, ["USD", "EUR", "GBP", "USD"]))

    assert ends == ["Completed", *["Duplicate_Payment"] * 3]
    assert Transaction.objects.filter(invoice="A-1").count() == 1


def test_a_fault_has_a_code_and_a_string_and_nothing_else(world: object) -> None:
    response = post(request("Send_Money", **credentials("OK999999999")))

    (body,) = etree.fromstring(response.content)
    (refused,) = body
    assert response.status_code == 500
    assert refused.tag == f"{SOAP}Fault"
    assert [(child.tag, child.text, dict(child.attrib)) for child in refused] == [
        ("faultcode", "s:Client", {}),
        ("faultstring", "Source_Account_Doesnt_Exist", {}),
    ]
    assert refused.nsmap["s"] == SOAP[1:-1]


def test_a_refusal_is_no_error_of_the_servers(world: object, caplog: pytest.LogCaptureFixture) -> None:
    sending(Currency="XXX")

    assert [record.levelname for record in caplog.records if record.levelname != "DEBUG"] == ["INFO"]


def test_staff_see_their_switch_work_in_every_process_within_a_second() -> None:
    assert switches.LOOKED_UP_EVERY <= 1
