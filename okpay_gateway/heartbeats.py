"""Signs of life of worker and scheduler, left in the broker's server, where the web process reads them."""

import contextlib
from datetime import timedelta

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

INTERVAL = timedelta(seconds=1)
# The scheduler gives one each time it looks at its schedule; both may wait for a busy machine.
SILENT_AFTER = timedelta(seconds=8)
REMEMBERED_FOR = timedelta(minutes=10)
ANSWER_WITHIN = 1.0  # seconds

_clients: dict[str, redis.Redis] = {}


def beat(name: str) -> None:
    """Say that `name` lives. With the server away nothing is said, and nothing breaks."""
    with contextlib.suppress(redis.RedisError):
        client().set(_key(name), 1, px=REMEMBERED_FOR)


def ages(*names: str) -> dict[str, timedelta | None]:
    """How long ago each gave its last sign of life, None when it is not remembered. Raises redis.RedisError."""
    pipeline = client().pipeline(transaction=False)
    for name in names:
        pipeline.pttl(_key(name))
    # Counted by the server's clock alone: those of the machines may differ.
    left = [int(milliseconds) for milliseconds in pipeline.execute()]
    return {
        name: REMEMBERED_FOR - timedelta(milliseconds=rest) if rest >= 0 else None
        for name, rest in zip(names, left, strict=True)
    }


def client() -> redis.Redis:
    """A client that answers soon or not at all."""
    url = settings.CACHES["default"]["LOCATION"]
    if url not in _clients:
        _clients[url] = redis.Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_WITHIN,
            socket_timeout=ANSWER_WITHIN,
            retry=Retry(NoBackoff(), 0),
        )
    return _clients[url]


def _key(name: str) -> str:
    return f"okpay:heartbeat:{name}"
