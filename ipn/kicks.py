"""Tell a worker that something is due, at once, and without making anybody wait for a broker.

A kick is a courtesy: what it would have started, the worker starts by itself two seconds later. So it goes out from a
thread of its own, and one that is pending already is not sent twice.
"""

import logging
import threading

from celery.exceptions import OperationalError
from django.core.cache import cache
from redis import RedisError

logger = logging.getLogger(__name__)

PENDING = "ipn:kick"
PENDING_FOR = 2  # seconds, if no worker takes it
REST_AFTER_A_FAILURE = 1  # second


def kick() -> None:
    """Returns at once and never fails."""
    global _thread
    _wanted.set()
    # None, or that of the process that we were forked from.
    if _thread is None or not _thread.is_alive():
        with _starting:
            if _thread is None or not _thread.is_alive():
                _thread = threading.Thread(target=_kick_whenever_wanted, name="ipn-kicks", daemon=True)
                _thread.start()


def taken() -> None:
    """A worker has the kick and is about to look for what is due: the next one counts again."""
    try:
        cache.delete(PENDING)
    except RedisError as error:
        logger.warning("The cache is away: %s", error)


_wanted = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


def _kick_whenever_wanted() -> None:
    from ipn.tasks import pump

    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            if cache.add(PENDING, True, PENDING_FOR):
                pump.apply_async(expires=PENDING_FOR)
        except (RedisError, OperationalError, OSError) as error:
            logger.warning("No kick, the worker looks by itself: %s", error)
            threading.Event().wait(REST_AFTER_A_FAILURE)
