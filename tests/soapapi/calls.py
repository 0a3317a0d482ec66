"""A SOAP client of the tests' own: it sends what the contract says and reads what comes back."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape

from django.http import HttpResponse
from django.test import Client
from lxml import etree

from sandbox.models import Scenario
from soapapi import refusals, service
from tests.soapapi.served import schemas

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
T = "https://api.okpay.com"
A = "http://schemas.datacontract.org/2004/07/OkPayAPI"
PASSWORDS = {"OK702746927": "MyApiPass", "OK100000001": "BuyerPass", "OK100000002": "PoorPass"}


class SoapFault(Exception):
    """A fault came back; its text is the faultstring."""


def token(password: str, at: datetime | None = None) -> str:
    return sha256(f"{password}:{at or datetime.now(UTC):%Y%m%d:%H}".encode()).hexdigest().upper()


def credentials(wallet_id: str) -> dict[str, str]:
    return {"WalletID": wallet_id, "SecurityToken": token(PASSWORDS.get(wallet_id, ""))}


def envelope(body: str) -> str:
    return f'<s:Envelope xmlns:s="{SOAP[1:-1]}"><s:Body>{body}</s:Body></s:Envelope>'


def request(operation: str, **parameters: Any) -> str:
    fields = "".join(f"<{name}>{escape(_lexical(value))}</{name}>" for name, value in parameters.items())
    return envelope(f'<{operation} xmlns="{T}">{fields}</{operation}>')


def post(body: str | bytes, *, content_type: str = "text/xml; charset=utf-8", **more: Any) -> HttpResponse:
    # Not Client.post: that encodes bytes once more in the character set that the content type names.
    return Client(raise_request_exception=False).generic("POST", "/OkPayAPI", body, content_type, **more)


def call(operation: str, wallet_id: str | None = None, *, via: dict[str, Any] | None = None, **parameters: Any) -> Any:
    """The result as text, a dict, or a list of dicts. Raises SoapFault."""
    parameters = (credentials(wallet_id) if wallet_id else {}) | parameters
    response = post(request(operation, **parameters), **(via or {}))
    try:
        return result(response)
    except SoapFault as refused:
        _is_on_its_page(operation, refusals.official(str(refused)))
        raise


def result(response: HttpResponse) -> Any:
    assert response["Content-Type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(response.content)
    assert root.tag == f"{SOAP}Envelope"
    (body,) = root
    assert body.tag == f"{SOAP}Body"
    (answer,) = body
    if answer.tag == f"{SOAP}Fault":
        assert response.status_code == 500
        assert [child.tag for child in answer] == ["faultcode", "faultstring"]
        assert not any(child.attrib for child in answer)
        raise SoapFault(answer.findtext("faultstring"))
    assert response.status_code == 200
    schemas().assertValid(answer)
    return _value(answer[0])


def fault(operation: str, wallet_id: str | None = None, **parameters: Any) -> str:
    """The name of the error that this call is refused with."""
    try:
        answer = call(operation, wallet_id, **parameters)
    except SoapFault as refused:
        return str(refused)
    raise AssertionError(f"{operation} was not refused but answered {answer}")


def _is_on_its_page(operation: str, name: str) -> None:
    """No test meets an error that the function's page does not name, but where a scenario has it say anything."""
    if not Scenario.objects.exists() and any(each.__name__ == operation for each in service.OPERATIONS):
        assert name in (*refusals.own(operation), *refusals.common(operation)), f"{operation}: {name}"


def _value(element: Any) -> Any:
    if not len(element):
        return element.text or ""
    names = [etree.QName(child).localname for child in element]
    if set(names) <= {"Balance", "TransactionInfo"}:
        return [_value(child) for child in element]
    return dict(zip(names, map(_value, element), strict=True))


def _lexical(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
