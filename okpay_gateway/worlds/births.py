"""A new sandbox: a merchant, a buyer, money, and a clock of its own, in some hundredths of a second."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from okpay_gateway.worlds import snapshots
from okpay_gateway.worlds.people import BUYER, MERCHANT
from sandbox.models import DEFAULT, Sandbox
from wallets import deposits, exchange, hashers, parties
from wallets.models import Account, User, Wallet
from wallets.money import D
from wallets.seed import EVERY_CURRENCY

# Part of e-mail addresses, so it is what a host name may be.
WELL_FORMED_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
ID_LENGTH = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"

OPENING_BALANCES = {
    MERCHANT: dict.fromkeys(("EUR", "USD", "GBP"), D("10000")),
    BUYER: dict.fromkeys(EVERY_CURRENCY, D("10000")),
}
DETAILS = {
    MERCHANT: {
        "kind": Account.Kind.BUSINESS,
        "first_name": "Mary",
        "last_name": "Merchant",
        "business_name": "Demo Merchant",
        "country_code": "GB",
        "city": "London",
        "street": "1 Market Street",
        "zip": "N1 9GU",
    },
    BUYER: {
        "first_name": "Bob",
        "last_name": "Buyer",
        "country_code": "DE",
        "city": "Berlin",
        "state": "Berlin",
        "street": "Lindenstraße 5",
        "zip": "10969",
    },
}


class TooMany(Exception):
    """settings.SANDBOXES_AT_MOST are there."""


@dataclass(frozen=True)
class Wishes:
    """What is asked for, for one of the two. Nothing: the usual."""

    email: str = ""
    password: str = ""
    api_password: str = ""
    ipn_url: str = ""
    balances: Mapping[str, Decimal] | None = None


@dataclass(frozen=True)
class Person:
    """One of the two as his sandbox's maker gets to know him. The passwords are told this once."""

    account: str
    wallet: str
    email: str
    password: str
    api_password: str


@dataclass(frozen=True)
class Newborn:
    sandbox: Sandbox
    people: dict[str, Person] = field(default_factory=dict)


def new_id() -> str:
    """Cannot be guessed: 100 bits, beginning with a letter."""
    return secrets.choice(_LETTERS[:26]) + "".join(secrets.choice(_LETTERS) for _character in range(ID_LENGTH - 1))


def check_room() -> None:
    """Raises TooMany. Some that are made at the same moment may pass together."""
    if Sandbox.objects.exclude(id=DEFAULT).count() >= settings.SANDBOXES_AT_MOST:
        raise TooMany


@transaction.atomic
def create(
    *,
    sandbox_id: str = "",
    starts_at: datetime | None = None,
    frozen: bool = False,
    wishes: Mapping[str, Wishes] | None = None,
) -> Newborn:
    """Make a sandbox, whose state of now is what a reset returns to. Its clock starts at `starts_at`, or now.

    Raises TooMany, IntegrityError for an ID or an e-mail address that is taken, CurrencyNotFound, IncorrectAmount.
    """
    check_room()
    real = timezone.now()
    now = starts_at or real
    sandbox = Sandbox.objects.create(
        id=sandbox_id or new_id(), starts_at=starts_at, clock_offset=now - real, frozen_at=now if frozen else None
    )
    people, amounts = {}, []
    for role in (MERCHANT, BUYER):
        wish = (wishes or {}).get(role, Wishes())
        person, wallet = _bring_in(sandbox, role, wish, now)
        people[role] = person
        balances = OPENING_BALANCES[role]
        if wish.balances is not None:
            balances = {exchange.get_currency(code).code: amount for code, amount in wish.balances.items()}
        amounts += [(wallet, currency, amount) for currency, amount in balances.items() if amount]
    deposits.deposit_many(amounts, now=now, comment="Opening balance")
    sandbox.people = {role: person.wallet for role, person in people.items()}
    sandbox.save(update_fields=["people"])
    snapshots.take(sandbox, now=now, is_origin=True)
    return Newborn(sandbox, people)


def hashed(password: str, *, generated: bool) -> str:
    return make_password(password, hasher=hashers.GeneratedPasswordHasher.algorithm if generated else "default")


def _bring_in(sandbox: Sandbox, role: str, wish: Wishes, now: datetime) -> tuple[Person, Wallet]:
    email = wish.email.lower() or f"{role}@{sandbox.id}.example.com"
    password = wish.password or hashers.generate()
    api_password = wish.api_password or parties.new_api_password()
    account = Account.objects.create(
        id=parties.free_account_id(),
        sandbox=sandbox,
        email=email,
        email_confirmed=True,
        verification=Account.Verification.VERIFIED,
        address_confirmed=True,
        created_at=now,
        **DETAILS[role],
    )
    User.objects.create(email=email, password=hashed(password, generated=not wish.password), account=account)
    wallet = Wallet(
        id=parties.free_wallet_id(),
        account=account,
        title="Main",
        api_enabled=True,
        ipn_url=wish.ipn_url,
        ipn_enabled=bool(wish.ipn_url),
        created_at=now,
    )
    wallet.api_password = api_password
    wallet.save(force_insert=True)
    return Person(account.id, wallet.id, email, password, api_password), wallet
