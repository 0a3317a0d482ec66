"""What was put aside comes back to the row, whatever has happened since and whatever is going on."""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from checkout.models import CheckoutSession
from ipn import claims, delivery
from ipn.http import Answer as Heard
from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway.worlds import belongings, snapshots
from sandbox import clock, scenarios
from sandbox.models import JournalEntry, RememberedAnswer, Sandbox, Snapshot, SnapshotChunk
from tests.api.conftest import Api
from tests.listener import Answer, Listener
from tests.worlds.conftest import World, everything, fill
from wallets import audit, registration
from wallets.errors import PaymentError
from wallets.models import Account, Entry, Transaction, User, Wallet
from wallets.money import D

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def take(own: World, name: str = "before") -> Snapshot:
    return snapshots.take(own.sandbox, name, now=own.now)


def change_everything(own: World, listener: Listener) -> None:
    """New rows, changed rows and deleted rows."""
    fill_more = own.pay("3.00")
    assert fill_more.id
    registration.register(sandbox=own.sandbox, email="anna@example.com", password="wonderland", now=own.now)
    Wallet.objects.filter(id=own.merchant.id).update(title="Changed", ipn_enabled=False)
    Account.objects.filter(id=own.buyer.account_id).update(city="Hamburg", is_blocked=True)
    User.objects.filter(account=own.buyer.account).update(password="changed")
    DeliveryAttempt.objects.filter(message__sandbox=own.sandbox).delete()
    CheckoutSession.objects.filter(sandbox=own.sandbox, status="open").delete()
    scenarios.clear(own.sandbox.scenarios.all(), own.sandbox)
    clock.advance(own.sandbox, timedelta(days=3))
    clock.freeze(own.sandbox)


def test_everything_comes_back(own: World, listener: Listener, api: Api) -> None:
    fill(own, listener)
    before = everything(own.sandbox)
    snapshot = take(own)
    assert snapshot.rows == sum(map(len, before.values()))
    change_everything(own, listener)
    assert everything(own.sandbox) != before

    snapshots.restore(own.sandbox, snapshot)

    after = everything(own.sandbox)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert audit.audit(own.sandbox.id).ok
    assert IpnMessage.objects.filter(sandbox=own.sandbox).first().host == f"127.0.0.1:{listener.port}"


def test_it_comes_back_as_often_as_one_likes_and_in_any_order(own: World, listener: Listener) -> None:
    states = {}
    for name in ("first", "second", "third"):
        own.pay("1.00")
        take(own, name)
        states[name] = everything(own.sandbox)

    for name in ("first", "third", "second", "second", "first"):
        snapshots.restore(own.sandbox, own.sandbox.snapshots.get(name=name))
        assert everything(own.sandbox) == states[name]
        assert audit.audit(own.sandbox.id).ok


def test_life_goes_on_from_there(own: World, listener: Listener, api: Api) -> None:
    """No number is given twice: neither to a transaction nor to a notification."""
    fill(own, listener)
    assert api.post("wait/", {"timeout": 10}, sandbox=own.sandbox.id).body["idle"]
    snapshot = take(own)
    forgotten = own.pay("1.00")
    lost = IpnMessage.objects.filter(sandbox=own.sandbox).latest("id")

    snapshots.restore(own.sandbox, snapshot)
    sale = own.pay("2.00")

    assert sale.id > forgotten.id
    message = IpnMessage.objects.get(transaction_id=sale.id)
    assert message.id > lost.id
    assert not IpnMessage.objects.filter(id=lost.id).exists()
    assert own.buyer.balance("USD") == D("10000.00") - sum_paid(own)
    listener.requests.clear()
    assert api.post("wait/", {"timeout": 10}, sandbox=own.sandbox.id).body["idle"]
    assert [request.variables["ok_ipn_id"] for request in listener.requests] == [str(message.id)]


def sum_paid(own: World) -> Any:
    entries = Entry.objects.filter(wallet=own.buyer, currency_id="USD").exclude(transaction__kind="deposit")
    return -sum(entry.amount for entry in entries)


def test_only_what_has_changed_is_written(own: World, listener: Listener) -> None:
    """Rows that are as they were keep their place: going back costs what happened since."""
    fill(own, listener)
    snapshot = take(own)
    places = "SELECT array_agg(ctid::text ORDER BY id) FROM wallets_transaction WHERE sandbox_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(places, [own.sandbox.id])
        before = cursor.fetchone()
        own.pay("1.00")
        snapshots.restore(own.sandbox, snapshot)
        cursor.execute(places, [own.sandbox.id])
        assert cursor.fetchone() == before


def test_two_who_have_exchanged_addresses(own: World) -> None:
    before = everything(own.sandbox)
    snapshot = take(own)
    merchant, buyer = (own.told[role].email for role in ("merchant", "buyer"))
    for model in (Account, User):
        model._base_manager.filter(email=merchant).update(email="x@example.com")
        model._base_manager.filter(email=buyer).update(email=merchant)
        model._base_manager.filter(email="x@example.com").update(email=buyer)

    snapshots.restore(own.sandbox, snapshot)

    assert everything(own.sandbox) == before


def test_an_address_that_is_anothers_by_now(own: World, api: Api) -> None:
    api.patch(f"accounts/{own.told['buyer'].account}/", {"email": "anna@example.com"}, sandbox=own.sandbox.id)
    api.post(f"sandboxes/{own.sandbox.id}/snapshot/", {"name": "anna"})
    api.patch(f"accounts/{own.told['buyer'].account}/", {"email": "bob@example.com"}, sandbox=own.sandbox.id)
    assert api.post("accounts/", {"email": "Anna@example.com", "password": "wonderland"}).status == 201
    before = everything(own.sandbox)

    answer = api.post(f"sandboxes/{own.sandbox.id}/restore/", {"name": "anna"})

    assert answer.status == 409
    assert "anna@example.com" in answer.errors["name"][0]
    assert everything(own.sandbox) == before


def test_a_newer_version_reads_an_older_state(own: World) -> None:
    """A column that came since has its default, one that went is passed over; what nobody can know is said."""
    snapshot = take(own)
    for chunk in snapshot.chunks.filter(relation__in=("wallets_wallet", "wallets_account")):
        for row in chunk.rows:
            row.pop("ipn_enabled", None)
            row.pop("reputation", None)
            row["shoe_size"] = 42
        chunk.save()
    snapshot.columns["wallets_wallet"].remove("ipn_enabled")
    snapshot.columns["wallets_account"].remove("reputation")
    snapshot.save()
    Wallet.objects.filter(id=own.merchant.id).update(ipn_enabled=True)

    snapshots.restore(own.sandbox, snapshot)
    assert not own.merchant.ipn_enabled

    for chunk in snapshot.chunks.filter(relation="wallets_transaction"):
        for row in chunk.rows:
            del row["gross"]
        chunk.save()
    snapshot.columns["wallets_transaction"].remove("gross")
    snapshot.save()
    before = everything(own.sandbox)
    with pytest.raises(snapshots.Outdated):
        snapshots.restore(own.sandbox, snapshot)
    assert everything(own.sandbox) == before


def test_clocks(own: World) -> None:
    clock.advance(own.sandbox, timedelta(days=1))
    running = take(own, "running")
    clock.freeze(own.sandbox)
    frozen, moment = take(own, "frozen"), own.sandbox.frozen_at
    clock.run(own.sandbox)
    clock.advance(own.sandbox, timedelta(days=10))

    snapshots.restore(own.sandbox, running)
    assert (own.sandbox.frozen_at, own.sandbox.clock_offset) == (None, timedelta(days=1))
    snapshots.restore(own.sandbox, frozen)
    assert own.sandbox.frozen_at == moment


def test_what_is_no_part_of_a_state_stays(own: World, api: Api) -> None:
    token = Api(
        token=api.post("tokens/", {"name": "CI", "scopes": ["wallets:read"], "sandbox": own.sandbox.id}).body["token"]
    )
    snapshot, other = take(own), take(own, "other")
    api.post("wait/", sandbox=own.sandbox.id)
    asked = JournalEntry.objects.filter(sandbox=own.sandbox).count()
    later = take(own, "later")

    snapshots.restore(own.sandbox, snapshot)

    assert token.get("wallets/").status == 200
    assert JournalEntry.objects.filter(sandbox=own.sandbox).count() >= asked > 0
    assert set(own.sandbox.snapshots.filter(is_origin=False)) == {snapshot, other, later}


def test_a_key_that_came_later_is_new_again(own: World, api: Api) -> None:
    deposit = f"wallets/{own.merchant.id}/deposit/"
    ten = {"currency": "USD", "amount": "10.00"}
    before = api.post(deposit, ten, key="before", sandbox=own.sandbox.id).body
    take(own)
    after = api.post(deposit, ten, key="after", sandbox=own.sandbox.id).body
    assert api.post(f"sandboxes/{own.sandbox.id}/restore/", key="back").status == 200

    assert api.post(deposit, ten, key="before", sandbox=own.sandbox.id).body == before
    assert api.post(deposit, ten, key="after", sandbox=own.sandbox.id).body["id"] > after["id"]
    assert own.merchant.balance("USD") == D("10020.00")
    assert api.post(f"sandboxes/{own.sandbox.id}/restore/", key="back").headers["Idempotent-Replayed"]
    assert own.merchant.balance("USD") == D("10020.00")
    assert RememberedAnswer.objects.filter(sandbox=own.sandbox).count() >= 2


def test_what_was_under_way_is_forgotten(own: World, listener: Listener) -> None:
    """A worker that posts just now knows nothing of the restore; what it brings home is of another world."""
    Wallet.objects.filter(id=own.merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    own.pay("1.00")
    message = IpnMessage.objects.get(sandbox=own.sandbox)
    snapshot = take(own)
    due = claims.Due(real=timezone.now(), sandbox=own.sandbox, now=own.now)
    [claim] = claims.claim(due, limit=10, room={}, slots_of_a_new_host=5)

    snapshots.restore(own.sandbox, snapshot)
    claims.record([(claim, Heard(duration=timedelta(seconds=1), response_code=200))])

    message.refresh_from_db()
    assert (message.status, message.attempts_made, message.claimed_until) == ("queued", 0, None)
    assert not message.deliveries.exists()
    [attempt] = delivery.deliver_due(own.sandbox, now=own.now)
    assert (attempt.number, attempt.error) == (1, "")


def test_staff_keep_their_logins(own: World) -> None:
    snapshot = take(own)
    account = registration.register(sandbox=own.sandbox, email="anna@example.com", password="wonderland", now=own.now)
    User.objects.filter(account=account).update(is_staff=True)

    snapshots.restore(own.sandbox, snapshot)

    assert User.objects.get(email="anna@example.com").account is None


def test_neighbours_are_left_alone(make: Callable[..., World], listener: Listener) -> None:
    own, neighbour = make(), make()
    fill(neighbour, listener)
    snapshot = take(own)
    fill(own, listener)
    theirs = everything(neighbour.sandbox)

    snapshots.restore(own.sandbox, snapshot)

    assert everything(neighbour.sandbox) == theirs


def test_payments_come_before_or_after_and_never_in_between(own: World, listener: Listener) -> None:
    """Four threads pay and two deliver while states come back: the books are right after each, and nobody gets hurt."""
    Wallet.objects.filter(id=own.merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    own.pay("1.00")
    snapshot = take(own)
    stop, troubles = threading.Event(), list[BaseException]()

    def busy(act: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                with contextlib.suppress(PaymentError):
                    act()
                stop.wait(0.005)
        except BaseException as error:
            troubles.append(error)
        finally:
            connection.close()

    acts = [lambda: own.pay("0.10")] * 4 + [lambda: delivery.deliver_due(own.sandbox, now=own.now)] * 2
    threads = [threading.Thread(target=busy, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    paid = 0
    for _time in range(5):
        stop.wait(0.2)
        paid += Transaction.objects.filter(sandbox=own.sandbox).count() - 25
        snapshots.restore(own.sandbox, snapshot)
        result = audit.audit(own.sandbox.id)
        assert result.ok, result
    stop.set()
    for thread in threads:
        thread.join(60)

    assert not troubles
    assert paid > 5
    left = IpnMessage.objects.filter(sandbox=own.sandbox)
    assert {message.transaction_id for message in left} <= set(
        Transaction.objects.filter(sandbox=own.sandbox).values_list("id", flat=True)
    )


def test_two_at_once(own: World) -> None:
    first, state = take(own, "first"), everything(own.sandbox)
    own.pay("1.00")
    second, other = take(own, "second"), everything(own.sandbox)

    def back(snapshot: Snapshot) -> None:
        try:
            snapshots.restore(Sandbox.objects.get(id=own.sandbox.id), snapshot)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(back, [first, second] * 4))

    assert everything(own.sandbox) in (state, other)


def test_a_state_is_whole_although_people_pay(own: World) -> None:
    """Each snapshot by itself has right books: no payment is in it by half."""
    stop = threading.Event()

    def trade() -> None:
        try:
            while not stop.is_set():
                own.pay("0.10")
        finally:
            connection.close()

    threads = [threading.Thread(target=trade) for _thread in range(3)]
    for thread in threads:
        thread.start()
    taken = []
    for number in range(5):
        stop.wait(0.05)
        taken.append(take(own, str(number)))
    stop.set()
    for thread in threads:
        thread.join(30)

    for snapshot in taken:
        snapshots.restore(own.sandbox, snapshot)
        assert audit.audit(own.sandbox.id).ok


def test_names(own: World, api: Api) -> None:
    call = f"sandboxes/{own.sandbox.id}/"
    numbered = [api.post(f"{call}snapshot/").body["name"] for _time in range(2)]
    assert numbered == ["1", "2"]
    named = api.post(f"{call}snapshot/", {"name": "before-the-refund"})
    assert named.status == 201
    assert named.body.keys() == {"sandbox", "name", "taken_at", "created_at", "rows"}
    assert [row["name"] for row in api.get(f"{call}snapshots/").results] == ["before-the-refund", "2", "1"]
    assert api.get(call).body["snapshots"] == ["before-the-refund", "2", "1"]
    assert api.get(f"{call}snapshots/1/").body["rows"] == named.body["rows"]

    again = api.post(f"{call}snapshot/", {"name": "1"})
    assert (again.status, list(again.errors)) == (409, ["name"])
    own.pay("1.00")
    left = own.buyer.balance("USD")
    assert api.post(f"{call}snapshot/", {"name": "1", "replace": True}).body["rows"] > named.body["rows"]

    assert api.delete(f"{call}snapshots/2/").status == 204
    assert api.delete(f"{call}snapshots/2/").status == api.get(f"{call}snapshots/2/").status == 404
    assert api.post(f"{call}restore/").body["snapshot"] == "1"
    assert own.buyer.balance("USD") == left < D("10000.00")
    assert api.post(f"{call}restore/", {"name": "before-the-refund"}).body["snapshot"] == "before-the-refund"
    assert own.buyer.balance("USD") == D("10000.00")


def test_what_cannot_be_is_said(own: World, api: Api) -> None:
    call = f"sandboxes/{own.sandbox.id}/"
    assert "Known: none" in api.post(f"{call}restore/").errors["name"][0]
    for path, body, field in (
        (f"{call}snapshot/", {"name": "two words"}, "name"),
        (f"{call}snapshot/", {"name": "x" * 61}, "name"),
        (f"{call}snapshot/", {"title": "x"}, "title"),
        (f"{call}snapshot/", {"replace": 1}, "replace"),
        (f"{call}restore/", {"name": "nothing"}, "name"),
        (f"{call}restore/", {"snapshot": "x"}, "snapshot"),
        (f"{call}reset/", {"name": "x"}, "name"),
    ):
        assert api.post(path, body).errors.keys() == {field}, body
    for path in ("sandboxes/nowhere/snapshot/", "sandboxes/nowhere/restore/", "sandboxes/nowhere/reset/"):
        assert api.post(path).status == 404
    assert not own.sandbox.snapshots.filter(is_origin=False).exists()


def test_there_is_a_bound(own: World, api: Api) -> None:
    Snapshot.objects.bulk_create(
        Snapshot(sandbox=own.sandbox, name=f"n{number}", taken_at=own.now, columns={}) for number in range(20)
    )

    assert api.post(f"sandboxes/{own.sandbox.id}/snapshot/").status == 409
    assert api.post(f"sandboxes/{own.sandbox.id}/snapshot/", {"name": "n3", "replace": True}).status == 201


def test_reset_returns_to_the_origin(own: World, api: Api, listener: Listener) -> None:
    before = everything(own.sandbox)
    fill(own, listener)
    api.get("wallets/", sandbox=own.sandbox.id)
    clock.advance(own.sandbox, timedelta(days=3))

    for call, query in ((f"sandboxes/{own.sandbox.id}/reset/", {}), ("reset/", {"sandbox": own.sandbox.id})):
        own.pay("1.00")
        answer = api.post(call, **query)
        assert answer.body["sandbox"] == own.sandbox.id
        assert everything(own.sandbox) == before
        assert [entry.url for entry in JournalEntry.objects.filter(sandbox=own.sandbox)] == [
            f"http://testserver/api/v1/{call}" + (f"?sandbox={own.sandbox.id}" if query else "")
        ]
    assert User.objects.get(email=own.told["buyer"].email).check_password(own.told["buyer"].password)


def test_the_default_sandbox_has_snapshots_too(api: Api, buyer: Wallet, world: Sandbox) -> None:
    assert api.post("sandboxes/default/snapshot/", {"name": "cast"}).status == 201
    before = everything(world)
    api.post("wallets/OK100000001/deposit/", {"currency": "USD", "amount": "5.00"})
    api.post("clock/", {"advance": "P1D"})

    assert api.post("sandboxes/default/restore/", {"name": "cast"}).status == 200
    assert everything(world) == before
    assert api.post("sandboxes/default/reset/").status == 200
    assert api.get("sandboxes/default/snapshots/").results
    assert api.post("sandboxes/default/restore/", {"name": "cast"}).status == 200
    assert everything(world) == before


def test_a_token_of_a_sandbox(make: Callable[..., World], api: Api) -> None:
    own, neighbour = make(), make()
    made = api.post("tokens/", {"name": "CI", "scopes": ["sandboxes:write"], "sandbox": own.sandbox.id}).body
    bound = Api(token=made["token"])

    for call in ("snapshot/", "restore/", "reset/"):
        assert bound.post(f"sandboxes/{own.sandbox.id}/{call}").status in (200, 201)
        for foreign in (neighbour.sandbox.id, "default", "nowhere"):
            refused = bound.post(f"sandboxes/{foreign}/{call}")
            assert (refused.status, list(refused.errors)) == (403, ["sandbox"])
    assert bound.get(f"sandboxes/{neighbour.sandbox.id}/").status == 403
    assert bound.delete(f"sandboxes/{neighbour.sandbox.id}/").status == 403
    assert bound.post("sandboxes/").status == bound.post(f"sandboxes/{own.sandbox.id}/fork/").status == 403
    assert bound.post("reset/").body["sandbox"] == own.sandbox.id
    reader = Api(token=api.post("tokens/", {"name": "R", "scopes": ["sandboxes:read"]}).body["token"])
    assert list(reader.post(f"sandboxes/{own.sandbox.id}/reset/").errors) == ["scope"]


@pytest.mark.slow
def test_it_is_quick(own: World, listener: Listener) -> None:
    """Much has happened before, something since. `make bench` measures it more exactly."""
    for _number in range(300):
        own.pay("0.10")
    snapshot = take(own)
    times = []
    for _time in range(5):
        for _number in range(10):
            own.pay("0.10")
        started = time.perf_counter()
        snapshots.restore(own.sandbox, snapshot)
        times.append(time.perf_counter() - started)

    assert min(times) < 0.3
    assert SnapshotChunk.objects.filter(snapshot=snapshot, relation="wallets_entry").count() == 1
    assert belongings.state()
    assert listener.url
    assert Answer(200)
