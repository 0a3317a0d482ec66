"""A POST that is sent twice happens once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from sandbox.models import RememberedAnswer
from tests.api.conftest import Answer, Api
from wallets.models import Transaction, Wallet
from wallets.money import D

DEPOSIT = "wallets/OK100000002/deposit/"
TEN = {"currency": "USD", "amount": "10.00"}


def test_a_repeated_key_gets_the_first_answer(api: Api, poor_buyer: Wallet) -> None:
    first = api.post(DEPOSIT, TEN, key="order-1")
    again = api.post(DEPOSIT, TEN, key="order-1")

    assert first.status == again.status == 201
    assert first.body == again.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert poor_buyer.balance("USD") == D("10.01")


def test_another_key_is_another_deposit(api: Api, poor_buyer: Wallet) -> None:
    for key in ("order-1", "order-2", None, None):
        assert api.post(DEPOSIT, TEN, key=key).status == 201

    assert poor_buyer.balance("USD") == D("40.01")


def test_the_same_key_elsewhere_is_another_call(api: Api, poor_buyer: Wallet) -> None:
    assert api.post(DEPOSIT, TEN, key="k").status == 201
    assert api.post("wallets/OK100000004/deposit/", TEN, key="k").status == 201
    assert api.post(DEPOSIT, TEN, key="k", sandbox="default").status == 201

    assert poor_buyer.balance("USD") == D("20.01")


def test_the_same_key_with_another_body_is_refused(api: Api, poor_buyer: Wallet) -> None:
    api.post(DEPOSIT, TEN, key="order-1")
    answer = api.post(DEPOSIT, {"currency": "USD", "amount": "11.00"}, key="order-1")

    assert answer.status == 422
    assert answer.body["type"] == "/api/docs/#problem-idempotency-key"
    assert poor_buyer.balance("USD") == D("10.01")


def test_a_refusal_is_an_answer_too(api: Api) -> None:
    first = api.post(DEPOSIT, {"currency": "XXX", "amount": "10.00"}, key="order-1")
    again = api.post(DEPOSIT, {"currency": "XXX", "amount": "10.00"}, key="order-1")

    assert first.status == again.status == 422
    assert first.body == again.body
    assert again.headers["Content-Type"] == "application/problem+json"


def test_who_has_no_token_learns_no_answer(api: Api) -> None:
    api.post(DEPOSIT, TEN, key="order-1")

    assert Api(token="guess").post(DEPOSIT, TEN, key="order-1").status == 401
    assert Api(token="guess").post(DEPOSIT, TEN, key="order-2").status == 401
    assert RememberedAnswer.objects.count() == 1


def test_an_error_of_ours_is_not_remembered(api: Api, monkeypatch: pytest.MonkeyPatch, poor_buyer: Wallet) -> None:
    def broken(*_args: object, **_more: object) -> None:
        Transaction.objects.create()

    with monkeypatch.context() as patched:
        patched.setattr("wallets.deposits.deposit", broken)
        response = api.client.post(
            f"/api/v1/{DEPOSIT}",
            TEN,
            "application/json",
            headers={"Authorization": "Bearer sandbox", "Idempotency-Key": "order-1"},
        )
        assert response.status_code >= 409

    RememberedAnswer.objects.all().delete()
    assert api.post(DEPOSIT, TEN, key="order-1").status == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "Schlüssel".encode().decode("latin-1")])
def test_an_odd_key(api: Api, poor_buyer: Wallet, key: str) -> None:
    answer = api.post(DEPOSIT, TEN, key=key)

    assert answer.status == 400
    assert "Idempotency-Key" in answer.body["detail"]
    assert poor_buyer.balance("USD") == D("0.01")


def test_after_a_day_a_key_is_free_again(api: Api, poor_buyer: Wallet) -> None:
    api.post(DEPOSIT, TEN, key="order-1")
    RememberedAnswer.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))

    assert api.post(DEPOSIT, {"currency": "USD", "amount": "11.00"}, key="order-1").status == 201
    assert poor_buyer.balance("USD") == D("21.01")


def test_a_reset_forgets(api: Api) -> None:
    api.post(DEPOSIT, TEN, key="order-1")
    assert api.post("reset/", key="reset-1").status == 200
    assert api.post("reset/", key="reset-1").headers["Idempotent-Replayed"] == "true"

    assert "Idempotent-Replayed" not in api.post(DEPOSIT, TEN, key="order-1").headers


def test_two_at_once_happen_once(transactional_db: None, api: Api, poor_buyer: Wallet) -> None:
    together = Barrier(6)

    def send(_number: int) -> Answer:
        together.wait()
        try:
            return Api().post(DEPOSIT, TEN, key="order-1")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(send, range(6)))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 5
    assert poor_buyer.balance("USD") == D("10.01")
