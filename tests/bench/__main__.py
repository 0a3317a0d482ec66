"""The benchmarks: each figure beside its reference, measured in the same run, for the ratio is what travels.

    python -m tests.bench [pages] [soap_cpu] [sandboxes] [send_money] [history] [deliveries]

SCALE=0.1 makes a tenth of the calls, payments and messages: quicker, and only good to see that all works.
"""

import importlib
import os
import sys
import time
from datetime import date

from okpay_gateway.processes import stopping_by_signal
from tests.bench import surroundings, table

# In this order: what comes first wants a database in which little has happened, and the others leave millions of rows.
BENCHMARKS = ("pages", "soap_cpu", "sandboxes", "send_money", "history", "deliveries")
BUSY = 2.0  # load; above it something else takes part in the measurement


def main(chosen: list[str]) -> int:
    if unknown := set(chosen).difference(BENCHMARKS):
        sys.exit(f"There is no {', '.join(sorted(unknown))}, only {', '.join(BENCHMARKS)}.")
    scale = _scale()
    started = time.monotonic()
    print(_conditions(scale), flush=True)
    rows: list[table.Row] = []
    finished = False
    with stopping_by_signal(), surroundings.servers() as var:
        for name in sorted(chosen or BENCHMARKS, key=BENCHMARKS.index):
            print(f"... {name}", file=sys.stderr, flush=True)
            rows += importlib.import_module(f"tests.bench.{name}").run(var, scale)
        finished = True
    if rows:
        print(table.written(rows))
    if not finished:
        print("Stopped.")
        return 130
    print(f"{time.monotonic() - started:.0f} seconds, of its own and others' work: load {os.getloadavg()[0]:.1f}")
    return 0


def _scale() -> float:
    try:
        scale = float(os.environ.get("SCALE") or 1)
    except ValueError:
        scale = 0
    if not 0 < scale <= 1:
        sys.exit("SCALE must be a number above 0, at most 1.")
    return scale


def _conditions(scale: float) -> str:
    load = os.getloadavg()[0]
    busy = " (busy: other programs take part, measure again)" if load > BUSY else ""
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{date.today()}, {os.cpu_count()} cores, Python {python}, load {load:.1f}{busy}, scale {scale:g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
