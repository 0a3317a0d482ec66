"""Encrypted buttons: a payment form in one variable that nobody can read or change (docs/encrypted-buttons.md).

    ok_encrypted = "1." key-ID "." base64url( nonce || AES-256-GCM( form ) )

A key belongs to one wallet. This site has one for each that needs it; merchants' programs get keys of their own, for an
API password is too weak for it: whoever guesses it offline, by a published button, could send money.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext_lazy as _

from checkout.models import ButtonKey
from checkout.payment_form import Pair, read
from checkout.refusals import Refused
from wallets import secrecy
from wallets.models import Wallet

VERSION = "1"
KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 12, 16  # bytes
# Of the variable. A form of twenty items has some 4,000 characters.
LONGEST = 50_000
_SEAL = re.compile(r"1\.([a-z0-9]{10})\.([A-Za-z0-9_-]+)", re.ASCII)


class Altered(Refused):
    title = _("This button was altered or cut off")
    text = _("What arrived is not what the shop sealed, so nothing of it counts.")
    cure = _("Copy the whole code of the button from the account once more, without a change.")


class UnknownKey(Refused):
    title = _("This button was sealed for another place")
    text = _("This server knows no key of the name that the button carries.")
    cure = _("Was the button made on another server, or was the sandbox reset since? Make it again here.")


class Revoked(Refused):
    title = _("This button was revoked")
    text = _("The shop has withdrawn it; it may have a newer one.")
    cure = _("Put the present code of the button on the page.")


class Unreadable(Refused):
    title = _("This button can no longer be opened")
    text = _("The server’s own key has changed since the button’s key was stored.")
    cure = _("Start the server with the old key under SECRET_KEY_FALLBACKS, or make new keys and new buttons.")


@dataclass(frozen=True)
class Opened:
    """What was in a seal, and whose key had sealed it."""

    wallet: Wallet
    pairs: list[Pair]


def seal(pairs: Iterable[Pair], *, wallet: Wallet, now: datetime) -> str:
    """A form, sealed with this site's key for the wallet. The same form, the same seal. Raises secrecy.KeyChanged."""
    key = our_key(wallet, now=now)
    form = urlencode(list(pairs)).encode()
    # By the form itself, not by chance: the code that a merchant sees stays the same while nothing changes.
    nonce = hmac.digest(key.secret, b"nonce" + form, hashlib.sha256)[:NONCE_SIZE]
    return _seal(form, key.id, key.secret, nonce)


def open_seal(sealed: str) -> Opened:
    """The form in it. Raises Refused."""
    found = _SEAL.fullmatch(sealed) if len(sealed) <= LONGEST else None
    if found is None:
        raise Altered
    key = ButtonKey.objects.select_related("wallet__account__sandbox").filter(id=found[1]).first()
    if key is None:
        raise UnknownKey
    if key.revoked_at:
        raise Revoked(key.wallet)
    encrypted = _exactly_decoded(found[2])
    if encrypted is None or len(encrypted) < NONCE_SIZE + TAG_SIZE:
        raise Altered(key.wallet)
    try:
        cipher = AESGCM(key.secret)
        form = cipher.decrypt(encrypted[:NONCE_SIZE], encrypted[NONCE_SIZE:], _associated(key.id))
    except secrecy.KeyChanged:
        raise Unreadable(key.wallet) from None
    except InvalidTag:
        raise Altered(key.wallet) from None
    return Opened(key.wallet, read(form))


# Keys


def our_key(wallet: Wallet, *, now: datetime) -> ButtonKey:
    """This site's key for the wallet. Two who need the first one at once get the same."""
    ours = ButtonKey.objects.filter(wallet=wallet, is_ours=True, revoked_at=None)
    key = ours.first()
    if key is None:
        new = _new_key(wallet, "", now)
        new.is_ours = True
        ButtonKey.objects.bulk_create([new], ignore_conflicts=True)
        key = ours.get()
    return key


def new_key(wallet: Wallet, *, title: str, now: datetime) -> ButtonKey:
    """A key for the merchant's own program."""
    key = _new_key(wallet, title, now)
    key.save(force_insert=True)
    return key


def revoke(key: ButtonKey, *, now: datetime) -> None:
    """From now on nothing that it sealed is accepted. Done again, it changes nothing."""
    ButtonKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=now)
    key.refresh_from_db(fields=["revoked_at"])


def _new_key(wallet: Wallet, title: str, now: datetime) -> ButtonKey:
    key = ButtonKey(wallet=wallet, title=title, created_at=now)
    key.secret = secrets.token_bytes(KEY_SIZE)
    return key


# The format


def _seal(form: bytes, key_id: str, secret: bytes, nonce: bytes) -> str:
    encrypted = nonce + AESGCM(secret).encrypt(nonce, form, _associated(key_id))
    return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(encrypted).rstrip(b'=').decode()}"


def _associated(key_id: str) -> bytes:
    """Version and key are sealed too: a seal cannot be passed off as one of another key or format."""
    return f"{VERSION}.{key_id}".encode()


def _exactly_decoded(text: str) -> bytes | None:
    """None for what no encoder writes: otherwise the last letter could be another without a change of the bytes."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return decoded if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == text else None
