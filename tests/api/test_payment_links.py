"""Payment links by the control API: a CI job makes the button that its shop's page shows."""

import base64
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from checkout.models import ButtonKey, CheckoutSession, PaymentLink
from sandbox.models import JournalEntry
from tests.api.conftest import Api
from wallets.models import Currency, Wallet

ROBOT = {"ok_item_1_name": "Robot", "ok_item_1_price": "50.00", "ok_currency": "USD"}


def create(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post("payment-links/", {"wallet": "OK702746927", "variables": ROBOT, **changes})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.body
    return made


def test_a_link_with_its_code(api: Api, merchant: Wallet) -> None:
    link = create(api)

    assert link["variables"] == {"ok_receiver": "OK702746927", **ROBOT}
    assert (link["name"], link["graphic"], link["enabled"], link["encrypted"]) == ("Robot", "x02", True, False)
    assert (link["clicks"], link["payments"], link["received"]) == (0, 0, {})
    assert (link["hints"], link["problems"]) == ([], [])
    assert link["short_url"] == f"http://testserver/process.html?ok_link={link['id']}"
    assert link["url"].startswith("http://testserver/process.html?ok_receiver=OK702746927&ok_item_1_name=Robot&")
    assert '<input type="hidden" name="ok_item_1_price" value="50.00"/>' in link["html"]
    assert 'src="http://testserver/static/buttons/x02-en.svg"/>' in link["html"]
    assert link["qr"]["svg"].startswith("<svg ")
    assert Image.open(BytesIO(base64.b64decode(link["qr"]["png"]))).size > (200, 200)
    assert api.get(f"payment-links/{link['id']}/").body == link
    (listed,) = api.get("payment-links/").results
    assert listed == {name: link[name] for name in listed}


def test_a_link_from_its_creation_to_the_money(api: Api, merchant: Wallet, buyer: Wallet) -> None:
    link = create(api, encrypted=True)
    for _click in range(3):
        assert Client().get(link["url"]).status_code == 302
    token = CheckoutSession.objects.filter(link=link["id"]).first().token  # type: ignore[union-attr]
    paid = api.post(f"checkout-sessions/{token}/pay/", {"payer": "buyer@example.com"})
    assert (paid.status, paid.body["payment_link"]) == (200, link["id"])

    used = api.get(f"payment-links/{link['id']}/").body
    assert (used["clicks"], used["payments"], used["received"]) == (3, 1, {"USD": "50.00"})
    # A payment that went back is none that is completed.
    api.post(f"transactions/{paid.body['transaction']}/refund/", {})
    refunded = api.get(f"payment-links/{link['id']}/").body
    assert (refunded["clicks"], refunded["payments"], refunded["received"]) == (3, 0, {})


def test_a_change_of_one_variable_leaves_the_others(api: Api, merchant: Wallet) -> None:
    link = create(api, variables={**ROBOT, "ok_invoice": "7"}, caption="Pay the robot", graphic="")
    assert link["html"].endswith(">Pay the robot</a>")

    changes = {"ok_item_1_price": "60.00", "ok_invoice": None, "ok_item_1_article": "777"}
    changed = api.patch(f"payment-links/{link['id']}/", {"variables": changes, "enabled": False})

    assert changed.status == 200
    expected = {"ok_receiver": "OK702746927", **ROBOT, "ok_item_1_price": "60.00", "ok_item_1_article": "777"}
    assert changed.body["variables"] == expected
    assert (changed.body["enabled"], changed.body["caption"], changed.body["revision"]) == (False, "Pay the robot", 2)
    assert Client().get(link["short_url"]).status_code == 400


def test_older_encrypted_buttons_may_be_refused_with_a_change(api: Api, merchant: Wallet) -> None:
    link = create(api, encrypted=True)
    address = f"payment-links/{link['id']}/"
    api.patch(address, {"variables": {"ok_item_1_price": "60.00"}})
    assert Client().get(link["url"]).status_code == 302

    changed = api.patch(address, {"refuse_older": True})

    assert Client().get(link["url"]).status_code == 400
    assert Client().get(changed.body["url"]).status_code == 302


def test_a_link_is_moved_to_another_wallet(api: Api, merchant: Wallet) -> None:
    other = api.post("wallets/", {"account": merchant.account_id}).body["id"]
    link = create(api, encrypted=True)
    moved = api.patch(f"payment-links/{link['id']}/", {"wallet": other}).body

    assert (moved["wallet"], moved["variables"]["ok_receiver"]) == (other, other)
    assert Client().get(moved["url"]).status_code == 302
    assert CheckoutSession.objects.get().receiver_id == other
    assert Client().get(link["url"]).status_code == 400


def test_deleted(api: Api, merchant: Wallet) -> None:
    link = create(api)
    assert api.raw("DELETE", f"payment-links/{link['id']}/", b"").status == 204
    assert api.get(f"payment-links/{link['id']}/").status == 404
    assert not PaymentLink.objects.exists()


def test_filters(api: Api, merchant: Wallet, stranger: Wallet) -> None:
    first, second = create(api), create(api, wallet=stranger.id, enabled=False)

    def found(**query: str) -> list[str]:
        return [link["id"] for link in api.get("payment-links/", **query).results]

    assert found() == [second["id"], first["id"]]
    assert found(wallet=stranger.id) == [second["id"]]
    assert found(enabled="true") == [first["id"]]
    assert found(enabled="false") == [second["id"]]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"variables": {**ROBOT, "ok_item_1_price": "five"}}, "variables.ok_item_1_price", "a positive number"),
        ({"variables": {}}, "variables.ok_item_1_name", "this variable is required"),
        ({"variables": {**ROBOT, "ok_receiver": "OK100000001"}}, "variables.ok_receiver", "one of your own wallets"),
        ({"variables": {**ROBOT, "ok_ipn": "http://169.254.169.254/"}}, "variables.ok_ipn", "link-local"),
        ({"variables": {**ROBOT, "ok_item_1_price": "1,50"}}, "variables.ok_item_1_price", "a point before the cents"),
        ({"variables": {**ROBOT, "ok_link": "abc"}}, "variables.ok_link", "added by the site"),
        ({"variables": {**ROBOT, "a\0b": "c"}}, "variables.a\\x00b", "NUL"),
        ({"variables": {**ROBOT, "ok_invoice": "\ud800"}}, "variables.ok_invoice", "surrogate"),
        ({"variables": {**ROBOT, "other": "\ud800"}}, "variables.other", "surrogate"),
        ({"variables": {**ROBOT, "ok_invoice": 7}}, "variables.ok_invoice", "string"),
        ({"variables": {f"x{number}": "1" for number in range(201)}}, "variables.the whole form", "at most 200"),
        ({"wallet": "OK999999999"}, "wallet", "There is no wallet OK999999999"),
        ({"wallet": "merchant@example.com"}, "wallet", "Write a wallet ID"),
        ({"graphic": "x99"}, "graphic", "not a valid choice"),
        ({"encrypted": "yes"}, "encrypted", "boolean"),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)
def test_what_cannot_be_kept(api: Api, merchant: Wallet, body: dict[str, Any], field: str, words: str) -> None:
    answer = api.post("payment-links/", {"wallet": "OK702746927", "variables": ROBOT, **body})

    assert answer.status == 400, answer.body
    assert words.lower() in " ".join(answer.errors[field]).lower()
    assert not PaymentLink.objects.exists()


def test_two_receivers_are_one_too_many(api: Api, merchant: Wallet) -> None:
    other = api.post("wallets/", {"account": merchant.account_id}).body["id"]
    body = {"wallet": merchant.id, "variables": {**ROBOT, "ok_receiver": other}}
    answer = api.post("payment-links/", body)
    assert "another wallet" in answer.errors["variables.ok_receiver"][0]
    assert not PaymentLink.objects.exists()


def test_a_token_of_an_account_sees_its_own_links_only(api: Api, merchant: Wallet, stranger: Wallet) -> None:
    mine = create(api)
    theirs = create(api, wallet=stranger.id)
    body = {"name": "shop", "scopes": ["payment-links:write"], "account": merchant.account_id}
    shop = Api(token=api.post("tokens/", body).body["token"])

    assert [link["id"] for link in shop.get("payment-links/").results] == [mine["id"]]
    assert shop.get(f"payment-links/{theirs['id']}/").status == 404
    assert shop.patch(f"payment-links/{theirs['id']}/", {"enabled": False}).status == 404
    assert shop.raw("DELETE", f"payment-links/{theirs['id']}/", b"").status == 404
    assert shop.post("payment-links/", {"wallet": stranger.id, "variables": ROBOT}).status == 400
    assert shop.post("payment-links/keys/", {"wallet": stranger.id}).status == 403
    assert shop.post("payment-links/", {"variables": ROBOT}).body["wallet"] == merchant.id


def test_a_key_is_told_once_and_nowhere_written_down(api: Api, merchant: Wallet) -> None:
    made = api.post("payment-links/keys/", {"wallet": merchant.id, "title": "Shop"}).body
    key = ButtonKey.objects.get()
    assert bytes.fromhex(made["secret"]) == key.secret

    (listed,) = api.get("payment-links/keys/").results
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    entries = JournalEntry.objects.all()
    assert entries.exists()
    assert not any(made["secret"] in f"{entry.request_body}{entry.response_body}" for entry in entries)
    assert api.raw("DELETE", f"payment-links/keys/{made['id']}/", b"").status == 204
    assert api.get("payment-links/keys/").results[0]["revoked_at"]


def test_a_repeated_key_makes_one_link(api: Api, merchant: Wallet) -> None:
    body = {"wallet": "OK702746927", "variables": ROBOT}
    first, again = (api.post("payment-links/", body, key="once") for _try in range(2))
    assert first.body == again.body
    assert PaymentLink.objects.count() == 1


def test_a_link_whose_currency_is_disabled_meanwhile_says_so(api: Api, merchant: Wallet) -> None:
    link = create(api)
    Currency.objects.filter(code="USD").update(enabled=False)

    (problem,) = api.get(f"payment-links/{link['id']}/").body["problems"]
    assert problem["variable"] == "ok_currency"
