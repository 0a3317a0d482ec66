"""The 2015 dialect pays an Invoice to a receiver once: Duplicate_Payment, told before anything else about the payment.

The dialect of the official pages knows no such error; there every call pays, as those pages have it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.db import transaction as database
from django.db.models import Q

from sandbox.locks import key_of
from soapapi.errors import DuplicatePayment
from wallets import parties
from wallets.models import Transaction, Wallet

Status = Transaction.Status


@contextmanager
def per_invoice(payer: Wallet, receiver: str, invoice: str) -> Iterator[None]:
    """What pays goes inside. Of two at once the second waits for how the first ends. Raises DuplicatePayment."""
    if not invoice or settings.API_DIALECT != "2015":
        yield
        return
    with database.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key_of(f"invoice {payer.id} {invoice}")])
        target = parties.find_wallet(receiver, sandbox=payer.account.sandbox)
        paid = (
            Transaction.objects.filter(payer_wallet=payer, invoice=invoice)
            .filter(Q(receiver_wallet=target) if target else Q(receiver_as_sent=receiver))
            .filter(status__in=(Status.COMPLETED, Status.PENDING))
            .first()
        )
        if paid:
            raise DuplicatePayment(None, f"this Invoice was paid to this receiver by transaction {paid.id}")
        yield
