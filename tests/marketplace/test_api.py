"""Merchants who automate: stores, products and orders by the control API."""

import base64
import io

import pytest
from PIL import Image

from marketplace import seed
from marketplace.models import Order, Product, Store
from sandbox.models import Sandbox
from tests.api.conftest import Answer, Api
from tests.marketplace.conftest import MakeProduct
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def pot(api: Api, store: Store) -> dict[str, object]:
    made = api.post("products/", TEA_POT)
    assert made.status == 201, made.body
    body: dict[str, object] = made.body
    return body


TEA_POT = {
    "account": "666146284",
    "title": "Tea pot",
    "description": "Holds a litre.",
    "price": "24.00",
    "currency": "usd",
    "type": "shipment",
    "article": "POT-1",
    "stock": 12,
    "is_published": True,
}


def with_token(api: Api, account: str, *scopes: str) -> Api:
    made = api.post("tokens/", {"name": "stock", "account": account, "scopes": list(scopes)})
    assert made.status == 201, made.body
    return Api(token=made.body["token"])


def picture() -> str:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


# Stores


def test_a_store_is_registered_and_approved(api: Api, stranger: Wallet) -> None:
    made = api.post("stores/", {"account": "100000004", "name": "Second Shop"})
    assert (made.status, made.body["status"], made.body["wallet"]) == (201, "pending", "OK100000004")

    changed = api.patch(f"stores/{made.body['id']}/", {"status": "approved", "description": "Tea"})
    assert (changed.body["status"], changed.body["description"]) == ("approved", "Tea")
    closed = api.patch(f"stores/{made.body['id']}/", {"status": "suspended", "reason": "Complaints"})
    assert (closed.body["status"], closed.body["reason"]) == ("suspended", "Complaints")
    assert api.get("stores/", status="suspended").results == [closed.body]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X"}, "account"),
        ({"account": "999999999", "name": "X"}, "account"),
        ({"account": "100000004"}, "name"),
        ({"account": "100000004", "name": "X", "wallet": "OK702746927"}, "wallet"),
        ({"account": "666146284", "name": "A second one"}, "account"),
        ({"account": "100000004", "name": "X", "status": "great"}, "status"),
        ({"account": "100000004", "name": "X", "url": "javascript:alert(1)"}, "url"),
        ({"account": "100000004", "name": "X", "colour": "red"}, "colour"),
        ({"account": "100000004", "name": "Tea \u202eeht ni"}, "name"),
    ],
)
def test_a_wrong_store_names_the_field(api: Api, store: Store, body: dict[str, str], field: str) -> None:
    refused = api.post("stores/", body)

    assert refused.status in (400, 422)
    assert list(refused.errors) == [field]
    assert Store.objects.count() == 1


# Products


def test_a_product_comes_back_as_it_was_sent(api: Api, pot: dict[str, object]) -> None:
    sent = {**TEA_POT, "currency": "USD"}
    assert {name: pot[name] for name in sent} == sent
    assert (pot["low_stock"], pot["shipping"], pot["images"], pot["digital_file"]) == (None, "0.00", [], "")
    assert api.get(f"products/{pot['id']}/").body == pot
    assert api.get("products/", article="POT-1").results == [pot]
    assert api.get("products/", is_published="false").results == []


def test_title_description_and_price_are_enough(api: Api, store: Store) -> None:
    made = api.post("products/", {"account": "666146284", "title": "Tip", "description": "Thanks", "price": "1.00"})

    assert (made.status, made.body["currency"], made.body["type"], made.body["stock"]) == (201, "EUR", "digital", None)
    assert made.body["is_published"] is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": "0.00"}, "price"),
        ({"price": "1.005"}, "price"),
        ({"price": 24}, "price"),
        ({"price": "-1.00"}, "price"),
        ({"shipping": "-1.00"}, "shipping"),
        ({"currency": "XXX"}, "currency"),
        ({"type": "gold"}, "type"),
        ({"category": "nowhere"}, "category"),
        ({"stock": -1}, "stock"),
        ({"stock": 2**31}, "stock"),
        ({"title": ""}, "title"),
        ({"title": "x" * 128}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "Two\nlines"}, "title"),
        ({"custom_1_title": "Size\u2066"}, "custom_1_title"),
        ({"custom_1_value": "red"}, "custom_1_title"),
        ({"is_published": "yes"}, "is_published"),
        ({"article": "POT-1"}, "article"),
    ],
)
def test_a_wrong_product_names_the_field(
    api: Api, pot: dict[str, object], change: dict[str, object], field: str
) -> None:
    seed.categories()
    refused = api.post("products/", {**TEA_POT, "article": "POT-2"} | change)

    assert refused.status in (400, 422), refused.body
    assert list(refused.errors) == [field]
    assert Product.objects.count() == 1


def test_a_change_leaves_the_rest(api: Api, pot: dict[str, object]) -> None:
    seed.categories()
    changed = api.patch(f"products/{pot['id']}/", {"price": "22.00", "category": "home", "digital_text": "Steep it."})

    assert (changed.status, changed.body["price"], changed.body["category"]) == (200, "22.00", "home")
    assert (changed.body["digital_text"], changed.body["stock"], changed.body["title"]) == ("Steep it.", 12, "Tea pot")


def test_stock_is_added_taken_and_written(api: Api, pot: dict[str, object]) -> None:
    address = f"products/{pot['id']}/stock/"
    assert api.post(address, {"add": 5}).body["stock"] == 17
    assert api.post(address, {"add": -17}).body["stock"] == 0
    assert api.post(address, {"add": -1}).errors.keys() == {"add"}
    assert api.post(address, {"set": None}).body["stock"] is None
    assert api.post(address, {"add": 1}).errors.keys() == {"add"}
    assert api.post(address, {"set": 3}).body["stock"] == 3
    for wrong in ({}, {"add": 1, "set": 1}, {"add": "1.5"}):
        assert api.post(address, wrong).status == 400


def test_a_picture_comes_and_goes(api: Api, pot: dict[str, object]) -> None:
    address = f"products/{pot['id']}/images/"
    added = api.post(address, {"content": picture(), "alt": "Green"})
    assert added.status == 201
    image = added.body["images"][0]
    assert image["alt"] == "Green"
    assert api.client.get(image["url"]).headers["Content-Type"] == "image/webp"

    assert api.post(address, {"content": "no base64!"}).errors.keys() == {"content"}
    assert api.post(address, {"content": base64.b64encode(b"<svg/>").decode()}).errors.keys() == {"content"}
    assert (
        api.client.delete(f"/api/v1/{address}{image['id']}/", headers={"Authorization": "Bearer sandbox"}).status_code
        == 204
    )
    assert api.get(f"products/{pot['id']}/").body["images"] == []


def test_a_file_for_buyers(api: Api, pot: dict[str, object]) -> None:
    content = base64.b64encode(b"Steep it for three minutes.").decode()
    added = api.post(f"products/{pot['id']}/file/", {"name": "../../how to.txt", "content": content})

    assert (added.status, added.body["digital_file"]) == (201, "how to.txt")


def test_what_is_removed_is_gone(api: Api, pot: dict[str, object]) -> None:
    deleted = api.client.delete(f"/api/v1/products/{pot['id']}/", headers={"Authorization": "Bearer sandbox"})

    assert deleted.status_code == 204
    assert api.get(f"products/{pot['id']}/").status == 404


# Orders


def buy(api: Api, pot: dict[str, object], **more: object) -> Answer:
    return api.post("orders/", {"payer": "buyer@example.com", "items": [{"product": pot["id"], "quantity": 2}], **more})


def test_a_purchase_is_an_order(api: Api, pot: dict[str, object], buyer: Wallet) -> None:
    bought = buy(api, pot, comment="Soon, please")
    assert bought.status == 201, bought.body
    assert bought.body["total"] == "48.00"
    assert bought.body["delivery_address"]["street"] == "Lindenstraße 5"
    assert (bought.body["seller"], bought.body["buyer"]) == ("666146284", "100000001")
    assert api.get(f"products/{pot['id']}/").body["stock"] == 10
    assert api.get("orders/", product=pot["id"], status="paid").results == [bought.body]
    assert api.get("orders/", buyer="100000002").results == []
    transaction = api.get(f"transactions/{bought.body['id']}/").body
    assert (transaction["kind"], transaction["items"][0]["product_id"]) == ("marketplace", pot["id"])


def test_a_repeated_key_buys_once(api: Api, pot: dict[str, object]) -> None:
    body = {"payer": "100000001", "items": [{"product": pot["id"]}]}
    assert api.post("orders/", body, key="once").body == api.post("orders/", body, key="once").body
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [{"product": 999_999_999}]}, "items"),
        ({"payer": "nobody@example.com"}, "payer"),
        ({"payer": "merchant@example.com"}, "receiver"),
        ({"total": "1.00"}, "total"),
        ({"currency": "XXX"}, "currency"),
        ({"address": {"street": ""}}, "address.street"),
    ],
)
def test_a_wrong_purchase_names_the_field(
    api: Api, pot: dict[str, object], change: dict[str, object], field: str
) -> None:
    refused = buy(api, pot, **change)

    assert refused.status in (400, 422), refused.body
    assert list(refused.errors) == [field]
    assert not Order.objects.exists()


def test_more_than_there_is(api: Api, pot: dict[str, object]) -> None:
    refused = buy(api, pot, items=[{"product": pot["id"], "quantity": 13}])

    assert (refused.status, refused.body["error"]["name"]) == (422, "Out_Of_Stock")
    assert refused.errors == {"quantity": ["Of “Tea pot” only 12 pieces are left."]}


def test_ship_deliver_refund(api: Api, pot: dict[str, object]) -> None:
    number = buy(api, pot).body["id"]
    shipped = api.post(f"orders/{number}/ship/", {"tracking": "Parcel 4711"})
    assert (shipped.body["status"], shipped.body["tracking"]) == ("shipped", "Parcel 4711")
    assert api.post(f"orders/{number}/ship/", {}).errors.keys() == {"status"}
    assert api.post(f"orders/{number}/refund/", {"amount": "8.00"}).body["status"] == "shipped"
    assert api.post(f"orders/{number}/deliver/").body["status"] == "delivered"
    refunded = api.post(f"orders/{number}/refund/", {})

    assert refunded.body["status"] == "refunded"
    kinds = [(event["kind"], event["amount"]) for event in refunded.body["events"]]
    assert kinds == [
        ("paid", None),
        ("shipped", None),
        ("refunded", "8.00"),
        ("delivered", None),
        ("refunded", "40.00"),
    ]
    assert api.get(f"products/{pot['id']}/").body["stock"] == 10, "it was sent already"
    assert api.post(f"orders/{number}/refund/", {}).status == 422


# Tokens


def test_a_merchants_token_sees_only_his_own(
    api: Api, pot: dict[str, object], stranger: Wallet, make_product: MakeProduct
) -> None:
    number = buy(api, pot).body["id"]
    merchants = with_token(api, "666146284", "products:write", "orders:write")
    others = with_token(api, "100000004", "products:write", "orders:write")

    assert merchants.get(f"products/{pot['id']}/").status == 200
    assert merchants.post("products/", {**TEA_POT, "account": "666146284", "article": "POT-3"}).status == 201
    assert merchants.post("products/", {"title": "A", "description": "B", "price": "1.00"}).status == 201
    assert merchants.post(f"orders/{number}/ship/", {}).status == 200
    for address in (f"products/{pot['id']}/", f"orders/{number}/", f"stores/{pot['store']}/"):
        assert others.get(address).status == 404
    assert others.post("products/", TEA_POT).status == 403
    assert others.post(f"products/{pot['id']}/stock/", {"add": 1}).status == 404
    assert others.get("products/").results == []


def test_a_merchants_token_neither_spends_nor_approves(api: Api, pot: dict[str, object], buyer: Wallet) -> None:
    buyers = with_token(api, "100000001", "products:write", "orders:write")
    number = buy(api, pot).body["id"]

    assert buy(buyers, pot).status == 403
    assert buyers.get(f"orders/{number}/").status == 200, "he has bought it"
    assert buyers.post(f"orders/{number}/refund/", {}).status == 403
    assert buyers.post("stores/", {"name": "Bob's", "status": "approved"}).status == 403
    assert not Store.objects.filter(name="Bob's").exists()
    made = buyers.post("stores/", {"name": "Bob's"})
    assert (made.status, made.body["status"]) == (201, "pending")


def test_reading_does_not_write(api: Api, pot: dict[str, object]) -> None:
    reader = with_token(api, "666146284", "products:read")

    assert reader.get("products/").status == 200
    assert reader.post(f"products/{pot['id']}/stock/", {"add": 1}).status == 403
    assert reader.get("orders/").status == 403


def test_products_of_another_sandbox_are_not_there(api: Api, pot: dict[str, object]) -> None:
    Sandbox.objects.create(id="elsewhere")
    assert api.get(f"products/{pot['id']}/", sandbox="elsewhere").status == 404
    assert api.get("orders/", sandbox="elsewhere").results == []
