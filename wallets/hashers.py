"""Passwords that we make up ourselves."""

import secrets

from django.contrib.auth.hashers import PBKDF2PasswordHasher

_ALPHANUMERIC = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
# 139 bits.
LENGTH = 24


def generate() -> str:
    return "".join(secrets.choice(_ALPHANUMERIC) for _character in range(LENGTH))


class GeneratedPasswordHasher(PBKDF2PasswordHasher):
    """For passwords of `generate` only: nobody can try all of them, however quickly each is tried.

    A slow hash makes up for what people choose. With it a sandbox, which has two people, would take a second to make.
    """

    algorithm = "pbkdf2_sha256_generated"
    iterations = 1
