"""What must be read again by us, and by nobody else: API passwords at rest (tokens hash them), sealed forms."""

from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings

from sandbox.ciphers import cipher

API_PASSWORD = "api password"  # noqa: S105 (the purpose, no password)


class KeyChanged(Exception):
    """SECRET_KEY is another one than when the password was stored; the password must be set anew."""


class SealBroken(Exception):
    """What came back is not what we sealed, or it is too old."""


def seal(text: str, *, purpose: str = API_PASSWORD) -> str:
    return cipher(settings.SECRET_KEY, purpose).encrypt(text.encode()).decode()


def open_sealed(sealed: str) -> str:
    """A stored API password."""
    try:
        return cipher(settings.SECRET_KEY, API_PASSWORD).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise KeyChanged("SECRET_KEY has changed since this API password was stored; set the password again") from None


def open_fresh(sealed: str, *, purpose: str, max_age: timedelta) -> str:
    """What came back from outside. Age goes by real time. Raises SealBroken."""
    try:
        return cipher(settings.SECRET_KEY, purpose).decrypt(sealed.encode(), int(max_age.total_seconds())).decode()
    except InvalidToken:
        raise SealBroken from None
