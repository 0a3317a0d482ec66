"""The end of a sandbox: nothing is left of it, and nobody else misses anything."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from okpay_gateway.worlds import belongings, removal
from sandbox.models import ControlToken, JournalEntry, Sandbox
from tests.api.conftest import Api
from tests.listener import Listener
from tests.worlds.conftest import World, everything, fill, rows_of_all
from wallets.models import User


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left(make: Callable[..., World], api: Api, listener: Listener) -> None:
    neighbour = make()
    fill(neighbour, listener)
    before, theirs = rows_of_all(), everything(neighbour.sandbox)
    own = make()
    fill(own, listener)
    api.post(f"sandboxes/{own.sandbox.id}/snapshot/")
    api.get("wallets/", sandbox=own.sandbox.id)
    filled = rows_of_all()
    grown = {table for table, count in filled.items() if count > before[table]}
    assert len(grown) >= 30, grown
    assert {
        *("wallets_account", "wallets_wallet", "wallets_user", "wallets_entry", "wallets_transaction"),
        *("ipn_ipnmessage", "ipn_deliveryattempt", "ipn_verification", "checkout_checkoutsession"),
        *("wallets_mailboxmessage", "wallets_clientdocument", "sandbox_rememberedanswer", "sandbox_scenario"),
        *("sandbox_journalentry", "sandbox_snapshotchunk", "sandbox_controltoken", "marketplace_order"),
    } <= grown

    assert api.delete(f"sandboxes/{own.sandbox.id}/").status == 204

    after = rows_of_all()
    assert {table: after[table] for table in after if table not in ("sandbox_journalentry",)} == {
        table: before[table] for table in before if table not in ("sandbox_journalentry",)
    }
    assert not JournalEntry.objects.filter(sandbox=own.sandbox.id).exists()
    assert everything(neighbour.sandbox) == theirs
    assert not Sandbox.objects.filter(id=own.sandbox.id).exists()
    assert api.get("wallets/", sandbox=own.sandbox.id).status == 404
    assert api.delete(f"sandboxes/{own.sandbox.id}/").status == 404


def test_the_default_one_stays(api: Api) -> None:
    answer = api.delete("sandboxes/default/")

    assert answer.status == 409
    assert answer.errors.keys() == {"id"}
    with pytest.raises(removal.Indispensable):
        removal.drop(Sandbox.objects.get(id="default"))
    assert api.get("wallets/OK702746927/").status == 200


@pytest.mark.django_db(transaction=True)
def test_staff_keep_their_logins(own: World) -> None:
    User.objects.filter(account__wallets=own.buyer).update(is_staff=True)

    removal.drop(own.sandbox)

    assert User.objects.get(email=own.told["buyer"].email).account is None


@pytest.mark.django_db(transaction=True)
def test_its_tokens_are_nobodys(own: World, api: Api) -> None:
    made = api.post("tokens/", {"name": "CI", "scopes": ["sandboxes:write"], "sandbox": own.sandbox.id}).body
    bound = Api(token=made["token"])
    assert [row["id"] for row in bound.get("sandboxes/").results] == [own.sandbox.id]

    assert bound.delete(f"sandboxes/{own.sandbox.id}/").status == 204
    assert bound.get("sandboxes/").status == 401
    assert not ControlToken.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_goes_while_people_pay(own: World, make: Callable[..., World]) -> None:
    """Payments in it end, one way or the other; those next door do not notice."""
    neighbour, stop = make(), threading.Event()
    troubles: list[BaseException] = []

    def trade(world: World, may_end: bool) -> None:
        try:
            while not stop.is_set():
                world.pay("0.10")
        except Exception as error:
            if not may_end:
                troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=trade, args=(world, world is own)) for world in (own, neighbour) * 2]
    for thread in threads:
        thread.start()
    stop.wait(0.3)
    removal.drop(own.sandbox)
    paid = neighbour.buyer.balance("USD")
    stop.wait(0.2)
    stop.set()
    for thread in threads:
        thread.join(30)

    assert not troubles
    assert neighbour.buyer.balance("USD") < paid
    assert not Sandbox.objects.filter(id=own.sandbox.id).exists()
    assert {each.table for each in belongings.every() if everything_of(each, own.sandbox)} == set()


def everything_of(each: belongings.Belonging, sandbox: Sandbox) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {each.table} WHERE {each.condition}", {"sandbox": sandbox.id})
        count: int = cursor.fetchone()[0]
    return count
