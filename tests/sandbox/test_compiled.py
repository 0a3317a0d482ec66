"""Compiled questions get the same answers as Django's own."""

from sandbox.compiled import Compiled
from sandbox.models import Sandbox
from wallets.models import Currency, Wallet

find = Compiled(
    lambda wallet_id, sandbox_id: Wallet.objects.select_related("account__sandbox").filter(
        id=wallet_id, account__sandbox=sandbox_id, role=Wallet.Role.CLIENT
    )
)


def test_the_instance_is_whole(world: Sandbox, merchant: Wallet, django_assert_num_queries) -> None:
    Wallet.objects.filter(id=merchant.id).update(api_allowed_ips=["192.0.2.1", "::/0"])

    with django_assert_num_queries(1):
        found = find.first(merchant.id, world.id)
        assert found is not None
        assert found.account.email == "merchant@example.com"
        assert found.account.sandbox.clock_offset == world.clock_offset

    asked = Wallet.objects.select_related("account__sandbox").get(id=merchant.id)
    for one, other in ((found, asked), (found.account, asked.account), (found.account.sandbox, asked.account.sandbox)):
        assert one == other
        assert {k: v for k, v in vars(one).items() if k != "_state"} == {
            k: v for k, v in vars(other).items() if k != "_state"
        }
        assert not one._state.adding
        assert one._state.db == other._state.db
    assert found.api_password == "MyApiPass"


def test_it_can_be_saved(merchant: Wallet, world: Sandbox) -> None:
    found = find.first(merchant.id, world.id)
    assert found
    found.title = "Another title"
    found.save(update_fields=["title"])

    assert Wallet.objects.get(id=merchant.id).title == "Another title"


def test_nothing_is_found_where_nothing_is(world: Sandbox) -> None:
    assert find.first("OK999999999", world.id) is None
    assert find.first("OK702746927", "another") is None
    assert find.first("' OR 1=1 --", "%s") is None


def test_the_same_question_is_asked_with_other_values(world: Sandbox) -> None:
    currency = Compiled(lambda code: Currency.objects.filter(code=code))

    assert [str(currency.first(code)) for code in ("USD", "EUR", "USD", "XXX")] == ["USD", "EUR", "USD", "None"]
