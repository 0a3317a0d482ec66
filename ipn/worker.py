"""The pump of a worker process: it looks when somebody kicks it, and every two seconds by itself.

So deliveries need the database and nothing else. A kick may be lost, the scheduler dead, the broker away or emptied:
what is due goes out all the same, two seconds later. The thread that looks is the process's, not the pool's: it starts
before there is a broker, and keeps its connection to the database from one kick to the next.
"""

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from ipn import claims
from ipn.pump import PATIENCE_AT_THE_END, Pump

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds
LINGER = 1.0  # seconds that a pump waits for another kick before it ends
REST_AFTER_A_FAILURE = 1.0  # second


def look() -> None:
    """Something may be due, anywhere: the process's pump delivers it. Where there is none that stays, one runs here."""
    _wanted.set()
    if running := _running:
        running.kick()
    elif not (_thread and _thread.is_alive()):
        _take_turns()


def stay() -> None:
    """Deliver what is due, from now on, in a thread of its own."""
    global _thread
    _ending.clear()
    _thread = threading.Thread(target=_stay, name="ipn-pump", daemon=True)
    _thread.start()


def stop() -> None:
    """The process is about to end: claim no more, and give back what does not end soon. Returns at once."""
    _ending.set()
    _wanted.set()
    if running := _running:
        running.stop()


def leave() -> None:
    """Stop, and wait for it."""
    stop()
    if _thread:
        _thread.join(2 * PATIENCE_AT_THE_END)


_turn = threading.Lock()
_wanted = threading.Event()
_ending = threading.Event()
_running: Pump | None = None
_thread: threading.Thread | None = None


def _stay() -> None:
    while not _ending.is_set():
        _wanted.wait(LOOK_EVERY)
        _wanted.set()
        close_old_connections()
        try:
            _take_turns()
            continue
        except (OperationalError, InterfaceError) as error:
            logger.warning("No delivery without the database: %s", " ".join(str(error).split()))
        except Exception:
            logger.exception("The pump has failed, and starts again")
        connection.close()
        _ending.wait(REST_AFTER_A_FAILURE)
    connection.close()


def _take_turns() -> None:
    """Deliver until nothing is due. Once per process: for whoever comes second the first one looks again."""
    while _wanted.is_set() and not _ending.is_set():
        # Whoever has the turn looks at _wanted before he goes, so no kick is lost between the two of us.
        if not _turn.acquire(blocking=False):
            if running := _running:
                running.kick()
            return
        try:
            _run_one()
        finally:
            _turn.release()


def _run_one() -> None:
    global _running
    # As long as our claims last, nobody else posts what we have posted and could not write down.
    lease = timedelta(seconds=settings.IPN_TIMEOUT) + claims.LEASE_MARGIN
    _running = Pump(linger=LINGER, patience=lease.total_seconds(), wanted=_wanted)
    try:
        _running.run()
    finally:
        _running = None
