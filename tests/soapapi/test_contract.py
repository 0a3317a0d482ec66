"""The contract, in our own words: what a program that was generated from OKPAY's WSDL depends on.

The tables say it once more, independently of the code: order and types of every request, result and structure.
"""

import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from lxml import etree

from tests.soapapi.calls import A, T
from tests.soapapi.served import schemas, served

XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
ACTION = "{http://www.w3.org/2006/05/addressing/wsdl}Action"
L = "http://schemas.datacontract.org/2004/07/OkPayLink.OkPayService"
D = "http://schemas.datacontract.org/2004/07/OkPayAPI.DataContract"
NAMESPACES = {"http://www.w3.org/2001/XMLSchema": "", T: "T:", A: "A:", L: "L:", D: "D:"}

# ruff: noqa: E501 (a row of a table is a line)

# operation: what follows WalletID and SecurityToken -> the result. No type: a string.
OPERATIONS = """
Get_Date_Time -> string
Wallet_Get_Balance -> A:ArrayOfBalance
Wallet_Get_Currency_Balance Currency -> A:Balance
Send_Money Receiver Currency Amount:decimal Comment IsReceiverPaysFees:boolean Invoice -> A:TransactionInfo
Transaction_Get TxnID:long Invoice -> A:TransactionInfo
Transaction_History From Till PageSize:int PageNumber:int -> A:HistoryInfo
DebitCard_Prepay Email Currency IsCourierDelivery:boolean Comment -> long
Account_Check Account -> long
Withdraw_To_Ecurrency_Calculate PaymentMethod Amount:decimal Currency FeesFromAmount:boolean -> A:Withdrawal_Info
Withdraw_To_Ecurrency PaymentMethod PaySystemAccount Amount:decimal Currency FeesFromAmount:boolean Invoice -> A:Withdrawal_Info
Withdraw_To_Card_RU CardNumber Amount:decimal Invoice -> A:Withdrawal_Info
Withdraw_To_Card_World CardNumber Currency Amount:decimal ExpiryMonth ExpiryYear Invoice -> A:Withdrawal_Info
Withdraw_To_CryptoCurrency_Calculate PaymentMethod Amount:decimal Currency -> A:Withdrawal_Info
Withdraw_To_CryptoCurrency PaymentMethod PaySystemAccount Amount:decimal Currency Invoice -> A:Withdrawal_Info
EX_Account_Check Account -> long
EX_Client_Check_Status Email -> L:ClientStatus
Subscription_Get SubscriptionID:long -> D:Subscription
Subscriptions_Filter Title From Till Statuses:A:ArrayOfSubscriptionStatuses -> D:ArrayOfSubscription
Subscription_Update Sub:D:Subscription Comment -> D:Subscription
Subscription_Get_Operations SubscriptionID:long -> A:ArrayOfTransactionInfo
PreapprovedPayment_Get PreapprovedPaymentID:long -> D:PreapprovedPayment
PreapprovedPayment_Charge PreapprovedPaymentID:long Amount:decimal Comment -> A:TransactionInfo
PreapprovedPayment_Cancel PreapprovedPaymentID:long Comment -> D:PreapprovedPayment
PreapprovedPayment_Get_Operations PreapprovedPaymentID:long -> A:ArrayOfTransactionInfo
PreapprovedPayments_Filter Title Invoice Client Statuses:A:ArrayOfPreapprovedPaymentStatuses -> D:ArrayOfPreapprovedPayment
EX_Client_Register Email FirstName LastName Phone Country_ISO City Region AddressLine ZipCode -> long
EX_Image_Upload Email ImageType Image:base64Binary -> long
"""
STRUCTURES = """
A:AccountInfo AccountID:long Country_ISO Email Name VerificationStatus:L:VerificationStatuses WalletID
A:Balance Amount:decimal Currency
A:HistoryInfo PageCount:int PageNumber:int PageSize:int TotalCount:int Transactions:A:ArrayOfTransactionInfo
A:TransactionInfo Amount:decimal Comment Currency Date Fees:decimal ID:long Invoice Net:decimal OperationName Receiver:A:AccountInfo Sender:A:AccountInfo Status:A:OperationStatus
A:Withdrawal_Info Amount:decimal Currency ExchangeRate:decimal Fee:decimal Gross:decimal OperationID:long PaySystemTransactionID PaymentMethod PaymentMethodAmount:decimal Status:A:OperationStatus
D:Address AddressLine City Country IsVerified:boolean Region Type:A:AddressTypes ZipCode
D:PreapprovedPayment AvailableAmount:decimal Client:A:AccountInfo ClientPaysFee:boolean Currency EndDate ID:long Invoice LastPaymentDate MerchantWalletID PaymentsAmount:decimal PaymentsDone:int StartDate Status:A:PreapprovedPaymentStatuses Title
D:Subscription Client:A:AccountInfo Currency ID:long IsActive:boolean LastPaymentDateTime MerchantWalletID NextPaymentDateTime OutstandingBalance:decimal ReattemptAcum:boolean ReattemptDays:int RegularCount:int RegularCycle:int RegularInterval:A:SubscriptionCycleIntervals RegularPaymentsDone:int RegularPrice:decimal RetryAt SetupPrice:decimal ShippingAddress:D:Address ShippingNeeded:boolean StartDateTime Status:A:SubscriptionStatuses Title TrialCount:int TrialCycle:int TrialInterval:A:SubscriptionCycleIntervals TrialPaymentsDone:int TrialPrice:decimal ValidUntil
"""
LISTS = """
A:ArrayOfBalance Balance:A:Balance
A:ArrayOfPreapprovedPaymentStatuses PreapprovedPaymentStatuses:A:PreapprovedPaymentStatuses
A:ArrayOfSubscriptionStatuses SubscriptionStatuses:A:SubscriptionStatuses
A:ArrayOfTransactionInfo TransactionInfo:A:TransactionInfo
D:ArrayOfPreapprovedPayment PreapprovedPayment:D:PreapprovedPayment
D:ArrayOfSubscription Subscription:D:Subscription
"""
# A number where the values do not simply count on.
ENUMERATIONS = """
A:AddressTypes Unset Legal Actual Postal
A:OperationStatus None Error Canceled Pending=4 Reversed=8 Hold=16 Completed=32
A:PreapprovedPaymentStatuses Active Canceled Failed Expired
A:SubscriptionCycleIntervals Days Weeks Months Years
A:SubscriptionStatuses Active Canceled Failed Expired Modified Suspended
L:ClientStatus Unregistered Registration Unverified Formal Verified Blocked
L:VerificationStatuses Unverified Formal Verified
"""
NAMES = [line.split()[0] for line in OPERATIONS.strip().splitlines()]


def rows(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.fixture(scope="module")
def wsdl() -> Any:
    return served()


def kind(element: Any) -> str:
    """The type of an element, as the tables write it."""
    prefix, _, name = element.get("type").rpartition(":")
    return NAMESPACES[element.nsmap[prefix]] + name


def written(sequence: Any) -> list[str]:
    """The elements of a sequence, as the tables write them; each must be as nillable as its type says."""
    fields = []
    for element in sequence.iter(XSD + "element"):
        type_name = kind(element)
        is_number = type_name in ("decimal", "long", "int", "boolean") or type_name in _enumeration_names()
        assert element.get("minOccurs") == "0"
        assert element.get("nillable") == (None if is_number else "true")
        fields.append(element.get("name") + ("" if type_name == "string" else f":{type_name}"))
    return fields


def _enumeration_names() -> set[str]:
    return {row.split()[0] for row in rows(ENUMERATIONS)}


def test_every_operation_takes_and_answers_what_it_did(wsdl: Any) -> None:
    schema = wsdl.find(f".//{XSD}schema[@targetNamespace='{T}']")
    wrappers = {element.get("name"): element for element in schema.findall(XSD + "element")}
    found = []
    for operation in wsdl.find(WSDL + "portType"):
        name = operation.get("name")
        request, response = written(wrappers[name][0]), written(wrappers[f"{name}Response"][0])
        if name != "Get_Date_Time":
            assert request[:2] == ["WalletID", "SecurityToken"]
        (answer,) = response
        answer_name, _, answer_type = answer.partition(":")
        assert answer_name == f"{name}Result"
        found.append(" ".join([name, *request[2:], "->", answer_type or "string"]))

    assert found == rows(OPERATIONS)
    assert set(wrappers) == {name + end for name in NAMES for end in ("", "Response")}
    assert all(wrapper[0].tag == XSD + "complexType" and not wrapper.get("type") for wrapper in wrappers.values())


def test_every_structure_is_as_it_was(wsdl: Any) -> None:
    found = {}
    for schema in wsdl.iter(XSD + "schema"):
        assert schema.get("elementFormDefault") == "qualified"
        prefix = NAMESPACES[schema.get("targetNamespace")]
        for structure in schema.findall(XSD + "complexType"):
            found[prefix + structure.get("name")] = structure
    structures = [" ".join([name, *written(node)]) for name, node in sorted(found.items()) if "ArrayOf" not in name]
    lists = [" ".join([name, *written(node)]) for name, node in sorted(found.items()) if "ArrayOf" in name]

    assert structures == rows(STRUCTURES)
    assert lists == rows(LISTS)
    unbounded = [
        name for name, node in found.items() if node.find(f".//{XSD}element[@maxOccurs='unbounded']") is not None
    ]
    assert sorted(unbounded) == [row.split()[0] for row in rows(LISTS)]


def test_every_enumeration_has_its_values_and_numbers(wsdl: Any) -> None:
    found = []
    for schema in wsdl.iter(XSD + "schema"):
        for enumeration in schema.findall(XSD + "simpleType"):
            values = []
            for value in enumeration.iter(XSD + "enumeration"):
                number = value.findtext(".//{http://schemas.microsoft.com/2003/10/Serialization/}EnumerationValue")
                values.append(value.get("value") + (f"={number}" if number else ""))
            found.append(" ".join([NAMESPACES[schema.get("targetNamespace")] + enumeration.get("name"), *values]))

    assert sorted(found) == rows(ENUMERATIONS)


def test_types_of_the_data_contracts_have_elements_of_their_name(wsdl: Any) -> None:
    for namespace in (A, L, D):
        schema = wsdl.find(f".//{XSD}schema[@targetNamespace='{namespace}']")
        kinds = {node.get("name") for node in schema if node.tag in (XSD + "complexType", XSD + "simpleType")}
        elements = {node.get("name"): kind(node) for node in schema.findall(XSD + "element")}
        assert elements == {name: NAMESPACES[namespace] + name for name in kinds}


def test_names_of_messages_actions_binding_and_service(wsdl: Any) -> None:
    assert (wsdl.get("name"), wsdl.get("targetNamespace")) == ("OkPayAPIImplementation", T)
    assert not [*wsdl.iter(WSDL + "fault"), *wsdl.iter(WSDL + "import")]
    messages = {message.get("name"): message[0] for message in wsdl.iter(WSDL + "message")}
    port_type, binding, service = (wsdl.find(WSDL + name) for name in ("portType", "binding", "service"))
    assert port_type.get("name") == "I_OkPayAPI"
    for operation, bound in zip(port_type, binding.findall(WSDL + "operation"), strict=True):
        name = operation.get("name")
        for node, side, end in zip(operation, ("Input", "Output"), ("", "Response"), strict=True):
            message = f"I_OkPayAPI_{name}_{side}Message"
            assert node.get("message") == f"tns:{message}"
            assert node.get(ACTION) == f"{T}/I_OkPayAPI/{name}{end}"
            assert (messages[message].get("name"), messages[message].get("element")) == (
                "parameters",
                f"tns:{name}{end}",
            )
        assert bound.get("name") == name
        assert bound.find(SOAP + "operation").get("soapAction") == f"{T}/I_OkPayAPI/{name}"
        assert bound.find(SOAP + "operation").get("style") == "document"
        assert {body.get("use") for body in bound.iter(SOAP + "body")} == {"literal"}
    assert binding.get("name") == "BasicHttpBinding_I_OkPayAPI"
    assert binding.get("type") == "tns:I_OkPayAPI"
    assert binding.find(SOAP + "binding").get("transport") == "http://schemas.xmlsoap.org/soap/http"
    assert service.get("name") == "OkPayAPIImplementation"
    (port,) = service
    assert (port.get("name"), port.get("binding")) == ("BasicHttpBinding_I_OkPayAPI", "tns:BasicHttpBinding_I_OkPayAPI")


@pytest.mark.parametrize("query", ["wsdl", "singleWsdl", "WSDL", "wsdl=", "singlewsdl&x=1"])
def test_the_document_is_one_at_every_address(wsdl: Any, query: str) -> None:
    assert etree.tostring(served(query)) == etree.tostring(wsdl)


def address(document: Any) -> str:
    return str(document.find(f".//{SOAP}address").get("location"))


def test_the_address_is_the_one_that_the_request_came_to(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["api.example.com", "testserver"]

    assert address(served()) == "http://testserver/OkPayAPI"
    assert address(served(host="api.example.com:8443")) == "http://api.example.com:8443/OkPayAPI"
    assert address(served()) == "http://testserver/OkPayAPI"


def test_nobody_can_put_another_address_in(settings: Any) -> None:
    response = Client().get("/OkPayAPI?wsdl", headers={"host": "evil.example.com"})

    assert response.status_code == 400
    assert b"evil.example.com" not in response.content


def test_a_public_url_is_the_address_wherever_the_request_came_to(settings: Any) -> None:
    settings.PUBLIC_URL = "https://pay.example.com"

    assert address(served()) == "https://pay.example.com/OkPayAPI"


def test_behind_a_trusted_proxy_the_address_is_https(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    assert address(served(host="testserver", **{"x-forwarded-proto": "https"})) == "https://testserver/OkPayAPI"


def test_the_schemas_are_valid() -> None:
    assert schemas().validate(etree.fromstring(f'<Get_Date_Time xmlns="{T}"/>'))
    assert not schemas().validate(etree.fromstring(f'<Get_Date_Time xmlns="{T}"><x/></Get_Date_Time>'))


@pytest.mark.slow
def test_every_start_serves_the_same_bytes() -> None:
    """spyne walks through sets, whose order changes from one process to the next."""
    program = (
        "import django, os, hashlib; os.environ['DJANGO_SETTINGS_MODULE'] = 'okpay_gateway.settings'; django.setup();"
        "from soapapi import application; print(hashlib.sha256(application.WSDL).hexdigest())"
    )
    run = [sys.executable, "-W", "ignore", "-c", program]

    first, second = (subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(2))

    assert first == second != ""
