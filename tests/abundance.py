"""Many rows of everything that `tests.everything` has one of, written by the database itself; the books stay right.

A row is copied as it is but for what must be different: its number, its name, and its time, which lies before.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

from checkout.models import ButtonKey, CheckoutSession, PaymentLink, SessionItem
from ipn.models import AutoReturn, DeliveryAttempt, IpnMessage, ListenerCheck, Verification
from marketplace.models import Order, OrderEvent, OrderLine, Picture, Product, Rendition, Store
from sandbox.models import ControlToken, JournalEntry, RememberedAnswer, Scenario, ScenarioUse
from wallets import deposits
from wallets.models import (
    Account,
    ApiCall,
    Balance,
    ClientDocument,
    Confirmation,
    DebitCardOrder,
    Entry,
    MailboxMessage,
    MassPayment,
    MassPaymentRow,
    MonthlyTurnover,
    Transaction,
    TransactionItem,
    User,
    Wallet,
)
from wallets.money import D

# Of these nobody can have more, or nobody does.
MOST_LINKS, MOST_ROWS, MOST_OF_ANYTHING_SMALL = 900, 9_900, 40
WORDS = "{robot,poster,tea,cup,lamp,chair,book,song,game,key,map,coat,clock,bell,rope,wheel,door}"


def transactions(known: dict[str, Any], count: int) -> None:
    """`count` more payments with notifications and all, a fifth each of a link and of the Marketplace."""
    _bring_money(count)
    by_link, orders = count // 5 or 1, count // 5 or 1
    _payments(known["transaction_id"], count - by_link - orders or 1)
    _payments(known["sale"], by_link)
    _payments(known["order_number"], orders)
    _payments(known["purchase_number"], min(orders, 1000))
    _payments(known["card"], min(orders, 1000))


def records(known: dict[str, Any], count: int) -> None:
    """`count` more of what is written down: requests, refused calls, mails; and as many of the rest as there can be."""
    small, some = min(count, MOST_OF_ANYTHING_SMALL), max(1, count // 100)
    for model in (JournalEntry, ApiCall, MailboxMessage):
        _copies(model, {}, count)
    _copies(ScenarioUse, {}, count, number="nth + 1")
    some_payments = f"(ARRAY(SELECT id FROM {Transaction._meta.db_table} LIMIT 1000))"
    payment = f"{some_payments}[1 + nth % array_length({some_payments}, 1)]"
    _copies(Confirmation, {}, count, key="gen_random_uuid()", transaction=payment)
    _copies(RememberedAnswer, {}, count, scope="gen_random_uuid()::text")
    _copies(AutoReturn, {}, count)
    _copies(CheckoutSession, {"token": known["/checkout/ token"]}, count, token="md5(random()::text)")
    _copies(PaymentLink, {"id": known["link_id"]}, min(count, MOST_LINKS), id="left(md5(random()::text), 12)")
    _copies(Scenario, {}, small, name="'Scenario ' || nth")
    _copies(ButtonKey, {"id": known["key_id"]}, small, id="left(md5(random()::text), 10)")
    _copies(ControlToken, {}, small, digest="md5(random()::text)")
    _copies(ClientDocument, {}, small, sha256="md5(random()::text)")
    _copies(ListenerCheck, {}, some if count > 100 else small)
    _copies(MassPayment, {}, min(count, 1000))
    rows = MassPaymentRow.objects.count()
    _copies(MassPaymentRow, {}, min(count, MOST_ROWS), number=f"{rows} + nth")
    _clients(known, some if count > 100 else small)


def products(known: dict[str, Any], count: int) -> None:
    """`count` more products of all sorts, most of them in the demo store, every fourth with a picture."""
    first = _largest(Product)
    stores = f"(ARRAY(SELECT id FROM {Store._meta.db_table} ORDER BY (id = {known['store_id']}) DESC, id LIMIT 100))"
    _copies(
        Product,
        {"id": known["product_id"]},
        count,
        id=f"{first} + nth",
        store=f"{stores}[CASE WHEN nth % 4 = 0 THEN 1 + nth % array_length({stores}, 1) ELSE 1 END]",
        title=f"('{WORDS}'::text[])[1 + nth % 17] || ' of the series '"
        f" || ('{WORDS}'::text[])[1 + nth / 17 % 17] || ' ' || nth",
        description="'Nobody needs it, everybody wants it: the good old ' || md5(nth::text) || '.'",
        article=f"'N-' || {first} + nth",
        category="(ARRAY['home','books','electronics','software','services','art'])[1 + nth % 6]",
        currency="(ARRAY['EUR','USD','GBP'])[1 + nth % 3]",
        price="(1 + nth * 7919::bigint % 99991) / 100.0",
        stock="CASE WHEN nth % 5 = 0 THEN NULL ELSE nth % 50 END",
        low_stock="CASE WHEN nth % 10 = 1 THEN 5 END",
        members_only="nth % 20 = 3",
    )
    _renumber(Product)
    _pictures(known["picture_id"], first, count)


@contextmanager
def unchecked() -> Iterator[None]:
    """Checking foreign keys row by row takes longer than all the rest. For superusers, who audit afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = origin")


def _bring_money(count: int) -> None:
    """What is copied below must have been there to be spent."""
    for wallet in Wallet.objects.select_related("account__sandbox").filter(id__in=("OK100000001", "OK702746927")):
        now = wallet.account.sandbox.created_at
        deposits.deposit(wallet, currency="EUR", amount=D(count) * 100, now=now)


def _payments(transaction_id: int, count: int) -> None:
    """A payment and all that hangs on it."""
    # A copy has the number of the largest one plus its own.
    base = _largest(Transaction)
    new = f"{base} + nth"
    one = {"transaction_id": transaction_id}
    _copies(Transaction, {"id": transaction_id}, count, id=new, correlation="md5('t' || nth)", invoice="'I-' || nth")
    _renumber(Transaction)
    _copies(Entry, one, count, transaction=new)
    _execute(
        f"UPDATE {Balance._meta.db_table} balance SET amount = balance.amount + moved.amount * {count} FROM"
        f" (SELECT wallet_id, currency_id, sum(amount) AS amount FROM {Entry._meta.db_table}"
        f" WHERE transaction_id = {transaction_id} GROUP BY 1, 2) moved"
        " WHERE balance.wallet_id = moved.wallet_id AND balance.currency_id = moved.currency_id"
    )
    for message in IpnMessage.objects.filter(**one):
        told = _largest(IpnMessage)
        _copies(IpnMessage, {"id": message.id}, count, id=f"{told} + nth", transaction_id=new)
        _renumber(IpnMessage)
        _copies(DeliveryAttempt, {"message": message}, count, message=f"{told} + nth")
        _copies(Verification, {"message": message}, count, message=f"{told} + nth")
    for item in TransactionItem.objects.filter(**one):
        items = _largest(TransactionItem)
        _copies(TransactionItem, {"id": item.id}, count, id=f"{items} + nth", transaction=new)
        _renumber(TransactionItem)
        _copies(OrderLine, {"item": item}, count, item=f"{items} + nth", order=new)
    _copies(Order, {"transaction": transaction_id}, count, transaction=new, token="left(md5('o' || " + new + "), 32)")
    _copies(OrderEvent, {"order": transaction_id}, count, order=new)
    _copies(DebitCardOrder, {"transaction": transaction_id}, count, transaction=new)
    for session in CheckoutSession.objects.filter(transaction=transaction_id):
        token = f"md5('s' || {new})"
        _copies(CheckoutSession, {"token": session.token}, count, token=token, transaction=new)
        _copies(SessionItem, {"session": session}, count, session=token)


def _clients(known: dict[str, Any], count: int) -> None:
    """Other clients, each with a login, a wallet and a store."""
    whose = "'8' || lpad((nth + {})::text, 8, '0')".format(Account.objects.filter(id__startswith="8").count())
    email = f"'client' || {whose} || '@example.com'"
    merchant = {"account": Wallet.objects.get(id=known["wallet_id"]).account_id}
    _copies(Account, {"id": merchant["account"]}, count, id=whose, email=email, phone="''")
    _copies(User, merchant, count, account=whose, email=email)
    _copies(Wallet, {"id": known["wallet_id"]}, count, id=f"'OK' || {whose}", account=whose)
    _copies(
        Store, {"id": known["store_id"]}, count, account=whose, wallet=f"'OK' || {whose}", name=f"'Store ' || {whose}"
    )
    _copies(MonthlyTurnover, {"account__user__email": "buyer@example.com"}, count, account=whose)


def _pictures(picture_id: int, first: int, count: int) -> None:
    base = _largest(Picture)
    with_one = count // 4
    new = f"{base} + nth"
    _copies(
        Picture,
        {"id": picture_id},
        with_one,
        id=new,
        product=f"{first} + 4 * nth",
        name=f"left(md5('p' || {new}), 16)",
    )
    _renumber(Picture)
    _copies(Rendition, {"picture": picture_id}, with_one, picture=new)


def _copies(model: type[models.Model], which: dict[str, Any], count: int, **other: str) -> None:
    """`count` copies of each row that `which` finds. `other` is SQL for fields; in it `nth` counts from 1."""
    manager: Any = model._base_manager
    keys = list(manager.filter(**which).values_list("pk", flat=True)[: None if which else 1])
    values = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.GeneratedField) or (
            isinstance(field, models.AutoField) and field.name not in other
        ):
            continue
        name = f'"{field.column}"'
        if field.name in ("created_at", "updated_at", "at", "asked_at", "sent_at"):
            name = f"{name} - interval '10 s' * ({count} - nth)"
        values[f'"{field.column}"'] = f"({other[field.name]})" if field.name in other else name
    _execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM {model._meta.db_table}, generate_series(1, {count}) nth"
        f' WHERE "{model._meta.pk.column}" = ANY(%s) ORDER BY nth',
        [keys],
    )


def _largest(model: type[models.Model]) -> int:
    return model._base_manager.aggregate(largest=models.Max("pk"))["largest"] or 0


def _renumber(model: type[models.Model]) -> None:
    """The next row of its own has the next number."""
    table, column = model._meta.db_table, model._meta.pk.column
    _execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT max({column}) FROM {table}))")


def _execute(sql: str, parameters: Iterable[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("%", "%%").replace("ANY(%%s)", "ANY(%s)"), list(parameters))
