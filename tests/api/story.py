"""One story in which everything that the control API can name is there: told by the demo cast, once for a module.

Each test acts within a savepoint of it (`@pytest.mark.django_db`) and leaves it as it was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from ipn.models import DeliveryAttempt, IpnMessage
from marketplace import seed as marketplace
from sandbox import clock
from sandbox.models import ControlToken
from tests.api.conftest import Answer, Api
from tests.api.document import Operation
from tests.conftest import QUICK_HASHERS
from wallets import seed

# What is written down of every call, also of those that change nothing: who called, and what was said.
NOTES = ("sandbox_journalentry", "sandbox_journalgap", "sandbox_rememberedanswer")
FORM = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "OKPAY Poster",
    "ok_item_1_price": "110.00",
    "ok_item_1_type": "digital",
    "ok_currency": "USD",
    "ok_invoice": "99999",
}


@dataclass
class Story:
    """IDs of what there is, by the first words of the path that names it."""

    ids: dict[str, list[Any]]
    poster: int
    # The first of a new installation: a thing without a question.
    simple: int
    # Checkouts by how they ended.
    checkouts: dict[str, str]

    def address(self, operation: Operation) -> str:
        """Below /api/v1/, with the ID of something for which the operation makes sense."""
        path = operation.path.removeprefix("/api/v1/")
        subject = next((name for name in (path, path.partition("{")[0]) if name in self.ids), "")
        for id in self.ids[subject] if subject else ():
            before, brace, after = path.partition("{")
            path = before + str(id) + after.partition("}")[2] if brace else path
        assert "{" not in path, f"the story has nothing for {operation}"
        return path

    def told_here(self, body: Any) -> Any:
        """A documented value; numbers that the database gave are others here than in a new installation."""
        [paid] = self.ids["transactions/"]
        text = json.dumps(body).replace('"product": 7', f'"product": {self.poster}')
        return json.loads(text.replace("transaction 1000027", f"transaction {paid}"))


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: Any) -> Iterator[Story]:
    with django_db_blocker.unblock(), transaction.atomic():
        # The cast's hashes are kept for the whole process, and other tests log in by them.
        with override_settings(PASSWORD_HASHERS=QUICK_HASHERS):
            told = _tell()
        yield told
        transaction.set_rollback(True)


def state() -> dict[str, tuple[int, int]]:
    """Of every table how many rows it has, and a checksum of them."""
    tables = [name for name in connection.introspection.table_names() if name not in NOTES]
    sums = " UNION ALL ".join(
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM \"{table}\" t"
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(sums)
        return {table: (rows, checksum) for table, rows, checksum in cursor.fetchall()}


def issued(api: Api, scopes: list[str], **bounds: str) -> Api:
    """A caller with a token of his own that was used before: its use is written down once in a minute."""
    answer = api.post("tokens/", {"name": "CI", "scopes": scopes, **bounds})
    assert answer.status == 201, answer.body
    ControlToken.objects.filter(id=answer.body["id"]).update(last_used_at=timezone.now())
    return Api(token=answer.body["token"])


def _tell() -> Story:
    seed.currencies(restore_rates=True)
    marketplace.categories()
    sandbox = clock.default_sandbox()
    seed.demo_cast(sandbox, now=clock.now(sandbox))
    marketplace.demo_store(sandbox, now=clock.now(sandbox))
    api = Api()
    _done(api.patch("wallets/OK702746927/", {"ipn_enabled": True, "ipn_url": "http://127.0.0.1:9/ipn"}))
    _done(api.post("scenarios/", {"operation": "ipn", "effect": "double"}))
    paid, pending, canceled, opened = (_checkout() for _form in range(4))
    paid = _done(api.post(f"checkout-sessions/{paid}/pay/", {"payer": "buyer@example.com"}))
    pending = _done(api.post(f"checkout-sessions/{pending}/pay/", {"paysystem": "VMF", "outcome": "pending"}))
    _done(api.post(f"checkout-sessions/{canceled}/cancel/"))
    [poster] = [row for row in api.get("products/").results if row["title"] == "OKPAY Poster"]
    order = {
        "payer": "buyer@example.com",
        "items": [{"product": poster["id"], "custom_1_value": "A2"}],
    }
    bought, shipped = (_done(api.post("orders/", order))["id"] for _time in range(2))
    _done(api.post(f"orders/{shipped}/ship/", {"tracking": "Parcel 4711"}))
    message = IpnMessage.objects.filter(transaction_id=paid["transaction"]).order_by("id")[0]
    _delivered(message)
    # Nothing is due: a wait has nothing to wait for.
    IpnMessage.objects.update(status=IpnMessage.Status.SENT, next_attempt_at=None, response_code=200)
    asked = message.body(resend=False).replace("110.00", "1.00")
    Client().post("/ipn-verify.html", f"ok_verify=true&{asked}", content_type="application/x-www-form-urlencoded")
    link = _done(api.post("payment-links/", {"wallet": "OK702746927", "variables": {"ok_item_1_name": "Robot"}}))
    key = _done(api.post("payment-links/keys/", {"wallet": "OK702746927"}))
    token = _done(api.post("tokens/", {"name": "CI", "scopes": ["ipn:read"]}))
    _done(api.post("sandboxes/", {"id": "my-suite"}))
    _done(api.post("sandboxes/my-suite/snapshot/", {"name": "paid"}))
    [scenario] = api.get("scenarios/").results
    return Story(
        {
            "accounts/": ["100000001"],
            "wallets/": ["OK702746927"],
            "wallets/{id}/deposit/": ["OK100000001"],
            "transactions/": [paid["transaction"]],
            "transactions/{id}/approve/": [pending["transaction"]],
            "transactions/{id}/decline/": [pending["transaction"]],
            "checkout-sessions/": [opened],
            "ipn-messages/": [message.id],
            "verifications/": [api.get("verifications/").results[0]["id"]],
            "journal/": [api.get("journal/").results[0]["id"]],
            "payment-links/": [link["id"]],
            "payment-links/keys/": [key["id"]],
            "stores/": [poster["store"]],
            "products/": [poster["id"], poster["images"][0]["id"]],
            "orders/": [bought],
            "orders/{transaction}/deliver/": [shipped],
            "scenarios/": [scenario["id"]],
            "tokens/": [token["id"]],
            "sandboxes/": ["my-suite", "paid"],
        },
        poster["id"],
        min(row["id"] for row in api.get("products/").results),
        {"paid": paid["token"], "canceled": canceled},
    )


def _checkout() -> str:
    answer = Client().post("/process.html", FORM)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"]).rstrip("/").rpartition("/")[2]


def _delivered(message: IpnMessage) -> None:
    DeliveryAttempt.objects.create(
        message=message,
        number=1,
        sent_at=message.created_at,
        duration=timedelta(milliseconds=32),
        request_body=message.body(resend=False),
        response_code=200,
        response_head="HTTP/1.0 200 OK",
    )


def _done(answer: Answer) -> Any:
    assert answer.status in (200, 201), answer.body
    return answer.body
