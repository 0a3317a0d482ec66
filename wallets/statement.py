"""Transactions as a client sees them: what came in is positive, what went out negative, the other side named.

A wallet's history is read by two indexes, one for each side, that hold everything it can be filtered by; a page goes on
from the last row of the one before. So the millionth row is found as fast as the first.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sandbox.paging import beyond
from wallets.models import Account, Transaction, Wallet
from wallets.paysystems import PAYSYSTEMS

PAGE_SIZE = 50
# How many rows an export reads at a time; first a few, so that whoever waits for it sees it begin.
FIRST_BATCH, BATCH = 50, 1000

Kind = Transaction.Kind
# What a merchant calls a sale, and the word by which a history is filtered for all of them.
SALES = (Kind.PAYMENT_LINK, Kind.MARKETPLACE, Kind.SEND_MONEY)
EVERY_SALE = "sales"
# Where a row stands in a history: its time and its ID.
Place = tuple[datetime, int]
PLACE = ("created_at", "id")


class Direction(TextChoices):
    RECEIVED = "in", gettext_lazy("Money in")
    PAID = "out", gettext_lazy("Money out")


@dataclass(frozen=True)
class Line:
    transaction: Transaction
    amount: Decimal
    currency: str
    other_side: str

    @property
    def signed_amount(self) -> str:
        """+10.00 or −10.00, with a real minus."""
        return signed(self.amount)


@dataclass(frozen=True)
class Filters:
    """What of a history is wanted. Days are of UTC, both included; None and "" mean any."""

    first_day: date | None = None
    last_day: date | None = None
    kind: str = ""
    status: str = ""
    currency: str = ""
    direction: str = ""

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True)
class Page:
    """Lines, newest first, and where the neighbouring pages begin; "" where there is none."""

    lines: list[Line] = field(default_factory=list)
    newer: str = ""
    older: str = ""


def latest(account: Account, wallets: Collection[Wallet], *, count: int) -> list[Line]:
    """The newest transactions in which the account or one of its wallets took part."""
    sides = [side for wallet in wallets for side in _sides(wallet, Filters())]
    # Paid from outside while logged in: none of his wallets took part.
    sides.append(Transaction.objects.filter(payer_account=account))
    return _lines([wallet.id for wallet in wallets], _merged(sides, None, upwards=False, count=count))


def history(wallet: Wallet, filters: Filters, *, older_than: str = "", newer_than: str = "") -> Page:
    """One page of a wallet's history. `older_than` and `newer_than` come from a Page; nonsense is the first page."""
    upwards = _place(newer_than)
    start = upwards or _place(older_than)
    places = _merged(_sides(wallet, filters), start, upwards=bool(upwards), count=PAGE_SIZE + 1)
    more = len(places) > PAGE_SIZE
    places = places[:PAGE_SIZE]
    if upwards:
        places.reverse()
    if not places:
        return Page()
    has_newer, has_older = (more, True) if upwards else (start is not None, more)
    return Page(
        _lines([wallet.id], places),
        newer=_text(places[0]) if has_newer else "",
        older=_text(places[-1]) if has_older else "",
    )


def whole_history(wallet: Wallet, filters: Filters) -> Iterator[Line]:
    """All of it, newest first, read in batches: nothing but the current one is held."""
    start: Place | None = None
    count = FIRST_BATCH
    while places := _merged(_sides(wallet, filters), start, upwards=False, count=count):
        yield from _lines([wallet.id], places)
        start, count = places[-1], BATCH


def line(transaction: Transaction, own: Collection[str]) -> Line:
    """A transaction as the owner of these wallets sees it. Wallets and accounts of both sides must be loaded."""
    if transaction.kind == Kind.EXCHANGE and transaction.paid_amount is not None and transaction.paid_currency_id:
        into = _("into %(amount)s %(currency)s") % {
            "amount": transaction.gross,
            "currency": transaction.currency_id,
        }
        return Line(transaction, -transaction.paid_amount, transaction.paid_currency_id, into)
    if transaction.receiver_wallet_id in own:
        return Line(transaction, transaction.net, transaction.currency_id, who_pays(transaction))
    receiver = who_receives(transaction)
    if transaction.paid_amount is not None and transaction.paid_currency_id is not None:
        return Line(transaction, -transaction.paid_amount, transaction.paid_currency_id, receiver)
    return Line(transaction, -transaction.total, transaction.currency_id, receiver)


def who_pays(transaction: Transaction) -> str:
    if payer := transaction.payer:
        return payer.name
    return _system(transaction.payment_method)


def who_receives(transaction: Transaction) -> str:
    """The client; else the payment system that money went to, or the address that nobody has registered yet."""
    if not transaction.receiver_wallet.is_house:
        return transaction.receiver_wallet.account.name
    if transaction.kind == Kind.WITHDRAWAL:
        return _system(transaction.payment_method)
    return transaction.receiver_as_sent or transaction.receiver_wallet.account.name


def signed(amount: Decimal) -> str:
    return f"{amount:+.2f}".replace("-", "−")


def _system(code: str) -> str:
    system = PAYSYSTEMS.get(code)
    return str(system.name) if system else code


def _merged(sides: Iterable[QuerySet[Transaction]], start: Place | None, *, upwards: bool, count: int) -> list[Place]:
    """The next places beyond `start`. Each side is read by its own index, and no further than needed."""
    order = PLACE if upwards else tuple(f"-{name}" for name in PLACE)
    further = beyond(PLACE, start, ascends=upwards) if start else Q()
    first, *others = (side.filter(further).order_by(*order).values_list(*PLACE)[:count] for side in sides)
    return list(first.union(*others, all=True).order_by(*order)[:count])


def _sides(wallet: Wallet, filters: Filters) -> list[QuerySet[Transaction]]:
    """What the wallet paid, and what it received. A reversal goes the other way: its amounts are negative."""
    wanted = Q()
    if filters.first_day:
        wanted &= Q(created_at__gte=datetime.combine(filters.first_day, time.min, UTC))
    if filters.last_day:
        wanted &= Q(created_at__lte=datetime.combine(filters.last_day, time.max, UTC))
    if filters.kind:
        wanted &= Q(kind__in=SALES) if filters.kind == EVERY_SALE else Q(kind=filters.kind)
    if filters.status:
        wanted &= Q(status=filters.status)
    out_of, into = wanted, wanted
    # An exchange is paid and received by the same wallet, and stands in the history once.
    exchange = Q(kind=Kind.EXCHANGE)
    if filters.currency:
        # Who pays in another currency sees that one.
        paid_in = Q(paid_currency=filters.currency) | Q(paid_currency__isnull=True, currency=filters.currency)
        out_of &= paid_in | (exchange & Q(currency=filters.currency))
        into &= Q(currency=filters.currency)
    if filters.direction:
        received = filters.direction == Direction.RECEIVED
        out_of &= Q(parent__isnull=not received) | exchange
        into &= Q(parent__isnull=received)
    return [
        Transaction.objects.filter(out_of, payer_wallet=wallet),
        Transaction.objects.filter(into, receiver_wallet=wallet).exclude(kind=Kind.EXCHANGE),
    ]


def _lines(own: Collection[str], places: list[Place]) -> list[Line]:
    found = _with_sides(Transaction.objects.filter(id__in=[number for _moment, number in places])).in_bulk()
    return [line(found[number], own) for _moment, number in places if number in found]


def _with_sides(transactions: QuerySet[Transaction]) -> QuerySet[Transaction]:
    return transactions.select_related("payer_wallet__account", "payer_account", "receiver_wallet__account")


def _text(place: Place) -> str:
    moment, number = place
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S%f}-{number}"


def _place(text: str) -> Place | None:
    moment, _dash, number = text.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    try:
        return datetime.strptime(moment, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC), int(number)
    except ValueError:
        return None
