"""API passwords at rest: recoverable (a token is a hash over one), yet unreadable in the database and its dumps."""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class KeyChanged(Exception):
    """SECRET_KEY is another one than when the password was stored; the password must be set anew."""


def seal(text: str) -> str:
    return _cipher(settings.SECRET_KEY).encrypt(text.encode()).decode()


def open_sealed(sealed: str) -> str:
    try:
        return _cipher(settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise KeyChanged("SECRET_KEY has changed since this API password was stored; set the password again") from None


@cache
def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"okpay api password\0" + key.encode()).digest()))
