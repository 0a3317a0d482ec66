"""The door: who may come in, what a refusal looks like, how lists are paged."""

import json

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.test import Client

from tests.api.conftest import Api
from wallets.models import Transaction, Wallet

ADDRESSES = [
    ("GET", "accounts/"),
    ("GET", "accounts/666146284/"),
    ("GET", "clock/"),
    ("GET", "ipn-messages/"),
    ("GET", "ipn-messages/1/"),
    ("GET", "ledger/audit/"),
    ("GET", "transactions/"),
    ("GET", "transactions/1/"),
    ("GET", "verifications/"),
    ("GET", "wallets/"),
    ("GET", "wallets/OK702746927/"),
    ("GET", "checkout-sessions/"),
    ("PATCH", "accounts/666146284/"),
    ("PATCH", "wallets/OK702746927/"),
    ("POST", "accounts/"),
    ("POST", "clock/"),
    ("POST", "ipn-messages/1/resend/"),
    ("POST", "reset/"),
    ("POST", "transactions/1/approve/"),
    ("POST", "transactions/1/chargeback/"),
    ("POST", "transactions/1/decline/"),
    ("POST", "transactions/1/refund/"),
    ("POST", "wait/"),
    ("POST", "wallets/"),
    ("POST", "wallets/OK702746927/deposit/"),
    ("POST", "checkout-sessions/unknown/pay/"),
    ("POST", "checkout-sessions/unknown/cancel/"),
]


@pytest.mark.parametrize("token", ["", "wrong", "sandbox2", "пароль"])
def test_nothing_without_the_token(api: Api, token: str) -> None:
    header = f"Bearer {token}".encode().decode("latin-1")
    for method, path in ADDRESSES:
        response = Client().generic(method, f"/api/v1/{path}", headers={"Authorization": header} if token else {})

        assert response.status_code == 401, path
        assert response["WWW-Authenticate"].startswith("Bearer ")
        assert response["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["status"] == 401


@pytest.mark.parametrize("header", ["Basic c2FuZGJveDo=", "Token sandbox", "sandbox", "Bearer", "Bearer "])
def test_the_token_has_one_form(api: Api, header: str) -> None:
    response = Client().get("/api/v1/clock/", headers={"Authorization": header})

    assert response.status_code == 401
    assert "Bearer <CONTROL_TOKEN>" in json.loads(response.content)["detail"] or header.startswith("Bearer")


def test_the_token_is_the_setting(api: Api, settings: LazySettings) -> None:
    settings.CONTROL_TOKEN = "another"

    assert api.get("clock/").status == 401
    assert Api(token="another").get("clock/").status == 200


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("sandbox=nowhere", 404, "no sandbox nowhere"),
        ("sandbox=no+where", 400, "sandbox"),
        ("walet=OK702746927", 400, "walet"),
    ],
)
def test_every_call_takes_a_sandbox_and_no_unknown_variable(api: Api, query: str, status: int, words: str) -> None:
    for method, path in ADDRESSES:
        answer = api.raw(method, f"{path}?{query}", b"")
        assert answer.status == status, path
        assert words in json.dumps(answer.body)


def test_an_unknown_variable_is_named_with_those_that_are_known(api: Api) -> None:
    answer = api.get("transactions/", recipient="OK702746927")

    assert answer.status == 400
    assert "wallet" in answer.errors["recipient"][0]
    assert answer.body["type"] == "/api/docs/#problem-invalid"
    assert answer.body["instance"] == "/api/v1/transactions/"


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v2/clock/", "/api/v1/clock", "/api/v1/nothing/", "/api/x"])
def test_an_unknown_address_is_a_problem_too(api: Api, path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert ("slash" in json.loads(response.content)["detail"]) == (not path.endswith("/"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["subscriptions/", "subscriptions/1/"])
def test_subscriptions_say_that_they_are_not_there_as_the_soap_api_does(api: Api, method: str, path: str) -> None:
    answer = api.raw(method, path, b"{}")

    assert answer.status == 501
    assert answer.body["error"] == {"number": 102, "name": "API_Function_Disabled"}
    assert "IPN Simulator" in answer.body["detail"]


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema"])
def test_a_page_that_is_typed_without_its_slash_is_found(db: None, path: str) -> None:
    response = Client().get(f"{path}?format=json")

    assert (response.status_code, response["Location"]) == (302, f"{path}/?format=json")


def test_the_address_that_the_start_prints_leads_to_the_pages() -> None:
    response = Client().get("/api/v1/")

    assert (response.status_code, response["Location"]) == (302, "/api/docs/")


@pytest.mark.parametrize(("method", "path"), [("DELETE", "wallets/"), ("PUT", "clock/"), ("GET", "reset/")])
def test_a_wrong_method(api: Api, method: str, path: str) -> None:
    answer = api.raw(method, path, b"")

    assert answer.status == 405
    assert method in answer.body["detail"]


BODIES = [
    (b"{", 400),
    (b"\xff\xfe", 400),
    (b'{"timeout": NaN}', 400),
    (b"[" * 100_000, 400),
    (b"[]", 400),
    (b'"text"', 400),
    (b"null", 400),
    (b"9" * 10_000, 400),
    (b'{"timeout": "soon"}', 400),
    (b'{"timeout": "\\ud800"}', 400),
    (b'{"timeout": 0, "until": 1}', 400),
    (b'{"x": "' + b"x" * 3_000_000 + b'"}', 413),
    (b"", 200),
    (b"{}", 200),
    (b'\xef\xbb\xbf{"timeout": 0}', 200),  # as PowerShell writes files
]


def test_bodies(api: Api) -> None:
    for content, status in BODIES:
        assert api.raw("POST", "wait/", content).status == status, content[:20]


def test_a_nul_character_is_refused_wherever_it_stands(api: Api) -> None:
    assert "Null" in api.get("transactions/", invoice="a\0b").errors["invoice"][0]
    assert "Null" in api.patch("wallets/OK702746927/", {"title": "a\0b"}).errors["title"][0]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_another_content_type_is_told_the_right_one(api: Api, content_type: str) -> None:
    answer = api.raw("POST", "wait/", b"timeout=1", content_type)

    assert answer.status == 415
    assert "application/json" in answer.body["detail"]


@pytest.mark.parametrize("accept", ["application/problem+json", "text/html", "nonsense", ""])
def test_any_accept_header_gets_json(api: Api, accept: str) -> None:
    response = Client().get("/api/v1/clock/", headers={"Authorization": "Bearer sandbox", "Accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_an_unexpected_error_says_nothing_of_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_view: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("wallets.api.AuditView.get_queryset", broken)
    monkeypatch.setattr("wallets.api.AuditView.get", lambda view, request: view.get_queryset())
    response = api.client.get("/api/v1/ledger/audit/", headers={"Authorization": "Bearer sandbox"})

    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert b"secret" not in response.content
    assert "secret" in caplog.text


def test_lists_are_paged_newest_first(api: Api) -> None:
    everything = [row["id"] for row in api.get("transactions/").results]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == Transaction.objects.count() == 26

    pages, url = [], "transactions/?page_size=10"
    while url:
        page = api.get(url)
        pages.append([row["id"] for row in page.results])
        if len(pages) == 2:
            back = api.get(page.body["previous"])
            assert [row["id"] for row in back.results] == pages[0]
            api.post("wallets/OK100000001/deposit/", {"currency": "USD", "amount": "1.00"})
        url = page.body["next"]

    assert [len(page) for page in pages] == [10, 10, 6]
    assert [row for page in pages for row in page] == everything


def test_wallets_created_at_one_moment_are_paged_too(api: Api) -> None:
    url, seen = "wallets/?page_size=2", []
    while url:
        page = api.get(url)
        seen += [row["id"] for row in page.results]
        url = page.body["next"]

    assert sorted(seen) == sorted(Wallet.objects.filter(role="client").values_list("id", flat=True))


@pytest.mark.parametrize("cursor", ["x", "cD14", "", "cD0lMDA=", "ЖЖ", "bz05OTk5OTk5OTk5OTk5"])
def test_an_odd_cursor(api: Api, cursor: str) -> None:
    for path in ("transactions/", "wallets/", "verifications/", "ipn-messages/"):
        answer = api.get(path, cursor=cursor)

        assert answer.status in (200, 400)
        if answer.status == 400:
            assert "cursor" in answer.errors


@pytest.mark.parametrize("page_size", ["0", "-1", "1001", "many"])
def test_an_odd_page_size(api: Api, page_size: str) -> None:
    assert "page_size" in api.get("wallets/", page_size=page_size).errors


def test_the_openapi_document_is_whole(tmp_path: object) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", file=f"{tmp_path}/schema.yml")


@pytest.mark.parametrize(("query", "starts"), [("?format=json", b'{"openapi":"3'), ("", b"openapi:3")])
def test_the_openapi_document_is_served(api: Api, query: str, starts: bytes) -> None:
    response = Client().get(f"/api/schema/{query}")

    assert response.status_code == 200
    assert b"".join(response.content.split()).startswith(starts)


def test_the_document_is_in_english_whoever_asks_first(api: Api) -> None:
    first = Client(headers={"Accept-Language": "de"}).get("/api/schema/?format=json").content

    assert first == Client().get("/api/schema/?format=json").content
    assert "There is no such field." in first.decode()


def test_the_documentation_names_every_call(api: Api) -> None:
    page = Client().get("/api/docs/").content.decode()

    for call in ("POST reset/", "POST clock/", "PATCH wallets/{id}/", "POST transactions/{id}/refund/"):
        assert f"<code>{call}</code>" in page
    assert "<script" not in page
    assert "http://testserver/api/v1/wallets/OK702746927/deposit/" in page
    for words in ("Fifty dollars", "&quot;amount&quot;: &quot;50.00&quot;", "404 Not found", "There is no wallet"):
        assert words in page
    assert "style=" not in page
