"""What must exist: the 21 currencies everywhere, and the demo cast in a sandbox installation."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from sandbox.models import Sandbox
from wallets import deposits, okpay_seal
from wallets.models import Account, Currency, OkpaySeal, User, Wallet
from wallets.money import D

# The official page "Currency Codes", in its order. The rates are ours: plausible, round, and for staff to change.
CURRENCIES = (
    ("EUR", "Euro", "1"),
    ("USD", "U.S. Dollar", "1.1"),
    ("GBP", "Pound Sterling", "0.85"),
    ("CHF", "Swiss Franc", "0.95"),
    ("AUD", "Australian Dollar", "1.65"),
    ("PLN", "Polish Zloty", "4.3"),
    ("JPY", "Japanese Yen", "160"),
    ("ILS", "Israeli New Sheqel", "4"),
    ("DKK", "Denmark Kroner", "7.46"),
    ("CAD", "Canadian Dollar", "1.5"),
    ("RUB", "Russian Rouble", "100"),
    ("CZK", "Koruny", "25"),
    ("MYR", "Malaysian Ringgit", "5"),
    ("MXN", "Mexican Peso", "20"),
    ("NOK", "Norwegian Krone", "11.5"),
    ("NZD", "New Zealand Dollar", "1.8"),
    ("PHP", "Philippine Peso", "62"),
    ("SGD", "Singapore Dollar", "1.45"),
    ("TWD", "Taiwan New Dollar", "35"),
    ("CNY", "Yuan Renminbi", "7.8"),
    ("NGN", "Nigeria, Nairas", "1650"),
)
EVERY_CURRENCY = tuple(code for code, _, _ in CURRENCIES)

STAFF = ("admin@example.com", "admin")

# Who is who in the sandbox; README.md prints this table.
CAST: tuple[dict[str, Any], ...] = (
    {
        "account": {
            "id": "666146284",
            "kind": Account.Kind.BUSINESS,
            "first_name": "Mary",
            "last_name": "Merchant",
            "business_name": "Demo Merchant",
            "verification": Account.Verification.VERIFIED,
            "phone": "44-7700900123",
            "country_code": "GB",
            "city": "London",
            "street": "1 Market Street",
            "zip": "N1 9GU",
            "address_confirmed": True,
            "reputation": 120,
        },
        "login": ("merchant@example.com", "merchant"),
        "wallet": "OK702746927",
        "api_password": "MyApiPass",
        "has": {"EUR": D("10000"), "USD": D("10000"), "GBP": D("10000")},
        "seal": okpay_seal.OF_A_BUSINESS,
    },
    {
        "account": {
            "id": "100000001",
            "first_name": "Bob",
            "last_name": "Buyer",
            "verification": Account.Verification.VERIFIED,
            "phone": "49-301234567",
            "country_code": "DE",
            "city": "Berlin",
            "state": "Berlin",
            "street": "Lindenstraße 5",
            "zip": "10969",
            "address_confirmed": True,
            "reputation": 15,
        },
        "login": ("buyer@example.com", "buyer"),
        "wallet": "OK100000001",
        "api_password": "BuyerPass",
        "has": dict.fromkeys(EVERY_CURRENCY, D("10000")),
    },
    {
        "account": {"id": "100000002", "first_name": "Paul", "last_name": "Poor"},
        "login": ("poor@example.com", "poor"),
        "wallet": "OK100000002",
        "api_password": "PoorPass",
        "has": {"USD": D("0.01")},
    },
    {
        "account": {"id": "100000003", "first_name": "Bella", "last_name": "Blocked", "is_blocked": True},
        "login": ("blocked@example.com", "blocked"),
        "wallet": "OK100000003",
        "api_password": "",
        "has": {"USD": D("100")},
    },
    {
        "account": {
            "id": "100000004",
            "kind": Account.Kind.BUSINESS,
            "first_name": "Sam",
            "last_name": "Shop",
            "business_name": "Second Shop",
        },
        "login": ("shop@example.com", "shop"),
        "wallet": "OK100000004",
        "api_password": "",
        "has": {},
    },
)

BUYER = CAST[1]


def currencies(*, restore_rates: bool = False) -> None:
    """Make sure that the 21 exist; rates that staff changed stay unless they are to be restored."""
    rows = [
        Currency(code=code, name=name, position=position, per_euro=D(rate))
        for position, (code, name, rate) in enumerate(CURRENCIES, start=1)
    ]
    if restore_rates:
        Currency.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["name", "position", "per_euro", "enabled"],
        )
    elif Currency.objects.count() < len(rows):
        Currency.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def demo_cast(sandbox: Sandbox, *, now: datetime) -> None:
    """Make sure that the cast exists; whoever is there stays as he is."""
    present = set(Account.objects.filter(id__in=[who["account"]["id"] for who in CAST]).values_list("id", flat=True))
    _bring_in([who for who in CAST if who["account"]["id"] not in present], sandbox, now)
    email, password = STAFF
    if not User.objects.filter(email=email).exists():
        User.objects.create(email=email, password=_hashed(password), is_staff=True, is_superuser=True)


def restore_staff() -> None:
    """The demo administrator as published, whatever became of him."""
    email, password = STAFF
    User.objects.filter(email=email).update(
        password=_hashed(password), is_staff=True, is_superuser=True, is_active=True
    )


def hash_passwords() -> None:
    """Do the slow part ahead, for a caller who is about to hold locks."""
    for _email, password in [STAFF, *(who["login"] for who in CAST)]:
        _hashed(password)


@cache
def _hashed(password: str) -> str:
    # Slow on purpose, so once per process: these passwords are published, and a reset shall not take a second.
    return make_password(password)


def _bring_in(cast: Sequence[dict[str, Any]], sandbox: Sandbox, now: datetime) -> None:
    """All at once: a reset is as quick as its statements are few."""
    accounts = [
        Account(
            sandbox=sandbox,
            email=who["login"][0],
            email_confirmed=True,
            phone_confirmed="phone" in who["account"],
            created_at=now,
            **who["account"],
        )
        for who in cast
    ]
    wallets = []
    for who, account in zip(cast, accounts, strict=True):
        wallet = Wallet(id=who["wallet"], account=account, title="Main", created_at=now)
        wallet.api_password = who["api_password"]
        wallet.api_enabled = bool(who["api_password"])
        wallets.append(wallet)
    Account.objects.bulk_create(accounts)
    User.objects.bulk_create(
        User(email=email, password=_hashed(password), account=account)
        for account, (email, password) in zip(accounts, (who["login"] for who in cast), strict=True)
    )
    Wallet.objects.bulk_create(wallets)
    OkpaySeal.objects.bulk_create(
        OkpaySeal(wallet=wallet, is_shown=True, changed_at=now, **dict.fromkeys(who["seal"], True))
        for who, wallet in zip(cast, wallets, strict=True)
        if "seal" in who
    )
    deposits.deposit_many(
        [
            (wallet, currency, amount)
            for who, wallet in zip(cast, wallets, strict=True)
            for currency, amount in who["has"].items()
        ],
        now=now,
        comment="Opening balance",
    )
