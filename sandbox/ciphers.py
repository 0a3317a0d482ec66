"""The keys for what is kept but shall not lie about readable: one for each purpose, all from SECRET_KEY.

So what was sealed for one purpose is nothing to another. What one of SECRET_KEY_FALLBACKS has sealed can still be
opened; `manage.py reseal` seals it anew.
"""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher(purpose: str) -> MultiFernet:
    """Seals with SECRET_KEY, and opens with it or any of the fallbacks."""
    return _cipher((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), purpose)


@lru_cache(maxsize=100)
def _cipher(keys: tuple[str, ...], purpose: str) -> MultiFernet:
    digests = [hashlib.sha256(f"okpay {purpose}\0{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
