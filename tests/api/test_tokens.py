"""Tokens that may less than CONTROL_TOKEN: what they open, and how each refusal names what is wrong."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from sandbox import access, clock
from sandbox.api import ControlView
from sandbox.models import ControlToken, RememberedAnswer, Sandbox
from tests.api.conftest import Answer, Api
from wallets import payments
from wallets.models import Account, Transaction, Wallet
from wallets.money import D


def issue(api: Api, *scopes: str, **more: Any) -> Api:
    """A caller with a new token."""
    answer = api.post("tokens/", {"name": "CI", "scopes": list(scopes), **more})
    assert answer.status == 201, answer.body
    return Api(token=answer.body["token"])


@pytest.fixture
def other(world: Sandbox) -> Sandbox:
    return Sandbox.objects.create(id="other")


@pytest.fixture
def sale(buyer: Wallet, merchant: Wallet) -> Transaction:
    return payments.send_money(
        payer=buyer, receiver=merchant.id, currency="USD", amount=D("5.00"), now=clock.now(merchant.account.sandbox)
    )


def refused(answer: Answer, field: str) -> str:
    """A 403 that names the field; the words."""
    assert answer.status == 403, answer.body
    assert answer.errors.keys() == {field}
    return " ".join(answer.errors[field])


def test_a_token_is_told_once(api: Api) -> None:
    made = api.post("tokens/", {"name": "CI of the shop", "scopes": ["payments:read", "ipn:write"]})

    assert made.status == 201
    text = made.body.pop("token")
    assert text.startswith("okc_")
    assert made.body["hint"] == text[:8]
    assert made.body == api.get(f"tokens/{made.body['id']}/").body == api.get("tokens/").results[0]
    assert (made.body["sandbox"], made.body["account"], made.body["expires_at"]) == (None, None, None)
    assert text not in json.dumps(list(ControlToken.objects.values()), default=str)


def test_it_opens_what_its_scopes_say(api: Api, sale: Transaction) -> None:
    reader, writer = issue(api, "payments:read"), issue(api, "payments:write")

    assert reader.get("transactions/").status == 200
    assert writer.get(f"transactions/{sale.id}/").status == 200
    words = refused(reader.post(f"transactions/{sale.id}/refund/", {"amount": "1.00"}), "scope")
    assert "payments:write" in words
    assert "payments:read" in words
    assert not sale.reversals.exists()
    assert writer.post(f"transactions/{sale.id}/refund/", {"amount": "1.00"}).status == 201
    for address in ("wallets/", "accounts/", "ipn-messages/", "checkout-sessions/", "clock/", "ledger/audit/"):
        refused(writer.get(address), "scope")


def test_the_refusal_says_it_to_http_clients_too(api: Api) -> None:
    answer = issue(api, "ipn:read").get("clock/")

    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="clock:read"'


def test_only_the_owner_gives_tokens(api: Api) -> None:
    ordinary = issue(api, *access.SCOPES)

    refused(ordinary.get("tokens/"), "scope")
    refused(ordinary.post("tokens/", {"name": "more", "scopes": ["ipn:read"]}), "scope")
    refused(ordinary.delete(f"tokens/{ControlToken.objects.get().id}/"), "scope")
    assert ControlToken.objects.count() == 1


def test_a_token_of_a_sandbox_stays_in_it(api: Api, other: Sandbox) -> None:
    bound = issue(api, "accounts:write", "clock:read", sandbox="other")

    made = bound.post("accounts/", {"email": "anna@example.com", "password": "wonderland"})
    assert made.status == 201
    assert Account.objects.get(id=made.body["id"]).sandbox == other
    assert [account["id"] for account in bound.get("accounts/").results] == [made.body["id"]]
    assert bound.get("accounts/", sandbox="other").results
    assert bound.get("accounts/666146284/").status == 404
    for foreign in ("default", "nowhere"):
        assert "other" in refused(bound.get("accounts/", sandbox=foreign), "sandbox")
        refused(
            bound.post("accounts/", {"email": "b@example.com", "password": "wonderland"}, sandbox=foreign), "sandbox"
        )
    assert not Account.objects.filter(email="b@example.com").exists()


def test_a_token_of_an_account_sees_its_own(api: Api, sale: Transaction, stranger: Wallet, poor_buyer: Wallet) -> None:
    scopes = ("accounts:write", "wallets:write", "payments:write", "ipn:write", "checkout:write", "clock:write")
    bound = issue(api, *scopes, account=stranger.account_id)
    theirs = issue(api, *scopes, account=poor_buyer.account_id)

    assert [account["id"] for account in bound.get("accounts/").results] == [stranger.account_id]
    assert [wallet["id"] for wallet in bound.get("wallets/").results] == [stranger.id]
    assert bound.get("wallets/OK702746927/").status == 404
    assert bound.get("transactions/").results == []
    assert len(theirs.get("transactions/").results) == 1  # the opening balance
    assert bound.get(f"transactions/{sale.id}/").status == 404
    assert bound.get("ipn-messages/").results == bound.get("verifications/").results == []
    assert bound.get("checkout-sessions/").results == []
    for answer in (
        bound.post(f"wallets/{stranger.id}/deposit/", {"currency": "USD", "amount": "1000000.00"}),
        bound.patch(f"accounts/{stranger.account_id}/", {"verification": "Verified"}),
        bound.post(f"transactions/{sale.id}/refund/"),
        bound.post("clock/", {"advance": "P1D"}),
        bound.get("clock/"),
    ):
        assert stranger.account_id in refused(answer, "account")
    assert not sale.reversals.exists()


def test_messages_of_an_account(api: Api, merchant: Wallet, buyer: Wallet) -> None:
    url = "http://127.0.0.1:9/"
    message = api.post("ipn-messages/simulate/", {"wallet": merchant.id, "url": url}).body

    assert [row["id"] for row in issue(api, "ipn:read", account=merchant.account_id).get("ipn-messages/").results] == [
        message["id"]
    ]
    assert issue(api, "ipn:read", account=buyer.account_id).get(f"ipn-messages/{message['id']}/").status == 404


def test_revoked_expired_and_orphaned_tokens_are_nobodys(api: Api, other: Sandbox) -> None:
    revoked, expiring = issue(api, "ipn:read"), issue(api, "ipn:read")
    account = api.post("accounts/", {"email": "anna@example.com", "password": "wonderland"}, sandbox="other").body
    orphan = issue(api, "ipn:read", account=account["id"])
    for caller in (revoked, expiring, orphan):
        assert caller.get("ipn-messages/").status == 200

    newest = api.get("tokens/").results
    assert api.delete(f"tokens/{newest[2]['id']}/").status == 204
    ControlToken.objects.filter(id=newest[1]["id"]).update(expires_at=timezone.now())
    Account.objects.filter(id=account["id"]).delete()

    for caller in (revoked, expiring, orphan):
        answer = caller.get("ipn-messages/")
        assert answer.status == 401
        assert answer.errors.keys() == {"Authorization"}


def test_what_a_token_may_be_is_checked(api: Api, other: Sandbox) -> None:
    good = {"name": "CI", "scopes": ["ipn:read"]}
    past = (timezone.now() - timedelta(seconds=1)).isoformat()
    for change, field in (
        ({"scopes": []}, "scopes"),
        ({"scopes": ["ipn"]}, "scopes.0"),
        ({"scopes": ["ipn:read", "money:print"]}, "scopes.1"),
        ({"scopes": "ipn:read"}, "scopes"),
        ({"name": ""}, "name"),
        ({"sandbox": "nowhere"}, "sandbox"),
        ({"account": "999999999"}, "account"),
        ({"account": "666146284", "sandbox": "other"}, "account"),
        ({"expires_at": past}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"scope": ["ipn:read"]}, "scope"),
        ({"digest": "0" * 64}, "digest"),
    ):
        assert api.post("tokens/", {**good, **change}).errors.keys() == {field}, change
    assert api.post("tokens/").errors.keys() == {"name", "scopes"}
    assert "Known here: accounts:read" in api.post("tokens/", {**good, "scopes": ["ipn"]}).errors["scopes.0"][0]
    assert not ControlToken.objects.exists()


def test_the_house_has_no_token(api: Api, sale: Transaction) -> None:
    house = Account.objects.get(kind="house")

    assert api.post("tokens/", {"name": "x", "scopes": ["ipn:read"], "account": house.id}).errors.keys() == {"account"}


def test_lists_by_sandbox_and_account(api: Api, other: Sandbox) -> None:
    issue(api, "ipn:read")
    issue(api, "ipn:read", sandbox="other")
    issue(api, "ipn:read", account="666146284")

    assert [token["sandbox"] for token in api.get("tokens/").results] == ["default", "other", None]
    assert [token["sandbox"] for token in api.get("tokens/", sandbox="other").results] == ["other"]
    assert [token["account"] for token in api.get("tokens/", account="666146284").results] == ["666146284"]
    assert len(api.get("tokens/", page_size=2).results) == 2


def test_use_is_written_down(api: Api) -> None:
    caller = issue(api, "ipn:read")
    assert api.get("tokens/").results[0]["last_used_at"] is None

    caller.get("ipn-messages/")

    assert api.get("tokens/").results[0]["last_used_at"]


def test_a_repeated_request_tells_the_same_token_and_stores_it_sealed(api: Api) -> None:
    wanted = {"name": "CI", "scopes": ["ipn:read"]}
    first, again = (api.post("tokens/", wanted, key="once") for _time in range(2))

    assert first.body == again.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ControlToken.objects.count() == 1
    assert first.body["token"] not in str(list(RememberedAnswer.objects.values()))


def test_a_broken_token_is_401_not_500(api: Api) -> None:
    for text in ("okc_", "okc_" + "x" * 5000, "okc_\xff", "okc_ nul"):
        answer = Client().get("/api/v1/clock/", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 401
        assert "Authorization" in json.loads(answer.content)["errors"]


def views() -> Iterator[type[ControlView]]:
    """Every view of the control API that an address leads to."""

    def within(patterns: Any) -> Iterator[type[ControlView]]:
        for each in patterns:
            if hasattr(each, "url_patterns"):
                yield from within(each.url_patterns)
                continue
            view = getattr(each.callback, "cls", None) or getattr(each.callback, "view_class", None)
            if isinstance(view, type) and issubclass(view, ControlView):
                yield view

    yield from dict.fromkeys(within(get_resolver().url_patterns))


def test_every_view_says_who_may_come_in() -> None:
    found = list(views())
    assert len(found) > 8
    for view in found:
        assert view.scope in access.RESOURCES or view.__name__ == "TokensView", view
        # The journal composes its rows from many tables, and asks the token itself: tests/journal.
        if view.for_accounts and view.scope != "journal":
            assert view.account_paths or view.of_account is not ControlView.of_account, view
