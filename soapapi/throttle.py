"""Guessing tokens gets slower and slower, for the guesser alone.

Wrong tokens are counted per wallet and address, so nobody else can lock a merchant out, and each wrong token once: a
shop that goes on with last hour's token from many threads makes one guess, not a hundred. After FREE_GUESSES in an hour
every further one is followed by a pause, longer each time, in which tokens from there are refused unread. No thread
sleeps. When the cache is away there are no pauses; the password still has to be guessed.

The cache knows who has to wait. That anybody has to, the wallet says, which is read with every call anyhow: so calls
of a wallet that nobody attacks ask the cache nothing.
"""

import hashlib
import logging
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.core.cache import cache
from django.db.models import Q

from soapapi.addresses import IPAddress
from wallets.models import Wallet

FREE_GUESSES = 20
REMEMBERED_FOR = timedelta(hours=1)
LONGEST_PAUSE = timedelta(seconds=60)
# A sandbox's passwords are published, and its tests fail on purpose.
LONGEST_PAUSE_IN_A_SANDBOX = timedelta(seconds=1)

log = logging.getLogger(__name__)


def is_paused(wallet: Wallet, address: IPAddress | None, *, at: datetime) -> bool:
    """Whether tokens from there are refused at present (real time)."""
    if wallet.api_guessed_until is None or wallet.api_guessed_until <= at:
        return False
    try:
        return cache.get(_key("pause", wallet.id, address)) is not None
    except redis.RedisError:
        log.warning("The cache cannot be reached: wrong SOAP tokens are not slowed down.")
        return False


def wrong_token(wallet: Wallet, address: IPAddress | None, token: str, *, at: datetime) -> None:
    """Count a guess, and make the guesser wait."""
    seconds = REMEMBERED_FOR.total_seconds()
    digest = hashlib.sha256(token.encode()).hexdigest()[:16]
    count_key = _key("guesses", wallet.id, address)
    try:
        if not cache.add(_key(f"guess:{digest}", wallet.id, address), 1, seconds):
            return
        cache.add(count_key, 0, seconds)
        beyond = cache.incr(count_key) - FREE_GUESSES
        if beyond > 0:
            _pause_until(wallet, at + _pause(beyond))
            cache.set(_key("pause", wallet.id, address), 1, _pause(beyond).total_seconds())
    except (redis.RedisError, ValueError):  # ValueError: the count expired in between
        log.warning("A wrong SOAP token could not be counted.")


def _pause_until(wallet: Wallet, moment: datetime) -> None:
    """Each wallet has one such moment: the end of the longest pause."""
    sooner = Q(api_guessed_until=None) | Q(api_guessed_until__lt=moment)
    Wallet.objects.filter(sooner, id=wallet.id).update(api_guessed_until=moment)


def _pause(beyond: int) -> timedelta:
    longest = LONGEST_PAUSE_IN_A_SANDBOX if settings.SANDBOX else LONGEST_PAUSE
    return min(longest, timedelta(seconds=2 ** min(beyond - 1, 10)))


def _key(what: str, wallet_id: str, address: IPAddress | None) -> str:
    # Whoever has one IPv6 address has a whole /64.
    source = address
    if address is not None and address.version == 6:
        source = type(address)(int(address) >> 64 << 64)
    return f"soapapi:{what}:{wallet_id}:{source}"
