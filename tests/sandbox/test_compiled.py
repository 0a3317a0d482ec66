"""Compiled questions get the same answers as Django's own, and compiled rows are the same."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox import clock
from sandbox.compiled import Compiled, CompiledInsert, asked_together
from sandbox.models import Sandbox
from sandbox.prepared import _names
from wallets.models import Currency, Transaction, Wallet
from wallets.money import D
from wallets.payments import _payment_rows

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


TITLES = ["NULL", "", " ", r'{"a",\\}', 'O\'Hara, "Füße"\n', "\N{PILE OF POO}"]


@pytest.mark.parametrize("title", TITLES)
def test_values_are_read_as_django_reads_them(merchant: Wallet, world: Sandbox, title: str) -> None:
    moment = datetime(2026, 2, 28, 23, 59, 59, 120_000, tzinfo=UTC)
    Wallet.objects.filter(id=merchant.id).update(
        title=title, api_guessed_until=moment, created_at=moment.replace(microsecond=0), api_allowed_ips=[title]
    )
    Sandbox.objects.filter(id=world.id).update(clock_offset=timedelta(days=-3, microseconds=5), frozen_at=moment)

    found = find.first(merchant.id, world.id)
    asked = Wallet.objects.select_related("account__sandbox").get(id=merchant.id)

    assert found
    for one, other in ((found, asked), (found.account, asked.account), (found.account.sandbox, asked.account.sandbox)):
        for field in one._meta.concrete_fields:
            value, expected = getattr(one, field.attname), getattr(other, field.attname)
            assert (type(value), value) == (type(expected), expected), field
    assert (found.title, found.api_guessed_until) == (title, moment)
    one_currency = Compiled(lambda code: Currency.objects.filter(code=code))
    for currency in Currency.objects.all():
        assert {**vars(one_currency.first(currency.code)), "_state": 0} == {**vars(currency), "_state": 0}


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


def test_several_are_asked_at_once(merchant: Wallet, buyer: Wallet, world: Sandbox, django_assert_num_queries) -> None:
    currency = Compiled(lambda code: Currency.objects.filter(code=code))
    asked = [(find, (merchant.id, world.id)), (currency, ("USD",)), (find, (buyer.id, world.id)), (currency, ("XXX",))]
    for compiled, values in asked:
        compiled.first(*values)

    with django_assert_num_queries(1), asked_together(*asked):
        found = [compiled.first(*values) for compiled, values in reversed(asked)]

    assert found == [None, buyer, Currency.objects.get(code="USD"), merchant]
    assert vars(found[3].account.sandbox)["clock_offset"] == world.clock_offset
    assert found[3].api_password == "MyApiPass"
    assert found[2].per_euro == Currency.objects.get(code="USD").per_euro


def test_an_answer_is_good_for_one_asking(world: Sandbox) -> None:
    currency = Compiled(lambda code: Currency.objects.filter(code=code))

    with asked_together((currency, ("USD",))):
        Currency.objects.filter(code="USD").update(enabled=False)
        assert [currency.first("USD").enabled, currency.first("USD").enabled] == [True, False]
    with asked_together((currency, ("USD",))):
        pass
    assert currency.first("USD").enabled is False


def test_a_row_is_as_save_makes_it(merchant: Wallet, buyer: Wallet, world: Sandbox) -> None:
    now = clock.now(world)

    def payment() -> Transaction:
        return Transaction(
            sandbox=world,
            kind=Transaction.Kind.SEND_MONEY,
            status=Transaction.Status.COMPLETED,
            payer_wallet=buyer,
            receiver_wallet=merchant,
            receiver_as_sent="merchant@example.com",
            payment_method="OKB",
            currency_id="USD",
            gross=D("1234567890.10"),
            comment="50 % of 'Füße' \N{EURO SIGN} \\ $1 %s \n",
            correlation="story",
            created_at=now,
            updated_at=now,
        )

    saved, inserted = payment(), payment()
    saved.save()
    _payment_rows.send_along(inserted)

    assert inserted.pk == saved.pk + 1
    assert not inserted._state.adding
    assert inserted._state.db == saved._state.db
    one, other = Transaction.objects.filter(id__in=[saved.pk, inserted.pk]).order_by("id").values()
    assert one | {"id": 0} == other | {"id": 0}
    inserted.refresh_from_db()
    assert inserted.comment == saved.comment


def test_only_rows_whose_values_the_driver_writes_as_they_are() -> None:
    assert "wallets_wallet_new" not in _names
    with pytest.raises(AssertionError, match="ipn_enabled may have values"):
        CompiledInsert(Wallet)
