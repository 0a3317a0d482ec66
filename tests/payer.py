"""A buyer who pays again and again, one receiver after the other, whatever happens to the servers meanwhile.

python -m tests.payer PAYMENTS RATE RECEIVER...

A line for each payment: its transaction, the seconds that it took, and when it was committed (time.monotonic()).
"""

import sys
import time
from itertools import cycle

import django
from django.db import InterfaceError, OperationalError, connection

PAYER = "OK100000001"
AMOUNT = "0.50"


def main(payments: int, rate: float, receivers: list[str]) -> None:
    started = time.monotonic()
    for number, receiver in zip(range(payments), cycle(receivers), strict=False):
        time.sleep(max(0, started + number / rate - time.monotonic()))
        transaction, seconds = pay_until_it_works(receiver)
        print(transaction, f"{seconds:.3f} {time.monotonic():.4f}", flush=True)
    # What this process kicks, it kicks from a thread.
    time.sleep(0.2)


def pay_until_it_works(receiver: str) -> tuple[int, float]:
    while True:
        began = time.monotonic()
        try:
            return pay(receiver), time.monotonic() - began
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.1)


def pay(receiver: str) -> int:
    from sandbox import clock
    from wallets import payments
    from wallets.models import Wallet
    from wallets.money import D

    payer = Wallet.objects.select_related("account__sandbox").get(id=PAYER)
    now = clock.now(payer.account.sandbox)
    return payments.send_money(payer=payer, receiver=receiver, currency="USD", amount=D(AMOUNT), now=now).id


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
