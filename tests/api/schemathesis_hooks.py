"""Loaded by schemathesis: what only the server can know, and what shall not leave this machine."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import schemathesis

# Beyond it the web server answers, before anything of ours: 414, in HTML.
LONGEST_QUERY = 7000
KEY = "Idempotency-Key"
# Where the examples' listener is; on a developer's machine that may be somebody. Nobody is at port 9.
LISTENER, NOBODY = "127.0.0.1:9000", "127.0.0.1:9"


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """A cursor is taken from a page; any other is refused, and no document could say which is one."""
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
        if len(urlencode(case.query, doseq=True)) > LONGEST_QUERY:
            case.query.clear()
    if case.meta is not None and case.meta.generation.mode.is_positive:
        for place in (case.query, case.body):
            _with_something_in_it(place)
        # A repeated key gets the first answer, of something that may be gone by now: tests/api/test_idempotency.py.
        if case.headers and KEY in case.headers:
            case.headers[KEY] = str(uuid4())
    if isinstance(case.body, dict) and LISTENER in str(case.body):
        case.body = json.loads(json.dumps(case.body).replace(LISTENER, NOBODY))


def _with_something_in_it(place: Any) -> None:
    """Strings are trimmed, so one of spaces alone is empty. The document says so in words."""
    if isinstance(place, dict):
        for name, value in place.items():
            if isinstance(value, str) and value and not value.strip():
                place[name] = "x"
