"""The seals upon the ledger's past: whatever somebody does to it by SQL is found, and the transaction named."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F

from sandbox import clock
from sandbox.models import DEFAULT
from tests.api.conftest import Api, api  # noqa: F401
from wallets import chain, payments, tasks
from wallets.models import Entry, LedgerCheckpoint, Transaction, Wallet
from wallets.money import D


def pay(payer: Wallet, receiver: Wallet, amount: str = "1.00") -> Transaction:
    return payments.send_money(
        payer=payer, receiver=receiver.id, currency="USD", amount=D(amount), now=clock.now(payer.account.sandbox)
    )


@pytest.fixture
def sales(buyer: Wallet, merchant: Wallet) -> list[Transaction]:
    """Six payments under three seals, after that of the opening balances."""
    chain.seal(DEFAULT)
    sales = []
    for _stretch in range(3):
        sales += [pay(buyer, merchant, f"{len(sales) + number}.00") for number in (1, 2)]
        chain.seal(DEFAULT)
    return sales


@contextmanager
def behind_our_back() -> Iterator[None]:
    """What is done in it is undone afterwards: the books of a test are right."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def sql(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_the_past_as_it_was_sealed(sales: list[Transaction], buyer: Wallet, merchant: Wallet) -> None:
    found = chain.verify(DEFAULT)

    assert found.ok
    assert (found.checkpoints, found.sealed, found.unsealed) == (4, Entry.objects.count(), 0)
    assert chain.seal(DEFAULT) == 0
    pay(buyer, merchant)
    assert chain.verify(DEFAULT).unsealed == 3
    assert chain.verify(DEFAULT).head == found.head
    assert chain.seal(DEFAULT) == 3
    later = chain.verify(DEFAULT, head=found.head)
    assert (later.ok, later.knows_head, later.unsealed) == (True, True, 0)
    assert later.head != found.head


@pytest.mark.usefixtures("sales")
def test_anybody_can_compute_the_hashes() -> None:
    previous, after = "", 0
    for checkpoint in LedgerCheckpoint.objects.order_by("number"):
        entries = Entry.objects.filter(id__gt=after, id__lte=checkpoint.last_entry).order_by("id")
        lines = "".join(
            f"{entry.id} {entry.transaction_id} {entry.wallet_id} {entry.currency_id} {entry.amount}"
            f" {round(entry.created_at.timestamp() * 1_000_000)}\n"
            for entry in entries
        )
        assert checkpoint.entries_hash == hashlib.sha256(lines.encode()).hexdigest()
        parts = (
            *(previous, DEFAULT, checkpoint.number, checkpoint.first_entry, checkpoint.last_entry, checkpoint.count),
            *(checkpoint.entries_hash, hashlib.sha256(checkpoint.transactions).hexdigest()),
        )
        assert checkpoint.hash == hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()
        previous, after = checkpoint.hash, checkpoint.last_entry


def changed_amounts(sales: list[Transaction]) -> dict[str, list[int]]:
    Entry.objects.filter(transaction=sales[2]).update(amount=F("amount") * 2)
    return {"changed": [sales[2].id]}


def changed_wallet(sales: list[Transaction]) -> dict[str, list[int]]:
    Entry.objects.filter(transaction=sales[2], wallet="OK702746927").update(wallet="OK100000004")
    return {"changed": [sales[2].id]}


def changed_date(sales: list[Transaction]) -> dict[str, list[int]]:
    Entry.objects.filter(transaction=sales[3]).update(created_at=F("created_at") - timedelta(microseconds=1))
    return {"changed": [sales[3].id]}


def removed_payment(sales: list[Transaction]) -> dict[str, list[int]]:
    sql("DELETE FROM wallets_entry WHERE transaction_id = %s", sales[2].id)
    sql("DELETE FROM wallets_transaction WHERE id = %s", sales[2].id)
    return {"missing": [sales[2].id]}


def removed_pair(sales: list[Transaction]) -> dict[str, list[int]]:
    sql(
        "DELETE FROM wallets_entry WHERE transaction_id = %s AND wallet_id IN ('OK702746927', 'OK100000001')",
        sales[2].id,
    )
    return {"changed": [sales[2].id]}


def inserted_pair(sales: list[Transaction]) -> dict[str, list[int]]:
    """With numbers that a payment had which did not come about: of a payment of another stretch."""
    last = Entry.objects.filter(transaction=sales[3]).latest("id").id
    sql("UPDATE wallets_entry SET id = id + 1000 WHERE transaction_id = %s", sales[3].id)
    sql(
        "INSERT INTO wallets_entry (id, transaction_id, wallet_id, currency_id, amount, created_at)"
        " SELECT %s - row_number() OVER (), %s, wallet_id, currency_id, amount, created_at FROM wallets_entry"
        " WHERE transaction_id = %s",
        *(last + 1, sales[5].id, sales[3].id),
    )
    return {"missing": [sales[3].id], "added": [sales[5].id]}


def swapped(sales: list[Transaction]) -> dict[str, list[int]]:
    sql(
        "UPDATE wallets_entry SET transaction_id = CASE transaction_id WHEN %s THEN %s::bigint ELSE %s END"
        " WHERE transaction_id IN (%s, %s)",
        *(sales[2].id, sales[3].id, sales[2].id, sales[2].id, sales[3].id),
    )
    return {"changed": [sales[2].id, sales[3].id]}


@pytest.mark.parametrize(
    "tamper",
    [changed_amounts, changed_wallet, changed_date, removed_payment, removed_pair, inserted_pair, swapped],
)
def test_entries_that_somebody_tampered_with(
    sales: list[Transaction], tamper: Callable[[list[Transaction]], dict[str, list[int]]]
) -> None:
    with behind_our_back():
        expected = tamper(sales)
        found = chain.verify(DEFAULT)

    assert not found.ok
    broken = next(each for each in found.broken if each.checkpoint == 3)
    assert broken.faults == ["entries"]
    nothing: dict[str, list[int]] = {"changed": [], "missing": [], "added": []}
    assert {name: getattr(broken, name) for name in nothing} == nothing | expected
    assert [each.checkpoint for each in found.broken if each.checkpoint < 3] == []


def test_an_entry_before_the_first_one(sales: list[Transaction]) -> None:
    with behind_our_back():
        sql("UPDATE wallets_entry SET id = 1 - id WHERE transaction_id = %s", sales[0].id)
        found = chain.verify(DEFAULT)

    assert [(each.checkpoint, each.added, each.missing) for each in found.broken] == [
        (1, [sales[0].id], []),
        (2, [], [sales[0].id]),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("SET count = count + 1 WHERE number = 2", [(2, ["entries", "checkpoint"])]),
        ("SET transactions = substring(transactions FROM 2) WHERE number = 2", [(2, ["checkpoint"])]),
        ("SET hash = repeat('0', 64) WHERE number = 2", [(2, ["checkpoint"]), (3, ["link"])]),
        ("SET previous_hash = repeat('0', 64) WHERE number = 3", [(3, ["checkpoint", "link"])]),
        ("SET number = 9 WHERE number = 4", [(4, ["checkpoint", "link"])]),
    ],
)
@pytest.mark.usefixtures("sales")
def test_a_checkpoint_that_somebody_changed(change: str, expected: list[tuple[int, list[str]]]) -> None:
    with behind_our_back():
        sql(f"UPDATE wallets_ledgercheckpoint {change}")
        found = chain.verify(DEFAULT)

    assert [(each.checkpoint % 5, each.faults) for each in found.broken] == expected


def test_a_checkpoint_that_somebody_took_out(sales: list[Transaction]) -> None:
    with behind_our_back():
        sql("DELETE FROM wallets_ledgercheckpoint WHERE number = 2")
        [broken] = chain.verify(DEFAULT).broken

    assert (broken.checkpoint, broken.faults) == (3, ["entries", "link"])
    assert broken.added == [sales[0].id, sales[1].id]


def test_a_chain_that_was_written_anew_is_known_by_its_head(sales: list[Transaction]) -> None:
    head = chain.verify(DEFAULT).head
    with behind_our_back():
        Entry.objects.filter(transaction=sales[0]).update(amount=F("amount") * 2)
        sql("DELETE FROM wallets_ledgercheckpoint")
        chain.seal(DEFAULT)

        assert chain.verify(DEFAULT).ok
        found = chain.verify(DEFAULT, head=head)
    assert (found.ok, found.knows_head) == (False, False)


def test_stretches_have_an_end(buyer: Wallet, merchant: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.seal(DEFAULT)
    monkeypatch.setattr(chain, "_STRETCHES", chain._STRETCHES.replace("/ 5000", "/ 4"))
    sales = [pay(buyer, merchant) for _sale in range(4)]

    assert chain.seal(DEFAULT) == 12
    # A payment may lie across two of them.
    assert list(LedgerCheckpoint.objects.values_list("count", flat=True))[1:] == [4, 4, 4]
    assert chain.verify(DEFAULT).ok
    with behind_our_back():
        sql("DELETE FROM wallets_entry WHERE transaction_id = %s", sales[1].id)
        found = chain.verify(DEFAULT)
    assert [(each.checkpoint, each.changed or each.missing) for each in found.broken] == [
        (2, [sales[1].id]),
        (3, [sales[1].id]),
    ]


def test_a_payment_itself_seals_nothing(buyer: Wallet, merchant: Wallet) -> None:
    pay(buyer, merchant)

    assert not LedgerCheckpoint.objects.exists()


def test_the_api_and_the_command(
    api: Api,  # noqa: F811
    sales: list[Transaction],
) -> None:
    head = api.get("ledger/audit/").body["chain"]["head"]
    assert api.get("ledger/audit/", head=head).body["chain"]["knows_head"] is True
    assert api.get("ledger/audit/").body["chain"]["knows_head"] is None
    assert api.get("ledger/audit/", head="0" * 64).body["ok"] is False
    assert api.get("ledger/audit/", head="that").errors.keys() == {"head"}
    out, errors = StringIO(), StringIO()
    call_command("check_ledger", sandbox=DEFAULT, head=head, stdout=out)
    assert head in out.getvalue()

    with behind_our_back():
        Entry.objects.filter(transaction=sales[2]).update(created_at=F("created_at") + timedelta(days=1))
        answer = api.get("ledger/audit/").body
        with pytest.raises(CommandError, match="wrong"):
            call_command("check_ledger", stdout=out, stderr=errors)

    assert (answer["ok"], answer["orphans"], answer["chain"]["ok"]) == (False, [], False)
    [broken] = answer["chain"]["broken"]
    assert (broken["checkpoint"], broken["faults"], broken["changed"]) == (3, ["entries"], [sales[2].id])
    assert f"checkpoint 3 (entries {broken['first_entry']} to {broken['last_entry']})" in errors.getvalue()
    assert f"changed: {sales[2].id}" in errors.getvalue()
    for wrong in ({"head": head}, {"sandbox": "nowhere"}):
        with pytest.raises(CommandError, match="sandbox"):
            call_command("check_ledger", stdout=out, stderr=errors, **wrong)


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_is_being_booked_is_not_overtaken(buyer: Wallet, merchant: Wallet) -> None:
    chain.seal(DEFAULT)
    has_booked, may_commit = threading.Event(), threading.Event()

    def pay_slowly() -> None:
        try:
            with transaction.atomic():
                pay(merchant, buyer, "2.00")
                has_booked.set()
                may_commit.wait(20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(pay_slowly)
        has_booked.wait(20)
        assert chain.horizon(timedelta(seconds=0.05)) is None
        assert chain.seal(DEFAULT, patience=timedelta(seconds=0.05)) == 0
        may_commit.set()
        slow.result(timeout=20)

    assert chain.seal(DEFAULT) == 3
    assert chain.verify(DEFAULT).ok


@pytest.mark.django_db(transaction=True)
def test_sealed_while_many_pay(buyer: Wallet, merchant: Wallet, stranger: Wallet) -> None:
    pairs = [(buyer, merchant), (merchant, buyer), (buyer, stranger), (merchant, stranger)]
    stop = threading.Event()

    def trade(pair: tuple[Wallet, Wallet]) -> int:
        try:
            for _payment in range(15):
                pay(*pair, "0.05")
        finally:
            connection.close()
        return 15

    def go_on_sealing(_number: int) -> int:
        until = 0
        try:
            while not stop.is_set():
                until = chain.seal_all(after=until)
        finally:
            connection.close()
        return until

    with ThreadPoolExecutor(6) as threads:
        sealers = [threads.submit(go_on_sealing, number) for number in range(2)]
        assert sum(threads.map(trade, pairs)) == 60
        stop.set()
        for sealer in sealers:
            sealer.result(timeout=20)
    chain.seal(DEFAULT)

    found = chain.verify(DEFAULT)
    assert found.ok, found
    assert (found.sealed, found.unsealed) == (Entry.objects.count(), 0)
    assert found.checkpoints > 1


def test_the_worker_seals_what_was_booked(buyer: Wallet, merchant: Wallet) -> None:
    pay(buyer, merchant)
    tasks.seal_ledger()
    tasks.seal_ledger()

    assert chain.verify(DEFAULT).unsealed == 0
    assert LedgerCheckpoint.objects.count() == 1
