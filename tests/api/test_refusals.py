"""Every refusal of the OpenAPI document, call by call: it is provoked, told word by word as documented, and nothing has
changed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from sandbox.access import SCOPES
from tests.api.conftest import Answer, Api
from tests.api.document import Operation, operations
from tests.api.story import Story, issued, state, story

__all__ = ["story"]  # a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BERLIN = {"name": "Paul Poor", "street": "Lindenstraße 7", "city": "Berlin", "country_code": "DE"}

# Prepares all that is needed, and returns what sends the request that is refused.
Send = Callable[[], Answer]
# By name: what no single request can provoke, and where it is.
ELSEWHERE = {
    "Somebody was faster": "two at once: tests/wallets, tests/marketplace/test_simultaneous.py",
    "Reset meanwhile": "two at once: tests/listener_check",
    "As many as may be": "five hundred sandboxes, twenty snapshots: tests/worlds",
}


# What they prepare would be in the way of the others.
ALONE = ("Spent already", "Sold out", "More than there are", "Delivered already")


@pytest.mark.parametrize("operation", list(operations()), ids=str)
def test_each_is_told_and_changes_nothing(story: Story, settings: Settings, operation: Operation) -> None:
    told = {name: problem for name, problem in operation.problems if name not in ELSEWHERE}
    for together in ([name for name in told if name not in ALONE], *([name] for name in told if name in ALONE)):
        prepared = [(name, provoker(operation, name)(Refused(story, operation, told[name]))) for name in together]
        before = state()
        for name, send in prepared:
            settings.SANDBOX = name != "Hosted"

            answer = send()

            assert answer.body == {**story.told_here(told[name]), "instance": answer.body["instance"]}, name
            assert answer.body["instance"].startswith("/api/v1/")
        assert state() == before, together


def provoker(operation: Operation, name: str) -> "Callable[[Refused], Send]":
    return SPECIAL.get((operation.id, name)) or GENERAL[name]


class Refused:
    """A call that is about to be refused; each method says in which way."""

    def __init__(self, story: Story, operation: Operation, problem: dict[str, Any]) -> None:
        self.story, self.operation, self.problem = story, operation, problem
        self.method, self.path = operation.method, story.address(operation)
        self.body = story.told_here(next(iter(operation.bodies.values()), None))
        self.api = Api()

    def caller(self, scopes: list[str], **bounds: str) -> Api:
        return issued(self.api, scopes, **bounds)

    def send(self, *, api: Api | None = None, path: str = "", query: dict[str, str] | None = None, **body: Any) -> Send:
        """With these fields of the body in place of others."""
        content = None if self.body is None else {**self.body, **body}
        caller = api or self.api
        return lambda: caller._send(self.method, path or self.path, content, query_params=query or {})

    def here(self, path: str) -> Send:
        """Of something else than usual."""
        return self.send(path=path)

    def unknown_variable(self) -> Send:
        return self.send(query={"colour": "red"})

    def unknown_field(self) -> Send:
        return self.send(colour="red")

    def wrong_type(self) -> Send:
        [name] = self.problem["errors"]
        if name in self.operation.query and name not in self.operation.body_schema.get("properties", {}):
            return self.send(query={name: "no such value"})
        return self.send(**{name: 7 if '"7"' in self.problem["errors"][name][0] else "no such value"})

    def malformed_key(self) -> Send:
        return lambda: self.api._send(self.method, self.path, self.body, query_params={}, key="two words")

    def another_body(self) -> Send:
        self.api._send(self.method, self.path, {"colour": "red"}, query_params={}, key="once")
        return lambda: self.api._send(self.method, self.path, self.body, query_params={}, key="once")

    def wrong_token(self) -> Send:
        return self.send(api=Api(token="okc_wrong"))

    def missing_scope(self) -> Send:
        """With the scopes that the documented token has."""
        has = re.findall(r"[\w-]+:(?:read|write)", self.problem["detail"].partition("This token has: ")[2])
        return self.send(api=self.caller(has or list(SCOPES)))

    def foreign_sandbox(self) -> Send:
        bound = self.caller(list(SCOPES), sandbox="my-suite")
        if self.path.startswith("sandboxes/"):
            return self.send(api=bound, path=self.path.replace("my-suite", "default", 1))
        return self.send(api=bound, query={"sandbox": "default"})

    def bound_to_a_sandbox(self) -> Send:
        return self.send(api=self.caller(list(SCOPES), sandbox="my-suite"))

    def not_for_an_account(self) -> Send:
        path = self.path.replace("my-suite", "default", 1)
        return self.send(api=self.caller(list(SCOPES), account="666146284"), path=path)

    def no_such_sandbox(self) -> Send:
        return self.send(query={"sandbox": "nowhere"})

    def not_found(self) -> Send:
        return self.here(self.problem["instance"].removeprefix("/api/v1/"))

    def too_large(self) -> Send:
        return lambda: self.api.raw(self.method, self.path, b'{"colour": "' + b"x" * 3_000_000 + b'"}')

    def not_json(self) -> Send:
        return lambda: self.api.raw(self.method, self.path, b"colour=red", "application/x-www-form-urlencoded")

    # What only some calls refuse.

    def hosted(self) -> Send:
        return self.here(self.path.replace("my-suite", "default", 1))

    def spent(self) -> Send:
        assert self.api.patch("wallets/OK702746927/", {"balances": {"USD": "0.00"}}).status == 200
        return self.send()

    def in_stock(self, pieces: int, **body: Any) -> Send:
        assert self.api.post(f"products/{self.story.poster}/stock/", {"set": pieces}).status == 200
        self.body = self.body if self.operation.id == "orders_create" else {}
        return self.send(**body)

    def again(self) -> Send:
        assert self.send()().status == 200
        return self.send()

    def checkout(self, ended: str) -> Send:
        return self.here(self.path.replace(self.story.ids["checkout-sessions/"][0], self.story.checkouts[ended]))

    def id_of(self, path: str) -> Any:
        return self.story.ids[path][0]


GENERAL: dict[str, Callable[[Refused], Send]] = {
    "Unknown variable": Refused.unknown_variable,
    "Unknown field": Refused.unknown_field,
    "Wrong type": Refused.wrong_type,
    "Malformed Idempotency-Key": Refused.malformed_key,
    "Another body under the same key": Refused.another_body,
    "Wrong token": Refused.wrong_token,
    "Missing scope": Refused.missing_scope,
    "Foreign sandbox": Refused.foreign_sandbox,
    "Bound to a sandbox": Refused.bound_to_a_sandbox,
    "Not for an account": Refused.not_for_an_account,
    "No such sandbox": Refused.no_such_sandbox,
    "Not found": Refused.not_found,
    "Too large": Refused.too_large,
    "Not JSON": Refused.not_json,
    "Hosted": Refused.hosted,
    "Spent already": Refused.spent,
}
SPECIAL: dict[tuple[str, str], Callable[[Refused], Send]] = {
    ("transactions_approve_create", "Not pending"): lambda call: call.here(
        f"transactions/{call.id_of('transactions/')}/approve/"
    ),
    ("transactions_decline_create", "Not pending"): lambda call: call.here(
        f"transactions/{call.id_of('transactions/')}/decline/"
    ),
    ("transactions_refund_create", "More than is left"): lambda call: call.send(amount="110.01"),
    ("transactions_refund_create", "Not completed"): lambda call: call.here(
        f"transactions/{call.id_of('transactions/{id}/approve/')}/refund/"
    ),
    ("transactions_chargeback_create", "Not completed"): lambda call: call.here(
        f"transactions/{call.id_of('transactions/{id}/approve/')}/chargeback/"
    ),
    ("wallets_create", "Not a currency"): lambda call: call.send(balances={"XYZ": "1.00"}),
    ("wallets_create", "Not an amount"): lambda call: call.send(balances={"USD": "1.001"}),
    ("wallets_partial_update", "Not a currency"): lambda call: call.send(balances={"XYZ": "1.00"}),
    ("wallets_partial_update", "Not an amount"): lambda call: call.send(balances={"USD": "1.001"}),
    ("wallets_deposit_create", "Not a currency"): lambda call: call.send(currency="XYZ"),
    ("wallets_deposit_create", "Not an amount"): lambda call: call.send(amount="0.00"),
    ("checkout_sessions_pay_create", "Not enough money"): lambda call: call.send(payer="poor@example.com"),
    ("checkout_sessions_pay_create", "Blocked"): lambda call: call.send(payer="blocked@example.com"),
    ("checkout_sessions_pay_create", "Nobody"): lambda call: call.send(payer="nobody@example.com"),
    ("checkout_sessions_pay_create", "Closed"): lambda call: call.checkout("canceled"),
    ("checkout_sessions_pay_create", "Paid otherwise"): lambda call: call.send(
        path=f"checkout-sessions/{call.story.checkouts['paid']}/pay/", payer="OK100000002"
    ),
    ("checkout_sessions_cancel_create", "Closed"): lambda call: call.checkout("paid"),
    ("stores_create", "A second store"): lambda call: call.send(account="666146284"),
    ("stores_partial_update", "Somebody else's wallet"): lambda call: call.send(wallet="OK100000001"),
    ("products_create", "Its Item No. is taken"): lambda call: call.send(article="555"),
    ("products_create", "Not a currency"): lambda call: call.send(currency="XYZ"),
    ("products_partial_update", "Its Item No. is taken"): lambda call: call.send(article="777"),
    ("products_stock_create", "More than there are"): lambda call: call.in_stock(12, add=-13),
    ("products_images_create", "Not a picture"): lambda call: call.send(content="eA=="),
    ("products_images_destroy", "No such picture"): lambda call: call.here(f"products/{call.story.poster}/images/99/"),
    ("orders_create", "Not enough money"): lambda call: call.send(payer="poor@example.com", address=BERLIN),
    ("orders_create", "Nobody"): lambda call: call.send(payer="nobody@example.com"),
    ("orders_create", "Sold out"): lambda call: call.in_stock(
        40, items=[{**call.body["items"][0], "quantity": 41}], total="4313.00"
    ),
    ("orders_create", "Another price"): lambda call: call.send(total="1.00"),
    ("orders_ship_create", "Shipped already"): lambda call: call.here(
        f"orders/{call.id_of('orders/{transaction}/deliver/')}/ship/"
    ),
    ("orders_deliver_create", "Delivered already"): Refused.again,
    ("orders_refund_create", "More than is left"): lambda call: call.send(amount="113.01"),
    ("sandboxes_destroy", "Indispensable"): lambda call: call.here("sandboxes/default/"),
    ("sandboxes_snapshot_create", "Its name is taken"): lambda call: call.send(name="paid"),
    ("sandboxes_snapshots_retrieve", "No such snapshot"): lambda call: call.here(
        "sandboxes/my-suite/snapshots/unknown/"
    ),
    ("sandboxes_snapshots_destroy", "No such snapshot"): lambda call: call.here(
        "sandboxes/my-suite/snapshots/unknown/"
    ),
    ("scenarios_export_retrieve", "Nothing of it"): lambda call: call.send(query={"transaction": "1"}),
    ("journal_retrieve", "No such entry"): lambda call: call.here("journal/999999/"),
}
