"""The timeline live, as server-sent events, without ever taking the threads that requests need.

A stream holds a thread of the web server. So each process has few places for them, each is left after a minute, and who
finds none gets what is new and is asked to come again: the stream becomes a poll, and nothing is missed.
"""

import threading
import time
from collections.abc import Callable, Iterator

from django.http import StreamingHttpResponse

from okpay_gateway.journal.events import Event
from okpay_gateway.journal.following import NoPosition, Position, news
from okpay_gateway.journal.search import Search

PLACES = 2  # of the threads of each web process
LIFETIME = 60.0  # seconds
LOOK_EVERY = 0.25  # seconds
# So that a connection which leads nowhere any more is noticed, and proxies keep it.
SIGN_OF_LIFE_EVERY = 10.0  # seconds
COME_AGAIN, COME_AGAIN_WITHOUT_A_PLACE = 1000, 3000  # milliseconds

_places = threading.BoundedSemaphore(PLACES)
# False as soon as the web process is asked to end; webserver.py knows.
is_serving: Callable[[], bool] = lambda: True  # noqa: E731


def respond(search: Search, *, start: str, write: Callable[[Event], str], live: bool = True) -> StreamingHttpResponse:
    """Everything from the position `start` on (empty: from now on). Not `live`, it ends with what there is already.

    `write` says in one line what is sent of an event. A client that comes back says by Last-Event-ID where it was.
    """
    try:
        position = Position.from_text(start) if start else Position.now()
    except NoPosition:
        position = Position.now()
    response = StreamingHttpResponse(_frames(search, position, write, live=live), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _frames(search: Search, position: Position, write: Callable[[Event], str], *, live: bool) -> Iterator[str]:
    # Here and not in `respond`: what is not iterated over never ends either.
    has_place = live and _places.acquire(blocking=False)
    try:
        yield f"retry: {COME_AGAIN if has_place else COME_AGAIN_WITHOUT_A_PLACE}\n\n"
        yield from _news(search, position, write)
        end = time.monotonic() + LIFETIME
        sign_of_life_at = time.monotonic() + SIGN_OF_LIFE_EVERY
        while has_place and is_serving() and (now := time.monotonic()) < end:
            time.sleep(LOOK_EVERY)
            sent = False
            for frame in _news(search, position, write):
                yield frame
                sent = True
            if sent:
                sign_of_life_at = now + SIGN_OF_LIFE_EVERY
            elif now >= sign_of_life_at:
                yield ": here\n\n"
                sign_of_life_at = now + SIGN_OF_LIFE_EVERY
    finally:
        if has_place:
            _places.release()


def _news(search: Search, position: Position, write: Callable[[Event], str]) -> Iterator[str]:
    """The last event of several says where to go on, so that a connection lost in between loses none."""
    found = news(search, position)
    for event in found:
        place = f"id: {position.as_text()}\n" if event is found[-1] else ""
        yield f"{place}event: entry\ndata: {write(event)}\n\n"
