"""What must be read again by us, and by nobody else: API passwords at rest (tokens hash them), sealed forms."""

from datetime import timedelta

from cryptography.fernet import InvalidToken

from sandbox.ciphers import cipher

API_PASSWORD = "api password"  # noqa: S105 (the purpose, no password)


class KeyChanged(Exception):
    """SECRET_KEY is another than when the secret was stored, and that one is no fallback: it must be set anew."""


class SealBroken(Exception):
    """What came back is not what we sealed, or it is too old."""


def seal(text: str, *, purpose: str = API_PASSWORD) -> str:
    return cipher(purpose).encrypt(text.encode()).decode()


def open_sealed(sealed: str, *, purpose: str = API_PASSWORD) -> str:
    """A stored secret. Raises KeyChanged."""
    try:
        return cipher(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise KeyChanged(f"SECRET_KEY has changed since this {purpose} was stored; set it again") from None


def open_fresh(sealed: str, *, purpose: str, max_age: timedelta) -> str:
    """What came back from outside. Age goes by real time. Raises SealBroken."""
    try:
        return cipher(purpose).decrypt(sealed.encode(), int(max_age.total_seconds())).decode()
    except InvalidToken:
        raise SealBroken from None
