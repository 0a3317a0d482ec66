"""The pages of the SOAP API's functions: each example is sent as it stands there, each limit and error is met."""

import re
from base64 import b64encode
from html import unescape
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.test import Client
from lxml import etree

from sandbox.models import Sandbox
from soapapi import examples, limits, reference, refusals, service, switches
from soapapi.examples import BUYER, EXAMPLES_OF, MERCHANT, PLACEHOLDER
from soapapi.explanations import EXPLANATIONS
from tests.soapapi.calls import SoapFault, T, call, credentials, fault, post, result, token
from wallets.models import Account, Balance, Currency, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world", "_extended")]

FUNCTIONS = [operation.__name__ for operation in service.OPERATIONS]
WORKING = [name for name in FUNCTIONS if not refusals.is_off(name)]
# What each server and each hour has of its own.
OWN = {"ID", "Date", "OperationID", "PaySystemTransactionID", "PageCount", "TotalCount"}
OWN_RESULTS = {"Get_Date_Time", "DebitCard_Prepay", "EX_Client_Register", "EX_Image_Upload"}


@pytest.fixture
def _extended(world: Sandbox) -> None:
    switches.look_again()
    Account.objects.filter(wallets__id=MERCHANT).update(extended_access=True)


def page(function: str, **headers: str) -> str:
    response = Client(headers=headers).get(f"/developers/soap-api/{function}/")
    assert response.status_code == 200
    return response.content.decode()


def shown(function: str) -> tuple[dict[str, str], str, int, str]:
    """Headers and envelope of the request, status and envelope of the answer."""
    request, answer = map(unescape, re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page(function), re.DOTALL))
    head, _blank, envelope = request.partition("\n\n")
    line, *headers = head.split("\n")
    assert line == "POST /OkPayAPI HTTP/1.1"
    answered, _blank, body = answer.partition("\n\n")
    return dict(header.split(": ", 1) for header in headers), envelope, int(answered.split()[1]), body


def send(function: str, *, numbers: dict[int, str] | None = None) -> Any:
    """As a reader would who copies it: the token made as its place says, and the numbers that he was given."""
    headers, envelope, _status, _answer = shown(function)
    envelope = PLACEHOLDER.sub(lambda found: token(found[1]), envelope)
    for number, own in (numbers or {}).items():
        envelope = envelope.replace(f">{number}<", f">{own}<")
    assert headers["SOAPAction"] == f'"{T}/I_OkPayAPI/{function}"'
    content_type = headers["Content-Type"]
    return post(envelope.encode(), content_type=content_type, headers={"SOAPAction": headers["SOAPAction"]})


def prepared(function: str) -> dict[int, str]:
    """What the story of the examples has had before."""
    if function in ("Transaction_Get", "Transaction_History"):
        return {examples.SENT: result(send("Send_Money"))["ID"]}
    if function == "EX_Image_Upload":
        result(send("EX_Client_Register"))
    return {}


def flat(envelope: str | bytes) -> list[tuple[str, str, str]]:
    """Its elements in their order with their texts, but for what is each server's own."""
    found = []
    for element in etree.fromstring(envelope).iter():
        name = etree.QName(element).localname
        own = name in OWN or name.removesuffix("Result") in OWN_RESULTS
        found.append(
            (str(element.tag), str(sorted(element.attrib.items())), "" if own else (element.text or "").strip())
        )
    return found


def test_a_refusal_is_as_the_overview_shows_it() -> None:
    html = Client().get("/developers/soap-api/").content.decode()
    call, refusal = map(unescape, re.findall(r"<pre[^>]*><code>(&lt;s.*?)</code></pre>", html, re.DOTALL))

    # As it stands there, the token not made.
    assert flat(post(call.replace("MyApiPass", "another").encode()).content) == flat(refusal)
    assert post(PLACEHOLDER.sub(lambda found: token(found[1]), call).encode()).status_code == 200


@pytest.mark.parametrize("function", WORKING)
def test_an_example_is_what_is_sent_and_answered(function: str) -> None:
    answer = send(function, numbers=prepared(function))

    _headers, _envelope, status, body = shown(function)
    assert answer.status_code == status
    assert flat(answer.content) == flat(body)


def test_an_example_of_what_is_off_is_refused_as_it_stands_there() -> None:
    for function in sorted(set(FUNCTIONS) - set(WORKING)):
        answer = send(function)
        _headers, _envelope, status, body = shown(function)
        assert answer.status_code == status == 500
        assert flat(answer.content) == flat(body)


def test_no_page_tells_a_token() -> None:
    for function in FUNCTIONS:
        html = page(function)
        assert f"<h1><code>{function}</code></h1>" in html
        for password in examples.PASSWORDS.values():
            assert token(password).lower() not in html.lower()


def test_a_hosted_server_tells_no_password_either(settings: LazySettings) -> None:
    settings.SANDBOX = False

    assert "[SHA-256 of password:YYYYMMDD:HH]" in page("Send_Money")
    assert "MyApiPass" not in page("Send_Money")


def test_the_address_is_this_servers(settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://pay.example.com"

    assert "\nHost: pay.example.com\n" in page("Send_Money")


def test_parameters_answers_and_errors_are_on_the_page() -> None:
    html = page("Send_Money")

    parameters, answer = html.split('<h2 id="answer">')
    names = re.findall(r'<th scope="row"><code>(\w+)</code>', parameters)
    assert names == [
        *("WalletID", "SecurityToken", "Receiver", "Currency", "Amount", "Comment", "IsReceiverPaysFees", "Invoice")
    ]
    assert "must be given, 0.01 to 999999999999.99" in parameters
    assert "at most 255 characters" in parameters
    assert '<a href="/developers/soap-api/#TransactionInfo"><code>TransactionInfo</code></a>' in answer
    assert '<a href="/developers/soap-api/#AccountInfo"><code>AccountInfo</code></a>' in answer
    assert str(EXPLANATIONS["Insufficient_Funds"].cure) in unescape(answer)
    assert '<a href="/developers/errors/#soap-Authentication_Failed">' in answer


def test_what_else_one_should_know_goes_by_the_code(settings: LazySettings) -> None:
    assert "The fee is 0.5 % of the amount, at most 2.99." in page("Send_Money")
    assert "Every call pays." in page("Send_Money")
    assert '<a href="/developers/codes/#withdrawals">' in page("Withdraw_To_Ecurrency")
    settings.API_DIALECT = "2015"
    assert "An Invoice is paid to a receiver once" in page("Send_Money")


def test_a_page_says_that_its_function_is_off() -> None:
    for function in FUNCTIONS:
        assert ("every call is answered with API_Function_Disabled" in page(function)) == refusals.is_off(function)
        if refusals.is_off(function):
            with pytest.raises(SoapFault, match="API_Function_Disabled"):
                call(function, MERCHANT)


@pytest.mark.parametrize("name", ["Send_money", "send_money", "Nothing", "nothing-at-all"])
def test_a_function_that_is_none_is_not_found(name: str) -> None:
    assert Client().get(f"/developers/soap-api/{name}/").status_code == 404


def given(function: str, **instead: Any) -> dict[str, Any]:
    """The example's parameters with the caller, some of them otherwise; None leaves one out."""
    example = EXAMPLES_OF[function]
    who = {} if function == "Get_Date_Time" else credentials(example.wallet)
    values = {name: b64encode(v).decode() if isinstance(v, bytes) else v for name, v in example.parameters.items()}
    return {name: value for name, value in (who | values | instead).items() if value is not None}


def refused_or_answered(function: str, values: dict[str, Any]) -> str | None:
    """The error's name, or that there is nobody; None for an answer that is one."""
    try:
        answer = call(function, **values)
    except SoapFault as refused:
        return str(refused)
    return answer if answer in ("0", "Unregistered") else None


@pytest.mark.parametrize("function", WORKING)
def test_what_is_required_is_required_and_nothing_else(function: str) -> None:
    numbers = prepared(function)
    found = next(each for each in reference.functions() if each.name == function)
    for parameter in found.parameters:
        values = given(function, **{parameter.name: None})
        if "TxnID" in values:
            values["TxnID"] = numbers[examples.SENT]
        if parameter.is_required:
            assert refused_or_answered(function, values) not in {"Internal_Error", None}, parameter.name
        elif function == "Transaction_Get" and parameter.name == "TxnID":
            assert call(function, **values | {"Invoice": "A-1001"})["ID"] == numbers[examples.SENT]
        else:
            if function == "EX_Client_Register":
                values |= {"Email": f"{parameter.name}@example.com", "Phone": ""}
            call(function, **values)


def of_length(parameter: str, length: int) -> str:
    if parameter != "Email":
        return "x" * length
    # No label of a domain has more than 63 characters, no name before the @ more than 64.
    return "x" * 60 + "@" + "y" * 50 + "." + "z" * (length - 112)


@pytest.mark.parametrize("function", [name for name in WORKING if limits.lengths(name)])
def test_a_text_may_be_as_long_as_it_says_and_no_longer(function: str) -> None:
    for parameter, length in limits.lengths(function).items():
        own = {"Email": f"{parameter}@example.com", "Phone": ""} if function == "EX_Client_Register" else {}
        longest, longer = (own | {parameter: of_length(parameter, each)} for each in (length, length + 1))
        refused = fault(function, **given(function, **longer))
        assert refused in ("Incorrect_Parameters", "Incorrect_Email"), parameter
        call(function, **given(function, **longest))


def _poor(function: str) -> dict[str, Any]:
    if function == "DebitCard_Prepay":
        return {"Currency": "JPY"}
    if function.startswith("Withdraw_To_"):
        wallet = EXAMPLES_OF[function].wallet
        Balance.objects.filter(wallet_id=wallet).delete()
        return {}
    return {"Amount": "10000.00"}


def met(name: str, function: str) -> dict[str, Any]:
    """Makes the error come, and says what to send."""
    caller, accounts = EXAMPLES_OF[function].wallet, Account.objects
    if name == "Currency_Disabled":
        Currency.objects.update(enabled=False)
    elif name == "Source_Account_Blocked":
        accounts.filter(wallets__id=caller).update(is_blocked=True)
    elif name == "Target_Account_Blocked":
        accounts.filter(wallets__id=BUYER).update(is_blocked=True)
    elif name == "Access_Denied":
        if function == "Transaction_Get":
            Wallet.objects.filter(id="OK100000002").update(api_enabled=True)
            return credentials("OK100000002") | {"TxnID": result(send("Send_Money"))["ID"]}
        accounts.filter(wallets__id=MERCHANT).update(extended_access=False)
    return {
        "Currency_Not_Found": {"Currency": "XXX"},
        "Incorrect_Amount": {"Amount": "0.001"},
        "Minimum_Amount_Is_N": {"Amount": "0.01"},
        "Maximum_Amount_Is_N": {"Amount": "99999999.00"},
        "Target_Account_Doesnt_Exist": {
            "Receiver": "OK999999999" if function == "Send_Money" else None,
            "Email": None if function == "Send_Money" else "nobody@example.com",
        },
        "Cannot_Pay_Self": {"Receiver": MERCHANT},
        "Incorrect_Account": {"PaySystemAccount": "x"} if "Card" not in function else {"CardNumber": "4111"},
        "Payment_Method_Not_Supported": {"PaymentMethod": "XXX"},
        "Transaction_Not_Found": {"TxnID": 7},
        "Incorrect_Email": {"Email": "nobody"},
        "Client_Access_Denied": {"Email": "buyer@example.com"},
        "Image_Not_Found": {"Image": b64encode(b"nothing").decode()},
        "Incorrect_Parameters": {
            "Transaction_History": {"From": "yesterday"},
            "EX_Client_Register": {"Phone": "1"},
            "EX_Image_Upload": {"ImageType": "selfie"},
            "DebitCard_Prepay": {"Comment": "x" * 256},
        }.get(function, {"Invoice": "x" * 128}),
    }.get(name, {})


@pytest.mark.parametrize("function", [name for name in WORKING if refusals.own(name)])
def test_every_error_of_a_page_is_met(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if function == "EX_Image_Upload":
        prepared(function)
    for name in refusals.own(function):
        point = transaction.savepoint()
        with monkeypatch.context() as patched:
            if name == "Limits_Exceeded":
                patched.setattr("wallets.limits.limit_of", lambda account: 0)
            instead = _poor(function) if name == "Insufficient_Funds" else met(name, function)
            assert refusals.official(fault(function, **given(function, **instead))) == name
        transaction.savepoint_rollback(point)


def test_the_dialect_of_2015_knows_a_duplicate(settings: LazySettings) -> None:
    assert "Duplicate_Payment" not in refusals.own("Send_Money")
    settings.API_DIALECT = "2015"
    assert "Duplicate_Payment" in refusals.own("Send_Money")
    call("Send_Money", **given("Send_Money"))

    assert fault("Send_Money", **given("Send_Money")) == "Duplicate_Payment"
    assert Transaction.objects.filter(invoice="A-1001").count() == 1
