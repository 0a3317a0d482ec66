"""The seals upon the ledger's past go along with sandboxes as wholes, whatever becomes of these."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from okpay_gateway.reset import reset
from okpay_gateway.worlds import forks, removal, snapshots
from sandbox.models import DEFAULT, Sandbox
from tests.worlds.conftest import World
from wallets import chain
from wallets.models import Entry, LedgerCheckpoint

pytestmark = pytest.mark.django_db(transaction=True)


def is_sealed(sandbox_id: str) -> chain.Chain:
    """Sealed to the end, and all of it holds."""
    chain.seal(sandbox_id)
    found = chain.verify(sandbox_id)
    assert found.ok, found
    assert found.unsealed == 0
    assert found.sealed == Entry.objects.filter(wallet__account__sandbox=sandbox_id).count()
    return found


def test_a_restore_brings_back_the_seals_too(own: World) -> None:
    own.pay()
    before = is_sealed(own.sandbox.id)
    own.pay()
    state = snapshots.take(own.sandbox, "before", now=own.now)
    own.pay()
    later = is_sealed(own.sandbox.id)

    snapshots.restore(own.sandbox, state)

    assert chain.verify(own.sandbox.id).head == before.head
    assert chain.verify(own.sandbox.id).unsealed == 3
    own.pay()
    is_sealed(own.sandbox.id)
    assert chain.verify(own.sandbox.id, head=before.head).knows_head
    assert chain.verify(own.sandbox.id, head=later.head).knows_head is False


def test_a_restore_finds_what_was_changed_in_the_past(own: World) -> None:
    payment = own.pay()
    is_sealed(own.sandbox.id)
    state = snapshots.take(own.sandbox, "before", now=own.now)
    entries = Entry.objects.filter(transaction=payment)
    for entry in entries:
        entries.filter(id=entry.id).update(amount=entry.amount * 2)
    assert [broken.changed for broken in chain.verify(own.sandbox.id).broken] == [[payment.id]]

    snapshots.restore(own.sandbox, state)

    is_sealed(own.sandbox.id)


def test_a_reset_begins_a_chain_anew(own: World) -> None:
    own.pay()
    is_sealed(own.sandbox.id)
    is_sealed(DEFAULT)

    reset(own.sandbox)
    assert not LedgerCheckpoint.objects.filter(sandbox=own.sandbox).exists()
    is_sealed(own.sandbox.id)
    is_sealed(DEFAULT)
    reset(Sandbox.objects.get(id=DEFAULT))
    is_sealed(DEFAULT)
    is_sealed(own.sandbox.id)


def test_a_copy_has_a_chain_of_its_own(own: World) -> None:
    own.pay()
    original = is_sealed(own.sandbox.id)

    copy = forks.fork(own.sandbox, now=own.now).sandbox

    assert not LedgerCheckpoint.objects.filter(sandbox=copy).exists()
    assert is_sealed(copy.id).head != original.head
    assert is_sealed(own.sandbox.id).head == original.head


def test_what_is_dropped_leaves_no_seal(make: Callable[..., World]) -> None:
    own, other = make(), make()
    for each in (own, other):
        each.pay()
        is_sealed(each.sandbox.id)

    removal.drop(own.sandbox)

    assert not LedgerCheckpoint.objects.filter(sandbox_id=own.sandbox.id).exists()
    assert chain.seal(own.sandbox.id) == 0
    is_sealed(other.sandbox.id)


def test_sealed_while_states_come_and_go(own: World) -> None:
    """Default and own are reset and restored, paid in and sealed, all at once."""
    own.pay()
    state = snapshots.take(own.sandbox, "before", now=own.now)
    stop = threading.Event()
    default = Sandbox.objects.get(id=DEFAULT)
    surprises: list[object] = []

    def again_and_again(act: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                act()
        except Exception as error:
            surprises.append(error)
        finally:
            connections.close_all()

    def look() -> None:
        for sandbox_id in (DEFAULT, own.sandbox.id):
            chain.seal(sandbox_id)
            found = chain.verify(sandbox_id)
            if not found.ok:
                surprises.append(found)

    with ThreadPoolExecutor(4) as threads:
        for act in (look, look, lambda: own.pay("0.05")):
            threads.submit(again_and_again, act)
        for _round in range(4):
            snapshots.restore(own.sandbox, state)
            reset(default)
        stop.set()
    connection.close()

    assert not surprises
    is_sealed(DEFAULT)
    is_sealed(own.sandbox.id)
