"""Who is who: wallets opened, and the one found that an ID, an e-mail address or a phone number names."""

import re
import secrets
from collections.abc import Collection
from datetime import datetime

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from sandbox.compiled import Compiled
from sandbox.models import Sandbox
from wallets.models import Account, Wallet

WALLET_ID = re.compile(r"OK\d{9}", re.ASCII | re.IGNORECASE)
# API passwords were 25 alphanumeric characters.
API_PASSWORD_LENGTH = 25
EMAIL_LENGTH = 127
_ALPHANUMERIC = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def open_wallet(account: Account, *, title: str, now: datetime, wallet_id: str = "") -> Wallet:
    return Wallet.objects.create(id=wallet_id or free_wallet_id(), account=account, title=title, created_at=now)


def house_wallet(sandbox: Sandbox, role: Wallet.Role, *, now: datetime, paysystem: str = "") -> Wallet:
    """OKPAY's own wallet for a purpose in this sandbox, opened when first needed."""
    if role == Wallet.Role.FEES:
        wallet = FEES_WALLET.first(sandbox.id)
    else:
        wallet = HOUSE_WALLET.first(sandbox.id, role, paysystem)
    return wallet or _open_house_wallet(sandbox, role, paysystem, now)


HOUSE_WALLET = Compiled(
    lambda sandbox_id, role, paysystem: Wallet.objects.select_related("account").filter(
        account__sandbox=sandbox_id, account__kind=Account.Kind.HOUSE, role=role, paysystem=paysystem
    )
)


# Asked for with every fee that is booked, which needs no more of it.
FEES_WALLET = Compiled(
    lambda sandbox_id: (
        Wallet.objects.only("id", "role", "account")
        .filter(account__sandbox=sandbox_id, account__kind=Account.Kind.HOUSE, role=Wallet.Role.FEES)
        .order_by()
    )
)


def primary_wallet(account: Account) -> Wallet | None:
    """The wallet that gets what is sent to an e-mail address or phone number: the client's first."""
    return account.wallets.filter(role=Wallet.Role.CLIENT).order_by("created_at", "id").first()


def find_wallet(receiver: str, *, sandbox: Sandbox | None = None) -> Wallet | None:
    """The client's wallet named by a wallet ID, an e-mail address or a phone number, or None."""
    receiver = receiver.strip()
    if sandbox and WALLET_ID.fullmatch(receiver):
        wallet = RECEIVING_WALLET.first(receiver.upper())
        if wallet is None or wallet.account.sandbox_id != sandbox.id:
            return None
        wallet.account.sandbox = sandbox
        return wallet
    wallets = Wallet.objects.select_related("account__sandbox").filter(role=Wallet.Role.CLIENT)
    if sandbox:
        wallets = wallets.filter(account__sandbox=sandbox)
    if WALLET_ID.fullmatch(receiver):
        return wallets.filter(id=receiver.upper()).first()
    if "@" in receiver:
        found = wallets.filter(account__email__iexact=receiver)
    elif phone := normal_phone(receiver):
        found = wallets.filter(account__phone=phone)
    else:
        return None
    return found.order_by("created_at", "id").first()


CLIENT_WALLET = Compiled(
    lambda wallet_id: (
        Wallet.objects.select_related("account__sandbox").filter(id=wallet_id, role=Wallet.Role.CLIENT).order_by()
    )
)
# Of a receiver the sandbox is known: it is the payer's.
RECEIVING_WALLET = Compiled(
    lambda wallet_id: Wallet.objects.select_related("account").filter(id=wallet_id, role=Wallet.Role.CLIENT).order_by()
)


def find_wallets(receivers: Collection[str], *, sandbox: Sandbox) -> dict[str, Wallet]:
    """What find_wallet finds for each of many, in one query. Who is not found is not in it."""
    addresses = {receiver: _address(receiver) for receiver in receivers}
    wanted = set(addresses.values()) - {""}
    wallets = (
        Wallet.objects.select_related("account__sandbox")
        .annotate(owner_email=Lower("account__email"))
        .filter(Q(id__in=wanted) | Q(owner_email__in=wanted) | Q(account__phone__in=wanted))
        .filter(role=Wallet.Role.CLIENT, account__sandbox=sandbox)
        .order_by("created_at", "id")
    )
    known: dict[str, Wallet] = {}
    for wallet in wallets:
        known[wallet.id] = wallet
        # The client's first wallet stands for his addresses.
        for address in filter(None, (wallet.account.email.lower(), wallet.account.phone)):
            known.setdefault(address, wallet)
    return {receiver: known[address] for receiver, address in addresses.items() if address in known}


def _address(receiver: str) -> str:
    """In the form in which wallets and accounts have it."""
    receiver = receiver.strip()
    if WALLET_ID.fullmatch(receiver):
        return receiver.upper()
    return receiver.lower() if "@" in receiver else normal_phone(receiver)


def is_email(text: str) -> bool:
    try:
        validate_email(text.strip())
    except ValidationError:
        return False
    return len(text.strip()) <= EMAIL_LENGTH


def normal_phone(text: str) -> str:
    """A phone number as `<country code>-<number>`, or "" when it is none. `+49 30 1234567` -> `49-301234567`."""
    digits = text.strip().removeprefix("00") if text.strip().startswith("00") else text.strip().removeprefix("+")
    try:
        number = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return f"{number.country_code}-{phonenumbers.national_significant_number(number)}"


def new_api_password() -> str:
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(API_PASSWORD_LENGTH))


def _open_house_wallet(sandbox: Sandbox, role: Wallet.Role, paysystem: str, now: datetime) -> Wallet:
    with transaction.atomic():
        # Two first payments at once must not open two: whoever comes second waits here and then finds it.
        Sandbox.objects.select_for_update(no_key=True).get(id=sandbox.id)
        house = Account.objects.filter(sandbox=sandbox, kind=Account.Kind.HOUSE).first() or Account.objects.create(
            id=free_account_id(),
            sandbox=sandbox,
            kind=Account.Kind.HOUSE,
            business_name="OKPAY",
            email="house@okpay.invalid",
            verification=Account.Verification.VERIFIED,
            created_at=now,
        )
        return Wallet.objects.select_related("account").get_or_create(
            account=house,
            role=role,
            paysystem=paysystem,
            defaults={
                "id": free_wallet_id(),
                "title": f"OKPAY {role} {paysystem}".strip(),
                "created_at": now,
            },
        )[0]


def free_account_id() -> str:
    while True:
        number = str(secrets.randbelow(899_999_999) + 100_000_001)
        if not Account.objects.filter(id=number).exists():
            return number


def free_wallet_id() -> str:
    while True:
        number = f"OK{secrets.randbelow(899_999_999) + 100_000_001}"
        if not Wallet.objects.filter(id=number).exists():
            return number
