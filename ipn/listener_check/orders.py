"""Ask a shop how often it delivered the orders of a Listener Check: whether it ships cannot be seen from outside."""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from ipn import http
from ipn.http import Answer
from ipn.listener_check.facts import LOOK_EVERY, UNREACHABLE, Error, Facts, patience
from ipn.listener_check.stories import BY_KEY
from ipn.models import ListenerCheck

# Where in the orders URL the invoice belongs.
INVOICE = "{invoice}"
Counts = dict[str, tuple[int | None, str]]  # by invoice: how often it was delivered, or why that is not known


def note(check: ListenerCheck, before: Counts) -> None:
    """How often the shop delivered since. One that does it in the background is given some time to."""
    told = [facts for facts in check.facts if not facts["skipped"]]
    deadline = time.monotonic() + patience(check)
    while True:
        counts = count(check, [facts["invoice"] for facts in told])
        for facts in told:
            (earlier, trouble), (now, trouble_now) = before[facts["invoice"]], counts[facts["invoice"]]
            facts["orders_trouble"] = trouble or trouble_now
            facts["shipped"] = None if earlier is None or now is None else now - earlier
        late = [facts for facts in told if (facts["shipped"] or 0) < _ships(facts) and not facts["orders_trouble"]]
        if not check.orders_url or not late or time.monotonic() > deadline:
            return
        time.sleep(LOOK_EVERY)


def _ships(facts: Facts) -> int:
    return BY_KEY[facts["story"]].ships


def count(check: ListenerCheck, invoices: Iterable[str]) -> Counts:
    """What the shop says now, if the check has an address for that."""
    if not check.orders_url:
        return dict.fromkeys(invoices, (None, ""))
    return asyncio.run(_ask_shop(check.orders_url, list(invoices), check.timeout))


async def _ask_shop(url: str, invoices: Sequence[str], timeout: float) -> Counts:
    counts: Counts = {}
    answer = Answer()
    deadline = time.monotonic() + 2 * timeout
    async with http.open_session() as session:
        for invoice in invoices:
            if time.monotonic() > deadline:
                answer = Answer(error=Error.TIMED_OUT, detail=f"all orders took longer than {2 * timeout:g} seconds")
            if answer.error not in UNREACHABLE:  # or the next question would fare no better
                answer = await http.within(timeout, http.get(session, _address(url, invoice)))
            counts[invoice] = _read_count(answer)
    return counts


def _address(url: str, invoice: str) -> str:
    return url.replace(INVOICE, quote(invoice, safe=""))


def _read_count(answer: Answer) -> tuple[int | None, str]:
    """How often an invoice was delivered: a number, or a JSON object with `shipped`; else what is wrong with it."""
    if answer.error:
        return None, answer.detail
    text = answer.response_head.partition("\n\n")[2].strip()
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    count = said.get("shipped") if isinstance(said, dict) else said
    if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
        return count, ""
    return None, f"neither a number nor an object with `shipped`: {text[:100]}"
