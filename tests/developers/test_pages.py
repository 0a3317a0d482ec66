"""The documentation for developers: open to everybody, and nothing that the code declares is left out."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client

from checkout import door, variable_reference
from checkout.refusals import Refused
from ipn import diagnosis
from ipn import variable_reference as message_reference
from ipn.explanations import CURES, STATUS_CURES
from ipn.models import DeliveryAttempt, IpnMessage, Verification
from ipn.simulator import KINDS, STATUSES, Receiver, default_variables
from okpay_gateway.developers import errors, variables
from okpay_gateway.developers.sections import SECTIONS
from sandbox import clock
from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015
from sandbox.models import Sandbox
from soapapi import errors as soap_errors
from soapapi import reference, service, types
from soapapi.explanations import EXPLANATIONS
from tests.conftest import wallet
from tests.programs import ROOT
from wallets import payments, reversals
from wallets.models import ApiCall, Transaction, TransactionItem, Wallet
from wallets.money import D
from wallets.variables import ipn_variables

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]

ADDRESSES = [
    *("/developers/", "/developers/search/", "/developers/soap-api/Send_Money/"),
    *(f"/developers/{section.slug}/" for section in SECTIONS),
]


def page(address: str, client: Client | None = None) -> str:
    response: HttpResponse = (client or Client()).get(address)
    assert response.status_code == 200, address
    return unescape(response.content.decode())


def ids(html: str) -> list[str]:
    return re.findall(r'\bid="([^"]+)"', html)


# The pages


@pytest.mark.parametrize("language", ["en", "de", "ru"])
def test_a_stranger_reads_it_in_each_language(language: str) -> None:
    stranger = Client(headers={"Accept-Language": language})
    for address in ADDRESSES:
        html = page(address, stranger)
        assert f'<html lang="{language}"' in html
        assert html.count("<h1>") == 1, address
        assert len(ids(html)) == len(set(ids(html))), address


def test_links_within_the_documentation_lead_somewhere() -> None:
    pages: dict[str, str] = {}
    for address in ADDRESSES:
        pages[address] = pages.get(address) or page(address)
        for link in sorted(
            set(re.findall(r'href="(/developers/[^"?]*|/shop-systems/[^"]*|/api/docs/[^"]*|#[^"]*)"', pages[address]))
        ):
            path, _hash, fragment = link.partition("#")
            path = path or address
            pages[path] = pages.get(path) or page(path)
            assert not fragment or f'id="{fragment}"' in pages[path], f"{address}: {link}"


def test_a_section_that_is_none_is_not_found(client: Client) -> None:
    assert client.get("/developers/nowhere/").status_code == 404
    assert client.post("/developers/payment-forms/").status_code == 405


def test_addresses_are_this_servers(client: Client, settings: LazySettings) -> None:
    assert "http://testserver/process.html" in page("/developers/")
    settings.PUBLIC_URL = "https://pay.example.com"
    assert "https://pay.example.com/OkPayAPI?wsdl" in page("/developers/soap-api/")


def test_home_and_every_footer_lead_here(client: Client) -> None:
    for address in ("/", "/nowhere"):
        html = client.get(address).content.decode()
        assert 'href="/developers/"' in html
        assert 'href="/shop-systems/"' in html


def test_the_menu_of_the_account_leads_here(client: Client, merchant: Wallet) -> None:
    client.force_login(merchant.account.user)

    html = client.get("/account/profile/").content.decode().split("<footer")[0]

    assert 'href="/developers/"' in html
    assert 'href="/shop-systems/"' in html


# Variables


def test_every_variable_that_the_parser_accepts_is_explained() -> None:
    html = page("/developers/payment-forms/")

    for name in (*variable_reference.VARIABLES, *door.OURS):
        assert f"<code>{name}</code>" in html
        assert html.count(f'<tr id="{variables.anchor(name)}">') == 1
    for later in variable_reference.LATER_NAMES:
        assert f"or {later}</span>" in html


def test_limits_and_defaults_are_the_parsers() -> None:
    html = page("/developers/payment-forms/")

    for variable in variable_reference.VARIABLES.values():
        (row,) = re.findall(rf'<tr id="{variables.anchor(variable.name)}">.*?</tr>', html, re.DOTALL)
        assert str(variable.meaning) in row
        assert (">required</strong>" in row) == variable.required
        assert variable.default in row
        assert variable.length is None or f">{variable.length}</td>" in row
    price = html[html.index('<tr id="ok_item_1_price">') :].split("</tr>")[0]
    assert "a positive number such as 25.00 or 1,234.50" in price
    assert "an address that starts with http:// or https://" in html


def test_a_variable_that_is_documented_is_read() -> None:
    for table in variables.of_forms():
        for row in table.rows:
            assert variable_reference.find(row.anchor)[0] or row.name in door.OURS


def named(name: str) -> str:
    return re.sub(r"^ok_item_\d+_", "ok_item_#_", name)


def test_every_variable_that_is_sent_is_explained_and_no_other(world: Sandbox, buyer: Wallet, merchant: Wallet) -> None:
    now = clock.now(world)
    receiver = Receiver(merchant.id, merchant.account.email, merchant.account.phone, merchant.account_id)
    sent = {
        named(name)
        for kind in KINDS
        for status in STATUSES
        for name, _value in default_variables(kind, status, receiver, now)
    } | {"ok_ipn_test"}
    item = TransactionItem(number=1, name="Pen", price=D("5.00"), shipping=D("1.00"), custom_1_title="Size")
    order = payments.Order(
        kind=Transaction.Kind.PAYMENT_LINK, receiver=merchant, currency="USD", items=[item], receiver_as_sent="x"
    )
    paid = payments.pay_from_balance(order, payer=buyer, now=now)
    back = reversals.refund(paid, now=now)
    for transaction in (paid, back):
        sent |= {named(name) for name, _value in ipn_variables(transaction)}
    message = IpnMessage.objects.filter(transaction_id=paid.id).first() or IpnMessage(id=1, variables="a=b")
    sent |= {named(pair.partition("=")[0]) for pair in message.body(resend=True).split("&")} - {"a"}

    assert sent == set(message_reference.VARIABLES)
    html = page("/developers/notification-variables/")
    for name in sent:
        assert html.count(f'<tr id="{variables.anchor(name)}">') == 1


def test_every_word_of_a_notification_is_explained() -> None:
    words = {name: set(variable.values) for name, variable in message_reference.VARIABLES.items()}

    # Deposits and the like concern nobody's shop, so they are never notified as a kind.
    assert words["ok_txn_kind"] == set(KINDS)
    assert words["ok_txn_status"] == set(STATUSES) >= set(Transaction.Status.values)
    assert words["ok_txn_pending_reason"] == set(Transaction.PendingReason.values)
    assert words["ok_txn_reversal_reason"] == set(Transaction.ReversalReason.values)
    assert words["ok_item_#_type"] == set(TransactionItem.Type.values)
    html = page("/developers/notification-variables/")
    for variable in message_reference.VARIABLES.values():
        for word, meaning in variable.values.items():
            assert f"<code>{word}</code> {meaning}" in html


def test_what_a_canceled_checkout_brings_is_on_the_page(client: Client) -> None:
    form = {"ok_receiver": "OK702746927", "ok_item_1_name": "Pen", "ok_item_1_price": "5"}
    checkout = client.post("/process.html", form | {"ok_return_fail": "https://shop.example/no"})["Location"]
    client.post(f"{checkout}cancel/")

    back = client.get(f"{checkout}return/")["Location"]

    section = page("/developers/auto-return/").split('id="variables-heading"')[1]
    names = [name for name, _value in parse_qsl(urlsplit(back).query, keep_blank_values=True)]
    assert re.findall(r"<code>(ok_\w+)</code>", section) == names


def test_a_refused_form_leads_to_its_variables(client: Client) -> None:
    answer = client.post("/process.html", {"ok_receiver": "nobody", "ok_item_7_name": "Pen", "ok_item_7_price": "x"})

    html = answer.content.decode()
    assert '<a href="/developers/payment-forms/#ok_receiver"><code>ok_receiver</code></a>' in html
    assert '<a href="/developers/payment-forms/#ok_item_1_price"><code>ok_item_7_price</code></a>' in html


# The SOAP API


def test_every_function_parameter_and_field_is_explained() -> None:
    html = page("/developers/soap-api/")

    assert {each.name for each in reference.functions()} == {each.__name__ for each in service.OPERATIONS}
    for function in reference.functions():
        assert function.meaning, function.name
        assert f'href="/developers/soap-api/{function.name}/"' in html
        for parameter in function.parameters:
            assert parameter.meaning, parameter.name
    declared = {kind.__name__ for kind in types.NAMESPACES}
    assert declared <= set(ids(html))
    for structure in reference.structures():
        for field in structure.fields:
            assert field.meaning, f"{structure.name}.{field.name}"


def test_nothing_is_explained_that_is_not_there() -> None:
    functions = reference.functions()

    assert set(reference.FUNCTIONS) == {each.name for each in functions}
    assert set(reference.PARAMETERS) == {each.name for function in functions for each in function.parameters}
    assert set(reference.FIELDS) == {each.name for structure in reference.structures() for each in structure.fields}


def test_the_token_of_the_official_example() -> None:
    html = page("/developers/soap-api/")
    assert "5950F9BDA723ECDF9859AD205412BB44E0DAB16630CA4462490DE64B02305F8D" in html


# Errors


def row_of(anchor: str, html: str) -> str:
    (row,) = re.findall(rf'<tr id="{re.escape(anchor)}">.*?</tr>', html, re.DOTALL)
    return str(row)


def test_every_soap_error_in_both_dialects() -> None:
    html = page("/developers/errors/")

    for number, name in OFFICIAL.items():
        row = row_of(f"soap-{name}", html)
        assert f"{number} <code>{name}</code>" in row
        assert f"{EXPLANATIONS[name].cause} {EXPLANATIONS[name].cure}" in row
        assert RENAMED_2015.get(name, "") in row
    assert len(OFFICIAL) == 18
    assert html.count("2015:</span>") + html.count("2015: <code>") == len(RENAMED_2015)
    for name in LATER:
        assert str(EXPLANATIONS[name].cure) in row_of(f"soap-{name}", html)


def subclasses(kind: type) -> set[type]:
    return {found for each in kind.__subclasses__() for found in ({each} | subclasses(each))}


def test_every_refusal_of_a_call_has_a_cause_and_a_cure() -> None:
    refusals = subclasses(soap_errors.CallRefused) - {soap_errors.ScriptedFault}

    assert {each.name for each in refusals} <= set(EXPLANATIONS)
    html = page("/developers/errors/")
    for reason in ApiCall.Reason:
        assert str(reason.label) in html


def test_every_refusal_of_a_button() -> None:
    html = page("/developers/errors/")

    refusals = {each for each in subclasses(Refused) if each.__module__.startswith("checkout")}
    assert {"PlainForm", "Expired", "Altered", "Revoked"} <= {each.__name__ for each in refusals}
    for refusal in refusals:
        row = row_of(f"button-{refusal.__name__}", html)
        assert str(refusal.title) in row
        assert str(refusal.cure) in row


def test_every_refusal_of_a_payment() -> None:
    html = page("/developers/errors/")
    source = (ROOT / "checkout" / "explanations.py").read_text()

    explained = re.findall(r"case (\w+)\(\)", source)
    assert len(explained) > 5
    for name in explained:
        assert f'<tr id="payment-{name}">' in html


def test_every_kind_of_failed_attempt() -> None:
    html = page("/developers/errors/")

    for kind in DeliveryAttempt.Error:
        assert str(CURES[kind]) in row_of(f"attempt-{kind.value}", html)
    for status, cure in STATUS_CURES.items():
        assert re.search(rf"Status {status}</th><td>{re.escape(str(cure))}", html)


def test_what_a_wrong_form_is_told_is_on_the_page(client: Client) -> None:
    html = page("/developers/errors/")

    form = {"ok_receiver": "OK702746927", "ok_item_1_name": "Pen", "ok_item_1_price": "5"}
    for wrong in (
        {"ok_receiver": ""},
        {"ok_receiver": "OK100000003"},
        {"ok_item_1_name": b"\xff"},
        {"ok_item_1_name": "a\0b"},
        {"ok_item_1_price": "999999999999.99", "ok_item_1_quantity": "99"},
        {"ok_invoice": ["1", "2"]},
    ):
        body = urlencode(form | wrong, doseq=True)
        answer = client.post("/process.html", body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 400
        (expected,) = [problem.expected for problem in answer.context["problems"]]
        assert f'<th scope="row">{expected}</th>' in html


def test_every_answer_of_ipn_verify_and_every_reason() -> None:
    html = page("/developers/verification/")

    for verdict in Verification.Verdict:
        assert f"<code>{verdict.value}</code>" in html
    declared = set(re.findall(r'Finding\(\s*"([a-z-]+)"', (ROOT / "ipn" / "diagnosis.py").read_text()))
    declared |= {change.key for change in diagnosis.CHANGES.values()}
    declared |= {each.key for each in (diagnosis.EMPTIED, diagnosis.ANOTHER_VALUE)}
    assert {finding.key for finding in errors.of_verifications()} == declared
    for finding in errors.of_verifications():
        assert str(finding.cure) in html


# Buttons, codes


def test_the_programs_that_seal_are_those_of_the_document() -> None:
    html = page("/developers/encrypted-buttons/")
    document = (ROOT / "docs" / "encrypted-buttons.md").read_text()

    programs = re.findall(r"```(?:python|php|js)\n(.*?)```", document, re.DOTALL)
    assert len(programs) == 3
    for program in programs:
        assert program in html


def test_every_currency_and_method(merchant: Wallet) -> None:
    html = page("/developers/codes/")

    for currency, name in (("EUR", "Euro"), ("NGN", "Nigeria, Nairas")):
        assert name in row_of(f"currency-{currency}", html)
    assert html.count('<tr id="currency-') == 21
    assert "Sofort" in row_of("method-SF", html)
    assert wallet(merchant.id).id in page("/developers/")
