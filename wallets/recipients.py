"""Is this an account at that payment system? Asked before money leaves, since none comes back from a wrong one.

Each check returns the account as the payment system writes it, or raises IncorrectAccount with the form that it wants.
That the account exists only the payment system could say.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from wallets import parties
from wallets.errors import IncorrectAccount, IncorrectParameters

# WebMoney's purses are named by the currency that they hold.
WEBMONEY_LETTERS = {"USD": "Z", "EUR": "E", "RUB": "R"}
# Address versions of the main network: pay to a key's hash, pay to a script's.
BITCOIN_VERSIONS = {0x00, 0x05}
# Nobody's, for who has no account there to try with; the card number is the one that all test systems know.
EXAMPLES = {
    "WMT": ("Z123456789012", "E123456789012", "R123456789012"),
    "QIW": ("+7 903 1234567",),
    "YMO": ("410011234567890",),
    "WON": ("123456789012",),
    "MFS": ("1234567",),
    "BTC": ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",),
}
EXAMPLE_CARD = "4111 1111 1111 1111"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
# Checksum constants of BIP 173 (witness version 0) and BIP 350 (later versions).
_BECH32_CHECKSUM, _BECH32M_CHECKSUM = 1, 0x2BC830A3


def check_account(system: str, account: str, *, currency: str) -> str:
    """An account at an e-currency or crypto-currency, which shall be paid in `currency`."""
    return _CHECKS[system](account.strip(), currency)


def check_card(number: str) -> str:
    """The digits of a Visa, MasterCard, Maestro or MIR card, which may be written in groups."""
    digits = re.sub(r"[ -]", "", number)
    if not re.fullmatch(r"[2456][0-9]{12,18}", digits) or not _luhn(digits):
        raise IncorrectAccount(_("The card number must have 13 to 19 digits, and its check digit must be right."))
    return digits


def check_expiry(month: str, year: str, *, now: datetime) -> None:
    """A card is good until the end of the month on it. Months have one or two digits, years two or four."""
    if not re.fullmatch(r"0?[1-9]|1[0-2]", month.strip()):
        raise IncorrectParameters("expiry_month", _("The expiry month must be 01 to 12."))
    if not re.fullmatch(r"(20)?[0-9]{2}", year.strip()):
        raise IncorrectParameters("expiry_year", _("The expiry year must have two or four digits, such as 2027."))
    if (2000 + int(year) % 100, int(month)) < (now.year, now.month):
        raise IncorrectParameters("expiry_year", _("The card has expired."))


def masked(digits: str) -> str:
    """All of a card number that is ever stored or shown."""
    return f"**** {digits[-4:]}"


def _webmoney(account: str, currency: str) -> str:
    letter = WEBMONEY_LETTERS[currency]
    if not re.fullmatch(rf"{letter}[0-9]{{12}}", account.upper()):
        raise IncorrectAccount(_("The WebMoney purse must be %(letter)s and 12 digits.") % {"letter": letter})
    return account.upper()


def _qiwi(account: str, currency: str) -> str:
    if parties.is_email(account):
        return account
    phone = parties.normal_phone(account)
    if not phone:
        raise IncorrectAccount(_("The QIWI account must be an e-mail address, or a phone with its country code."))
    return "+" + phone.replace("-", "")


def _yandex(account: str, currency: str) -> str:
    if not re.fullmatch(r"41001[0-9]{6,15}", account):
        raise IncorrectAccount(_("The Yandex Money account must be 41001 and 6 to 15 more digits."))
    return account


def _w1(account: str, currency: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", account):
        raise IncorrectAccount(_("The W1 account must be 12 digits."))
    return account


def _money_polo(account: str, currency: str) -> str:
    if not parties.is_email(account) and not re.fullmatch(r"[0-9]{6,12}", account):
        raise IncorrectAccount(_("The Money Polo account must be an e-mail address, or 6 to 12 digits."))
    return account


def _bitcoin(account: str, currency: str) -> str:
    if not _is_base58_address(account) and not _is_segwit_address(account):
        raise IncorrectAccount(_("This is no Bitcoin address of the main network, or a character of it is wrong."))
    return account


_CHECKS: dict[str, Callable[[str, str], str]] = {
    "WMT": _webmoney,
    "QIW": _qiwi,
    "YMO": _yandex,
    "WON": _w1,
    "MFS": _money_polo,
    "BTC": _bitcoin,
}


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _is_base58_address(address: str) -> bool:
    """A version byte, 20 bytes of hash, and the first four bytes of the double SHA-256 over both."""
    if not re.fullmatch(rf"[{_BASE58}]{{25,35}}", address):
        return False
    value = 0
    for character in address:
        value = value * 58 + _BASE58.index(character)
    if value >= 1 << 200:
        return False
    decoded = value.to_bytes(25, "big")
    # Every leading zero byte is written as one "1", no more and no fewer.
    if len(address) - len(address.lstrip("1")) != 25 - len(decoded.lstrip(b"\0")):
        return False
    checksum = hashlib.sha256(hashlib.sha256(decoded[:21]).digest()).digest()[:4]
    return decoded[0] in BITCOIN_VERSIONS and decoded[21:] == checksum


def _is_segwit_address(address: str) -> bool:
    """BIP 173 and 350: bc1, the witness version, the witness, six characters of checksum; all in one case."""
    match = re.fullmatch(rf"bc1([{_BECH32}])([{_BECH32}]{{14,103}})", address.lower())
    if not match or address not in (address.lower(), address.upper()):
        return False
    version, length = _BECH32.index(match[1]), (len(match[2]) - 6) * 5 // 8
    expected = _BECH32_CHECKSUM if version == 0 else _BECH32M_CHECKSUM
    if version > 16 or not 2 <= length <= 40 or (version == 0 and length not in (20, 32)):
        return False
    return _bech32_remainder(address.lower()) == expected


def _bech32_remainder(address: str) -> int:
    prefix, data = address[:2], address[3:]
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_BECH32.index(c) for c in data]
    remainder = 1
    for value in values:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            remainder ^= generator if top >> bit & 1 else 0
    return remainder
