"""The keys for what is kept but shall not lie about readable: one for each purpose, all from SECRET_KEY.

So what was sealed for one purpose is nothing to another.
"""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet


@lru_cache(maxsize=100)
def cipher(key: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"okpay {purpose}\0{key}".encode()).digest()))
