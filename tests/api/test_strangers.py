"""The control API by a token of another sandbox or account: it finds nothing, changes nothing, hints at nothing.

Every address of it that names something is tried by every method, beside the same address of what does not exist.
"""

import json
import re
from typing import Any

import pytest

from okpay_gateway.worlds import births
from sandbox import access, clock
from sandbox.models import Sandbox
from tests import addresses, everything
from tests.addresses import Address
from tests.api.conftest import Api
from tests.worlds.conftest import everything as rows_of
from wallets.models import Wallet

METHODS = ("GET", "POST", "PATCH", "DELETE")
# It never ends by itself.
STREAM = "/api/v1/journal/stream/"
EVERY_SCOPE = [scope for scope in access.SCOPES if scope.endswith(access.WRITE)]


@pytest.fixture
def known(merchant: Wallet, buyer: Wallet, world: Sandbox) -> dict[str, Any]:
    """One of everything, by the names that the API's addresses have for it."""
    known = everything.of(merchant, buyer, now=clock.now(world))
    pk = {
        "sandboxes": world.id,
        "tokens": known["token"],
        "accounts": merchant.account_id,
        "wallets": merchant.id,
        "transactions": known["transaction_id"],
        "ipn-messages": known["message_id"],
        "verifications": known["verification_id"],
        "payment-links/keys": known["key_id"],
        "payment-links": known["link_id"],
        "stores": known["store_id"],
        "products": known["product_id"],
        "orders": known["order_number"],
        "scenarios": known["scenario_id"],
    }
    named = {f"/api/v1/{resource}/ pk": value for resource, value in pk.items()}
    return named | {
        "/api/v1/journal/ id": known["entry_id"],
        "/api/v1/checkout-sessions/ token": known["/checkout/ token"],
        "image": known["picture_id"],
        "name": "any",
    }


@pytest.fixture(params=["sandbox", "account"])
def strangers(request: pytest.FixtureRequest, world: Sandbox, stranger: Wallet) -> Api:
    """Who may everything, but in another sandbox, or for another account."""
    if request.param == "sandbox":
        _token, text = access.issue(name="CI", scopes=EVERY_SCOPE, sandbox=births.create().sandbox)
    else:
        _token, text = access.issue(name="Shop", scopes=EVERY_SCOPE, sandbox=world, account_id=stranger.account_id)
    return Api(token=text)


def in_the_api() -> list[Address]:
    return [each for each in addresses.below("/api/v1/") if each.route != STREAM]


def ask(api: Api, method: str, address: Address, known: dict[str, Any]) -> tuple[int, str]:
    """The answer without what it repeats of the address."""
    path = address.filled(known)
    answer = api.raw(method, path.removeprefix("/api/v1/"), b"{}" if method in ("POST", "PATCH") else b"")
    body = {name: value for name, value in (answer.body or {}).items() if name != "instance"}
    places = zip(address.route.split("/"), path.split("/"), strict=True)
    repeated = "|".join(re.escape(part) for place, part in places if place.startswith("<"))
    text = json.dumps(body)
    return answer.status, re.sub(addresses.alone(repeated), "", text) if repeated else text


def test_it_finds_nothing_of_another(strangers: Api, api: Api, known: dict[str, Any], world: Sandbox) -> None:
    nowhere = {name: re.sub(r"[b-z]", "a", re.sub(r"[1-9]", "9", str(value))) for name, value in known.items()}
    before = rows_of(world)
    tried = [each for each in in_the_api() if each.names]
    for address in tried:
        assert not address.unknown(known), f"{address.route}: this test must learn {address.unknown(known)}"
        for method in METHODS:
            status, body = ask(strangers, method, address, known)
            assert status in (403, 404, 405), (method, address.route, body)
            assert (status, body) == ask(strangers, method, address, nowhere), (method, address.route)
    assert len(tried) > 30
    assert rows_of(world) == before
    seen = {ask(api, "GET", address, known)[0] for address in tried}
    assert seen <= {200, 404, 405}, "the owner finds it"
    assert 200 in seen


def test_its_lists_do_not_tell_of_another(strangers: Api, known: dict[str, Any]) -> None:
    others = {str(value) for value in known.values() if len(str(value)) >= 7 and value != "default"}
    assert len(others) > 8
    lists = [each for each in in_the_api() if not each.names]
    for address in lists:
        _status, text = ask(strangers, "GET", address, {})
        assert not [each for each in others if re.search(addresses.alone(re.escape(each)), text)], address.route
    assert len(lists) > 20
