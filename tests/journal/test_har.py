"""The HTTP Archive against the structure of HAR 1.2, as its specification has it."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.test import Client

from ipn import delivery
from sandbox import clock
from tests.api.conftest import Api
from tests.journal.conftest import FORM_ENCODED, now, send_form
from tests.listener import Answer, Listener
from tests.soapapi import calls
from wallets.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def an_object(**properties: Any) -> dict[str, Any]:
    """With these and nothing else but what begins with an underscore; a name that ends with one is optional."""
    return {
        "type": "object",
        "required": [name for name in properties if not name.endswith("_")],
        "properties": {name.rstrip("_"): schema for name, schema in properties.items()},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


TEXT, COUNT, TIME = {"type": "string"}, {"type": "integer", "minimum": -1}, {"type": "number", "minimum": 0}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
PAIRS = {"type": "array", "items": an_object(name=TEXT, value=TEXT)}
REQUEST = an_object(
    method=TEXT,
    url={"type": "string", "pattern": "^https?://"},
    httpVersion=TEXT,
    cookies=PAIRS,
    headers=PAIRS,
    queryString=PAIRS,
    postData_=an_object(mimeType=TEXT, text=TEXT),
    headersSize=COUNT,
    bodySize=COUNT,
)
RESPONSE = an_object(
    status={"type": "integer"},
    statusText=TEXT,
    httpVersion=TEXT,
    cookies=PAIRS,
    headers=PAIRS,
    content=an_object(size=COUNT, mimeType=TEXT, text=TEXT),
    redirectURL=TEXT,
    headersSize=COUNT,
    bodySize=COUNT,
)
ENTRY = an_object(
    pageref_=TEXT,
    startedDateTime=MOMENT,
    time=TIME,
    request=REQUEST,
    response=RESPONSE,
    cache=an_object(),
    timings=an_object(send=TIME, wait=TIME, receive=TIME),
    comment_=TEXT,
)
PAGE = an_object(startedDateTime=MOMENT, id=TEXT, title=TEXT, pageTimings=an_object())
HAR = an_object(
    log=an_object(
        version={"const": "1.2"},
        creator=an_object(name=TEXT, version=TEXT),
        pages={"type": "array", "items": PAGE},
        entries={"type": "array", "items": ENTRY},
    )
)


def archive(api: Api, **query: Any) -> dict[str, Any]:
    log: dict[str, Any] = api.get("journal/har/", **query).body["log"]
    jsonschema.validate({"log": log}, HAR)
    pages = [page["id"] for page in log["pages"]]
    assert len(set(pages)) == len(pages)
    assert {entry["pageref"] for entry in log["entries"] if "pageref" in entry} <= set(pages)
    assert log["entries"] == sorted(log["entries"], key=lambda entry: str(entry["_sandboxTime"]))
    return log


def test_a_payment(api: Api, merchant: Wallet, listener: Listener, pay_at_checkout: Callable[..., str]) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, listener.url
    merchant.save()
    listener.will(Answer(500, b"Oops", (("Set-Cookie", "shop=s3cr3t-of-the-shop"), ("Content-Type", "text/plain"))))
    correlation = pay_at_checkout(ok_return_success="https://shop.example/thanks?a=1&b=%20")
    delivery.deliver_due(clock.default_sandbox(), now=now())

    log = archive(api, correlation=correlation)

    form, page, attempt = log["entries"]
    assert [page["id"] for page in log["pages"]] == [correlation]
    assert form["request"]["postData"]["mimeType"].startswith("multipart/form-data")
    assert "ok_invoice" in form["request"]["postData"]["text"]
    assert form["response"]["redirectURL"].startswith("/checkout/")
    assert page["response"]["redirectURL"].startswith("https://shop.example/thanks?a=1")
    assert attempt["request"]["url"] == listener.url
    assert attempt["response"]["status"] == 500
    assert attempt["response"]["content"] == {"size": 4, "mimeType": "text/plain", "text": "Oops"}
    assert attempt["response"]["cookies"] == [{"name": "shop", "value": "***"}]
    assert attempt["time"] == attempt["timings"]["wait"] > 0


def test_odd_requests(api: Api) -> None:
    send_form(ok_currency="XXX")
    client = Client()
    client.get("/process.html?ok_receiver=OK702746927&a=&b=%ff&[x", headers={"Cookie": "a=1; b"})
    client.post("/ipn-verify?x", b"\x00\xff" * 100, "application/octet-stream")
    client.generic("POST", "/OkPayAPI", "")
    client.head("/process.html")
    calls.post(b"\xff\xfe<")
    client.get("/OkPayAPI?wsdl")

    log = archive(api)

    assert len(log["entries"]) == 7
    assert log["entries"][1]["request"]["cookies"] == [{"name": "a", "value": "***"}, {"name": "***", "value": "***"}]
    assert {"name": "ok_receiver", "value": "OK702746927"} in log["entries"][1]["request"]["queryString"]


def test_a_listener_that_never_answered(api: Api, merchant: Wallet, pay_at_checkout: Callable[..., str]) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/ipn?secret=hush-hush-hush"
    merchant.save()
    pay_at_checkout()
    delivery.deliver_due(clock.default_sandbox(), now=now())

    (entry,) = archive(api, kind="ipn")["entries"]

    assert entry["response"]["status"] == 0
    assert entry["request"]["url"] == "http://127.0.0.1:9/ipn?secret=***"
    assert "refused" in entry["comment"]


def test_it_is_a_file_to_save(api: Api) -> None:
    answer = api.get("journal/har/")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="okpay-journal.har"'
    assert answer.body["log"]["entries"] == []
    assert api.get("journal/har/", kind="money").errors.keys() == {"kind"}


def test_a_filter_holds_for_it_too(api: Api) -> None:
    send_form()
    Client().post("/ipn-verify", "x=1", FORM_ENCODED)

    assert [entry["_kind"] for entry in archive(api, kind="verify")["entries"]] == ["verify"]
